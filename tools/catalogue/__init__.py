"""The catalogue: a static site made of what the images say and do."""
