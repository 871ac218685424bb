"""Print the images to build as JSON for the CI matrix: each with its name, version and platform.

`--since REV` leaves out the images that nothing has touched since that commit; a change outside images/
touches all, unless it is of documents or benchmarks. `--release TAG` takes the one image that a tag such as
NAME-v1.0.0 names.
"""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from slipway.image import Image

from . import ROOT

ELSEWHERE = ("docs", "benchmarks", "policies")


def images(root: Path = ROOT) -> list[Image]:
    """Every folder of images/ that has an image.toml."""
    return [Image.read(path.parent) for path in sorted(root.glob("images/*/image.toml"))]


def touched(names: Iterable[str], paths: Iterable[str]) -> set[str]:
    """Of the images `names`, those that have to be built and tested again when `paths` have changed."""
    names, found = set(names), set()
    for path in map(PurePosixPath, paths):
        if path.suffix == ".md" or path.parts[0] in ELSEWHERE or path.name == "LICENSE":
            continue
        if path.parts[0] != "images":
            return names
        found.add(path.parts[1])
    return found & names


def changed(root: Path, since: str) -> list[str] | None:
    """The files that differ from the commit `since`; None where there is no such commit."""
    command = ["git", "diff", "--name-only", "--no-renames", since, "HEAD"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    return done.stdout.splitlines() if done.returncode == 0 else None


def released(found: list[Image], tag: str) -> Image:
    """The image that a tag is of. Raises ValueError where it names none, or another version."""
    match = re.fullmatch(r"([a-z][a-z0-9]*)-v(\d+\.\d+\.\d+)", tag)
    image = next((image for image in found if match and image.name == match[1]), None)
    if match is None or image is None:
        raise ValueError(
            f"the tag {tag} releases nothing; expected NAME-vVERSION, such as {found[0].name}-v1.0.0"
        )
    if image.version != match[2]:
        raise ValueError(
            f"the tag {tag} is not of this version: images/{image.name}/image.toml has {image.version}"
        )
    return image


def main() -> int:
    parser = argparse.ArgumentParser(description="Print the images as JSON, for CI.")
    parser.add_argument("--since", help="leave out what nothing has touched since this commit")
    parser.add_argument("--release", help="only the image that this tag releases")
    options = parser.parse_args()
    found = images()
    try:
        if options.release:
            found = [released(found, options.release)]
    except ValueError as error:
        print(f"matrix: {error}", file=sys.stderr)
        return 1
    if options.since and (paths := changed(ROOT, options.since)) is not None:
        wanted = touched([image.name for image in found], paths)
        found = [image for image in found if image.name in wanted]
    rows = [
        {"name": image.name, "version": image.version, "platform": platform}
        for image in found
        for platform in image.platforms
    ]
    print(json.dumps(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
