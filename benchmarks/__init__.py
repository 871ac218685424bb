"""Slipway measured beside others; what serves an image is run as `python -m benchmarks.NAME`."""
