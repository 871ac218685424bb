"""What a maintainer runs: each command is `python -m tools.NAME`, from the root of the repository."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The repository."""
