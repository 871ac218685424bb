"""What a job tells of its model to those who keep models: cards, and metrics for a registry's entry."""
