"""Pretrained models, read from files of weights and run by NumPy."""
