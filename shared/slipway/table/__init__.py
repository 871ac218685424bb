"""A table as a value: typed columns, made once, of bytes in any format, in training and serving alike."""
