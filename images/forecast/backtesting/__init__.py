"""Forecasts of the past, and what is learned from them."""
