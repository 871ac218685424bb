"""Sets with known anomalies, and detectors that score their rows."""
