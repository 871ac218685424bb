"""A table as a value: typed columns, made once of bytes in any format, by one rule, in training and serving."""
