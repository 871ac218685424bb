"""One typed table from bytes of any format."""
