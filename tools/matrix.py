"""Print the images as JSON for the CI matrix: each with its name, version and base (a Debian suite)."""

import json
import os
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def images(root: Path = ROOT) -> list[dict[str, str]]:
    """Every folder of images/ that has an image.toml."""
    usual = os.environ.get("SUITE", "trixie")
    found = []
    for path in sorted(root.glob("images/*/image.toml")):
        facts = tomllib.loads(path.read_text())
        base = facts.get("base", usual)
        found.append({"name": path.parent.name, "version": facts["version"], "base": base})
    return found


if __name__ == "__main__":
    json.dump(images(), sys.stdout)
    print()
