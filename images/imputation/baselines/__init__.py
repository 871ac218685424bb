"""The baseline engines: mean, median, mode, knn, iterative, missforest."""
