"""What `serve` does around an image's `predict`."""
