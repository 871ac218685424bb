"""How an image was made, as the predicate of a SLSA provenance (https://slsa.dev/spec/v1.0/provenance)."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .engine import LocalImage

BUILD_TYPE = "urn:slipway:make-build:v1"  # docs/build.md
PINS = ("shared/requirements.lock", "shared/installer.lock")


def predicate(
    root: Path, name: str, version: str, image: LocalImage, env: Mapping[str, str] = os.environ
) -> dict[str, Any]:
    """What the tree in `root`, which `image` was built from, and its labels say of the build.

    On GitHub the run is named as builder and invocation; elsewhere no one vouches for the machine, and the
    builder is called local.
    """
    commit: dict[str, Any] = {"digest": {"gitCommit": image.revision}}
    if image.source:
        commit["uri"] = f"git+{image.source}"
    pins = [path for path in (*PINS, f"images/{name}/requirements.lock") if (root / path).exists()]
    run = ""
    if "GITHUB_RUN_ID" in env:
        run = f"{env['GITHUB_SERVER_URL']}/{env['GITHUB_REPOSITORY']}"
    return {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {"image": name, "version": version},
            "resolvedDependencies": [
                commit,
                *(
                    {
                        "name": path,
                        "digest": {"sha256": hashlib.sha256((root / path).read_bytes()).hexdigest()},
                    }
                    for path in pins
                ),
            ],
        },
        "runDetails": {
            "builder": {"id": f"{run}/.github/workflows/images.yml" if run else "local"},
            "metadata": {"invocationId": f"{run}/actions/runs/{env['GITHUB_RUN_ID']}"} if run else {},
        },
    }
