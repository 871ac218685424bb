"""The training report of forecasts."""
