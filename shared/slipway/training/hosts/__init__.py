"""Training on several hosts. Only `standby` is imported without Dask."""
