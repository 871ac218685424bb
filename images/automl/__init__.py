"""AutoML: predicts one column of a table from the others."""
