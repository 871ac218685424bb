"""Forecasts of many time series with prediction intervals."""
