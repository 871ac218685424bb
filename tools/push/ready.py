"""What must be true before a push: a clean tree, and an image that was built from it and tested."""

import subprocess
from pathlib import Path

from .engine import LocalImage, inspect
from .failure import PushError


def check(root: Path, name: str, version: str) -> LocalImage:
    """The image that may be pushed. Raises PushError where one may not, and says what to do."""
    revision = _clean_revision(root)
    tag = f"slipway/{name}:{version}"
    image = inspect(tag)
    if image is None:
        raise PushError(f"{tag} is not built; build and test it: make test-containers IMG={name}")
    if image.revision != revision:
        raise PushError(
            f"{tag} was built from {image.revision or 'an unknown commit'}, the tree is at {revision}; "
            f"build and test it again: make test-containers IMG={name}"
        )
    if _tested(root, name) != image.id:
        raise PushError(f"{tag} was not tested since it was built; test it: make test-containers IMG={name}")
    return image


def _clean_revision(root: Path) -> str:
    """The commit that the tree is at, without changes."""
    changed = _git(root, "status", "--porcelain").splitlines()
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise PushError(
            f"the tree is not clean ({changed[0][3:]}{more}); commit or remove what is not committed"
        )
    return _git(root, "rev-parse", "HEAD")


def _tested(root: Path, name: str) -> str:
    """The id of the image that last passed its tests, which the Makefile writes."""
    record = root / ".slipway/tested" / name
    return record.read_text().strip() if record.exists() else ""


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=root, check=True, text=True, capture_output=True)
    except FileNotFoundError:
        raise PushError("cannot run git, which says what is pushed") from None
    except subprocess.CalledProcessError as error:
        raise PushError(f"git {arguments[0]} failed: {error.stderr.strip().splitlines()[-1]}") from None
    return done.stdout.strip()
