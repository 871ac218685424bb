"""An image's folder, and what it says of itself in its own environment."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Folder:
    """An image's folder: one of images/, or a broken copy of one."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def python(self) -> Path:
        """Its environment, or the shared layer's for a folder that has none."""
        own = ROOT / ".slipway/envs" / self.name / "bin/python"
        return own if own.exists() else ROOT / ".slipway/envs/shared/bin/python"

    def run(self, *arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        """Runs Python in its environment."""
        added = {"PYTHONPATH": str(ROOT / "shared"), "SLIPWAY_ALGORITHM": str(self.path), **environ}
        assert self.python.exists(), f"there is no environment of {self.name}; make test makes it"
        return subprocess.run(
            [str(self.python), *arguments],
            env={**os.environ, **added},
            capture_output=True,
            text=True,
            check=False,
        )

    @cached_property
    def described(self) -> "subprocess.CompletedProcess[str]":
        return self.run("-m", "slipway", "describe")

    @cached_property
    def facts(self) -> Mapping[str, Any]:
        """What `describe` prints."""
        if self.described.returncode != 0:
            last = (self.described.stderr.strip().splitlines() or ["no message"])[-1]
            pytest.fail(f"{self.name} cannot describe itself: {last}", pytrace=False)
        found: Mapping[str, Any] = json.loads(self.described.stdout)
        return found

    @cached_property
    def modules(self) -> list[Path]:
        """Its own code, packages included, without tests."""
        found = [*self.path.glob("*.py"), *self.path.glob("[!.]*/**/*.py")]
        return sorted(path for path in found if "tests" not in path.relative_to(self.path).parts)


@cache
def folder_of(name: str) -> Folder:
    return Folder(Path(name).resolve() if "/" in name else ROOT / "images" / name)
