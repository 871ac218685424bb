"""Reads the channels of a training job into a panel."""
