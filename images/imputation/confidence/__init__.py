"""Confidence of filled cells, learned out of fold."""
