"""The parts that tests of all images share."""
