"""The channels of a training job, read into a panel."""
