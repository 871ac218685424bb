"""What every test may use; the pieces are in tests/harness."""

pytest_plugins = ["harness.plugin"]
