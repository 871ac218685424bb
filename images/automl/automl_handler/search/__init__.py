"""The search: what is tried, in which order, within a time limit."""
