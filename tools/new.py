"""Start another image: NAME becomes images/NAME, a small algorithm that passes every test, to be replaced."""

import argparse
import re
import subprocess
import sys
from pathlib import Path

from . import ROOT

TEMPLATE = ROOT / "tools/template"
NAME = re.compile(r"[a-z][a-z0-9]*")
# `make test-…` and `make check-…` mean something else by these, or .slipway/envs/ does.
TAKEN = {"containers", "faults", "generated", "house", "locks", "shared", "style", "tools", "web"}


def write(name: str, folder: Path) -> None:
    """Copies the template into `folder`, the name filled in."""
    for source in sorted(path for path in TEMPLATE.rglob("*") if path.is_file() and path.suffix != ".pyc"):
        place = str(source.relative_to(TEMPLATE)).replace("test_template", f"test_{name}")
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source.read_text().replace("@NAME@", name))


def left_open(folder: Path) -> list[str]:
    """Where the template's text still says that it is to be replaced: file and line, as image.toml:3."""
    files = (path for kind in ("*.py", "*.toml", "*.md") for path in folder.rglob(kind))
    return [
        f"{path.relative_to(folder)}:{number}"
        for path in sorted(files)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if "to be replaced" in line.lower()
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description="Start another image.")
    parser.add_argument("name", help="one lower-case word, letters and digits")
    name = parser.parse_args().name
    folder = ROOT / "images" / name
    if not NAME.fullmatch(name) or name in TAKEN:
        return _refuse(
            f"an image's name is one lower-case word, letters and digits, and not taken; got {name!r}"
        )
    if folder.exists():
        return _refuse(f"images/{name} exists already")
    write(name, folder)
    print(f"wrote images/{name}; pinning its libraries …", flush=True)
    for command in ([sys.executable, "-m", "tools.lock", "--image", name], ["make", "generate"]):
        if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
            done = f"images/{name} is written, but `{' '.join(command)}` failed"
            return _refuse(f"{done}; then: make lock generate IMG={name}")
    print(f"""
Next:
  make demo IMG={name}     it works already; see how
  make test IMG={name}     the promises it has to keep, and its own tests
  edit images/{name}      predictor.py and train.py first, then the rest; the test names what is left
  make lock generate IMG={name}   after a change of its dependencies, facts or hyperparameters
  CHANGELOG.md            a line on it; the tables of README.md and SECURITY.md are generated""")
    return 0


def _refuse(why: str) -> int:
    print(f"new: {why}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
