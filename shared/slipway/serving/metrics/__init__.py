"""What a container counts and measures while it serves, and the two forms in which that is read."""
