"""Log lines: one a fact, flushed at once, no tabs (CloudWatch shows them as #011), nothing of a payload."""

import sys


def log(verb: str, text: str) -> None:
    """Writes `slipway <verb>: <text>` to stderr."""
    print(f"slipway {verb}: {text}", file=sys.stderr, flush=True)
