"""Cells of a table, and the features made of them."""
