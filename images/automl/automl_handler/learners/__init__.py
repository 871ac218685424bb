"""The learners that a search tries."""
