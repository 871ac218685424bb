"""Forecasting methods, their ensembles, covariate effects and the calibration of intervals."""
