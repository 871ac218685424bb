"""Checks any image against the contract with SageMaker: a product of its own, for Docker and Python alone."""
