"""Evaluation of imputers: masks, metrics, and a comparison of engines."""
