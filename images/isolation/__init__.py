"""The isolation image: anomaly scores from an isolation forest, with the columns that explain them."""
