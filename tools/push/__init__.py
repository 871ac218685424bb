"""Pushes an image that was tested to a registry."""
