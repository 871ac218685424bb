"""Imputation: fills the missing cells of a table."""
