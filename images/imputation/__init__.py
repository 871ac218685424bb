"""Imputation: missing cells of a table, filled."""
