"""Gradient boosted trees: XGBoost, LightGBM and CatBoost behind one configuration."""
