"""@NAME@: bagged least squares, to be replaced."""
