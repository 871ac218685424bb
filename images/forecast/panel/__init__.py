"""Many series as flat arrays on one grid of steps, and how rows become them."""
