"""What `train` does around an image's `fit`."""
