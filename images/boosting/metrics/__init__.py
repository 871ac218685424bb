"""Metrics by name, and the functions behind those that scikit-learn does not have."""
