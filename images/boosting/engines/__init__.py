"""The three engines at training, and what they share."""
