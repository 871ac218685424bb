"""Signs what was pushed and attaches what is known of it, by cosign, as OCI referrers.

The image's manifest stays single, as SageMaker wants it. Nothing goes to a public transparency log, which
would publish the names of private images: a key vouches.
"""

import json
import os
import shlex
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .failure import PushError

# cosign's names of predicates, and the file that `make sbom` or `make vex` writes.
FILES = {"cyclonedx": "cdx.json", "openvex": "openvex.json"}


def sign(
    place: str, key: str, provenance: dict[str, Any], documents: Path, name: str, config: str | None
) -> None:
    """Signs `place` (registry/repository@digest) with `key`; attests its provenance, SBOM and VEX.

    `key` is whatever cosign takes: a file, awskms:///alias/name, env://NAME. `documents` is where `make sbom`
    and `make vex` write; no VEX is there where nothing is accepted. Raises PushError where cosign is missing
    or refuses, or where there is no SBOM.
    """
    found = {kind: documents / f"{name}.{ending}" for kind, ending in FILES.items()}
    if not found["cyclonedx"].exists():
        raise PushError(f"there is no SBOM to attest; write it: make sbom IMG={name}")
    offline = ["--yes", "--key", key, "--tlog-upload=false"]
    with TemporaryDirectory() as folder:
        found["slsaprovenance1"] = Path(folder, "provenance.json")
        found["slsaprovenance1"].write_text(json.dumps(provenance))
        _cosign(["sign", *offline, "--registry-referrers-mode=oci-1-1", place], config)
        for kind, path in found.items():
            if path.exists():
                told = ["--type", kind, "--predicate", str(path)]
                _cosign(["attest", *offline, "--new-bundle-format", *told, place], config)


def _cosign(arguments: list[str], config: str | None) -> None:
    command = [*shlex.split(os.environ.get("COSIGN", "cosign")), *arguments]
    # Referrers by the API of OCI 1.1 are called experimental there.
    env = {**os.environ, "COSIGN_EXPERIMENTAL": "1"} | ({"DOCKER_CONFIG": config} if config else {})
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise PushError(f"cannot run {command[0]}, which signs: apt-get install cosign (Debian 13)") from None
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith(("Error", "error"))]
        cause = (lines or done.stderr.strip().splitlines() or ["no message"])[0]
        raise PushError(f"the image was pushed, but cosign {arguments[0]} failed: {cause}")
