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
    found: Mapping[str, Any] = json.loads(in_environment(name, ["-m", "slipway", "describe"]))
    return found


def in_environment(name: str, words: list[str]) -> str:
    """What Python prints in the environment of the image called `name`, run with these words."""
    if not (ROOT / "images" / name / "image.toml").is_file():
        raise CommandError(f"there is no image {name} here")
    python = ROOT / ".slipway/envs" / name / "bin/python"
    if not python.exists():
        _run(["make", "--silent", f"--directory={ROOT}", f".slipway/envs/{name}/.stamp"], name)
    return _run([str(python), *words], name)


def _run(command: list[str], name: str) -> str:
    places = os.pathsep.join([str(ROOT), str(ROOT / "shared")])
    environ = {"PYTHONPATH": places, "SLIPWAY_ALGORITHM": str(ROOT / "images" / name)}
    done = subprocess.run(command, env={**os.environ, **environ}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise CommandError(f"the environment of {name} cannot be used: {last}")
    return done.stdout
