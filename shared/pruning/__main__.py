"""python -m pruning SITE MARKER: prunes the libraries in SITE that were installed after the file MARKER.

Each entry of libraries.toml names a library, and what of it goes. Where a library has moved, so that a
pattern finds nothing, the build ends here: look at the new version, and change the entry.
"""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .elf import ElfError, cut

LIST = Path(__file__).with_name("libraries.toml")
ALL = "*"


class PruneError(Exception):
    """A library that is no longer as its entry says, in one line."""


def installed(site: Path, since: float) -> set[str]:
    """The names, normalised, of the libraries in `site` that were put there after `since`."""
    found = [path for path in site.glob("*.dist-info") if path.stat().st_ctime > since]
    return {re.sub(r"[-_.]+", "-", path.name.rpartition("-")[0].rpartition("-")[0]).lower() for path in found}


def prune(site: Path, entries: Mapping[str, Any], names: Iterable[str]) -> None:
    """Removes from `site` what `entries` say of the libraries `names`, and what they say of all.

    Raises PruneError where a library has nothing of what its entry names.
    """
    _remove(site, entries[ALL]["remove"])
    for name in sorted(set(names) & entries.keys()):
        entry = entries[name]
        missing = _remove(site, entry.get("remove", []), entry.get("keep", []))
        if missing:
            raise PruneError(f"{name} has no {', '.join(missing)}; look at its entry in {LIST.name}")


def shrink(site: Path, entries: Mapping[str, Any], names: Iterable[str], objects: Iterable[Path]) -> None:
    """Takes symbol tables, which only debuggers read, out of `objects`, and the sections that `entries` name.

    Wheels' copies of others' libraries are left alone: auditwheel relocated them, and strip has broken such.
    Raises PruneError as `prune` does.
    """
    for path in objects:
        if not path.parent.name.endswith(".libs"):
            subprocess.run(["strip", "--strip-unneeded", "--preserve-dates", str(path)], check=True)
    for name in sorted(set(names) & entries.keys()):
        for file, section in entries[name].get("cut", {}).items():
            try:
                cut(site / file, section)
            except (ElfError, FileNotFoundError) as error:
                raise PruneError(f"{name}: {error}; look at its entry in {LIST.name}") from None


def _remove(site: Path, patterns: Iterable[str], keep: Iterable[str] = ()) -> list[str]:
    """Removes what matches `patterns` but not `keep`; returns the patterns that match nothing."""
    kept = {path for pattern in keep for path in site.glob(pattern)}
    missing = [pattern for pattern in keep if not any(site.glob(pattern))]
    for pattern in patterns:
        paths = [path for path in site.glob(pattern) if path not in kept]
        if not paths:
            missing.append(pattern)
        for path in paths:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    return missing


def shared_objects(site: Path, since: float) -> list[Path]:
    """Those in `site` that were put there after `since`."""
    found = [path for path in site.rglob("*.so*") if re.search(r"\.so(\.\d+)*$", path.name)]
    return sorted(path for path in found if path.is_file() and path.stat().st_ctime > since)


def unlinked(objects: Iterable[Path]) -> list[str]:
    """A line for each of `objects` that asks for a library that is neither of the system nor among them."""
    objects = list(objects)
    ours = {path.name for path in objects}
    lacking = []
    for path in objects:
        told = subprocess.run(["ldd", str(path)], capture_output=True, text=True, check=False)
        found = [line.split()[0] for line in told.stdout.splitlines() if "not found" in line]
        if told.returncode:
            lacking.append(f"{path.name}: {told.stderr.strip()}")
        elif nowhere := [name for name in found if name not in ours]:
            lacking.append(f"{path.name}: {', '.join(nowhere)}")
    return lacking


def main() -> int:
    site, since = Path(sys.argv[1]), Path(sys.argv[2]).stat().st_mtime
    entries, names = tomllib.loads(LIST.read_text()), installed(site, since)
    try:
        prune(site, entries, names)
        objects = shared_objects(site, since)
        shrink(site, entries, names, objects)
        if lacking := unlinked(objects):
            raise PruneError("libraries are missing, of " + "; ".join(lacking))
    except PruneError as error:
        print(f"pruning: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
