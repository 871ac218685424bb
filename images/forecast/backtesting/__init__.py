"""Backtests, and what is fitted to them."""
