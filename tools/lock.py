"""Pin every dependency, with hashes: the shared layer, what each image adds to it, the tests, the tools.

Each pin that still fits is kept; `--upgrade` looks for newer ones; `--check` changes nothing and compares.
One file serves Python 3.11 and newer on any platform, so a laptop and the container agree.
"""

import argparse
import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from . import ROOT

UV = os.environ.get("UV") or shutil.which("uv") or str(ROOT / ".slipway/uv/bin/uv")
HEADER = "# Written by `make lock`; do not edit.\n"
UNIVERSAL = ["--universal", "--python-version", "3.11", "--fork-strategy", "fewest", "--generate-hashes"]


def blocks(lock: str) -> dict[str, str]:
    """The pins of a lock file by package: a requirement with its hashes, or several, by platform."""
    found: dict[str, str] = {}
    for block in re.split(r"\n(?=\S)", lock):
        if match := re.match(r"[a-z0-9][a-z0-9._-]*", block):
            found[match[0]] = found.get(match[0], "") + block.rstrip() + "\n"
    return found


def solve(sources: list[str], extra: list[str], prefer: dict[str, str], *flags: str) -> str:
    """The full closure of `sources` and `extra`; a version in `prefer` is kept wherever it can be."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "requirements.lock")
        output.write_text("".join(prefer.values()))
        command = [UV, "pip", "compile", "--quiet", "--no-header", "--no-annotate", *UNIVERSAL, *flags]
        subprocess.run(
            [*command, "--output-file", str(output), *sources, *(["-"] if extra else [])],
            cwd=ROOT,
            check=True,
            input="\n".join(extra),
            text=True,
            stdout=subprocess.DEVNULL,
        )
        return HEADER + output.read_text()


def solve_all(upgrade: bool) -> dict[Path, str]:
    """The text that every requirements lock should have."""

    def current(path: Path) -> dict[str, str]:
        return _current(path, upgrade)

    answers: dict[Path, str] = {}
    path = ROOT / "shared/installer.lock"
    answers[path] = solve(["shared/installer.in"], [], current(path))
    path = ROOT / "shared/requirements.lock"
    answers[path] = solve(["shared/pyproject.toml"], [], current(path))
    shared = blocks(answers[path])
    path = ROOT / "tests/requirements.lock"
    answers[path] = solve(["tests/requirements.in"], [], current(path) | shared)
    for name in ("fuzz", "kserve"):
        path = ROOT / f"tests/{name}.lock"
        answers[path] = solve([f"tests/{name}.in"], [], current(path))
    path = ROOT / "tests/sdk3.lock"
    answers[path] = solve(
        ["shared/pyproject.toml", "tests/requirements.in", "tests/sdk3.in"],
        [],
        current(path) | blocks(answers[ROOT / "tests/requirements.lock"]) | shared,
        *("--excludes", "tests/sdk3.excludes"),
    )
    for image in sorted(ROOT.glob("images/*/image.toml")):
        answers[image.with_name("requirements.lock")] = solve_image(image, shared, upgrade)
    return answers


def solve_image(image: Path, shared: dict[str, str], upgrade: bool) -> str:
    """The text that the lock of one image should have, by its image.toml and the pins of the shared layer."""
    facts = tomllib.loads(image.read_text())
    # Shared pins win over the image's former ones, so that the image's layer holds as little as it can.
    prefer = _current(image.with_name("requirements.lock"), upgrade) | shared
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as excluded:
        excluded.write("\n".join(facts.get("excluded", [])))
        excluded.flush()
        left_out = ("--excludes", excluded.name)
        answer = solve(["shared/pyproject.toml"], facts.get("dependencies", []), prefer, *left_out)
    if bare := facts.get("bare"):
        answer += solve([], bare, prefer, "--no-deps").removeprefix(HEADER)
    # A permission in the lock file itself, which every installer of it reads.
    permissions = "".join(f"--no-binary {name}\n" for name in facts.get("built", []))
    return HEADER + permissions + answer.removeprefix(HEADER)


def _current(path: Path, upgrade: bool) -> dict[str, str]:
    return {} if upgrade or not path.exists() else blocks(path.read_text())


def _solved(options: argparse.Namespace) -> dict[Path, str]:
    """What is asked for: the lock of one image by the shared layer's pins as they are, or all of them."""
    if options.image:
        image = ROOT / "images" / options.image / "image.toml"
        shared = blocks((ROOT / "shared/requirements.lock").read_text())
        return {image.with_name("requirements.lock"): solve_image(image, shared, options.upgrade)}
    answers = solve_all(options.upgrade)
    mode = ["--check"] if options.check else ["--quiet", *(["--upgrade"] if options.upgrade else [])]
    subprocess.run([UV, "lock", "--no-progress", *mode], cwd=ROOT, check=True)
    return answers


def main() -> int:
    parser = argparse.ArgumentParser(description="Pin every dependency, with hashes.")
    parser.add_argument("--check", action="store_true", help="change nothing; fail if one is out of date")
    parser.add_argument("--upgrade", action="store_true", help="look for newer versions")
    parser.add_argument("--image", metavar="NAME", help="the lock file of one image alone")
    options = parser.parse_args()
    try:
        answers = _solved(options)
    except FileNotFoundError:
        print(f"lock: cannot run uv ({UV}); `make lock` installs it", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"lock: {' '.join(map(str, error.cmd[:3]))} failed; its own message is above", file=sys.stderr)
        return 1
    stale = {path: text for path, text in answers.items() if not path.exists() or path.read_text() != text}
    for path, text in stale.items():
        name = str(path.relative_to(ROOT))
        if options.check:
            before = path.read_text().splitlines() if path.exists() else []
            after = text.splitlines()
            changes = difflib.unified_diff(before, after, name, "as it should be", n=0, lineterm="")
            print("\n".join(line for line in changes if "--hash" not in line))
        else:
            path.write_text(text)
            print(f"wrote {name}")
    if options.check and stale:
        print(f"lock: {len(stale)} lock file(s) out of date; run `make lock`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
