"""What an image says of itself, asked in the environment that `make` keeps for it."""

import json
import os
import subprocess
from collections.abc import Mapping
from typing import Any

from .. import ROOT
from .errors import CommandError


def facts(name: str) -> Mapping[str, Any]:
    """What `describe` prints of the image. Its environment is made where it is missing."""
    python = ROOT / ".slipway/envs" / name / "bin/python"
    if not python.exists():
        _run(["make", "--silent", f"--directory={ROOT}", f".slipway/envs/{name}/.stamp"], name)
    found: Mapping[str, Any] = json.loads(_run([str(python), "-m", "slipway", "describe"], name))
    return found


def _run(command: list[str], name: str) -> str:
    environ = {"PYTHONPATH": str(ROOT / "shared"), "SLIPWAY_ALGORITHM": str(ROOT / "images" / name)}
    done = subprocess.run(command, env={**os.environ, **environ}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise CommandError(f"{name} cannot be described: {last}")
    return done.stdout
