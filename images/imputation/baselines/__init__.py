"""The engines `mean`, `knn` and their like, from scikit-learn."""
