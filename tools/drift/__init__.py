"""What drift looks like: the answer of GET /drift as a page."""
