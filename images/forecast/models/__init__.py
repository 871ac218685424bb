"""The methods, their ensembles, and what stretches their intervals."""
