"""Look for known vulnerabilities in what the image NAME is made of: its Python packages, and Debian's.

Python packages are asked of PyPI by pip-audit, from the lock file. Debian's are asked of the image itself:
an update that waits from the security archive is one. What cannot be asked is an error, never a pass. Exit
code 0: nothing was found; 1: something was; 2: the answer is not known.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from . import ROOT

ACCEPTED = ROOT / "tools/accepted-vulnerabilities.txt"
PENDING = (
    "apt-get update -qq -o APT::Update::Error-Mode=any >&2 && apt-cache policy && apt-get -s dist-upgrade"
)


class UnknownError(Exception):
    """Why there is no answer, in one line."""


def accepted(path: Path = ACCEPTED) -> dict[str, str]:
    """The ids that we have looked at and live with, and why; a line of the file each."""
    lines = (line.partition(" ") for line in path.read_text().splitlines() if not line.startswith("#"))
    return {name: why.strip() for name, _, why in lines if name}


def python_findings(lock: Path) -> list[str]:
    """A line for each vulnerability of what a lock file pins.

    Raises UnknownError where PyPI does not tell.
    """
    command = [sys.executable, "-m", "pip_audit", "--strict", "--disable-pip", "--require-hashes"]
    command += ["--format", "json", "--progress-spinner", "off", "--requirement", str(lock)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except ValueError:
        cause = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise UnknownError(f"pip-audit does not know: {cause}") from None
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    if skipped or not packages:
        raise UnknownError(f"pip-audit skipped {', '.join(skipped) or 'everything'}")
    return [
        f"{package['name']} {package['version']}: {found['id']}, "
        f"mended in {', '.join(found['fix_versions']) or 'no version'}"
        for package in packages
        for found in package["vulns"]
        if not {found["id"], *found["aliases"]} & accepted().keys()
    ]


def debian_findings(image: str) -> list[str]:
    """A line for each security update that the image lacks.

    Raises UnknownError where Debian does not tell.
    """
    docker = os.environ.get("DOCKER", "docker")
    command = [docker, "run", "--rm", "--user", "0", "--entrypoint", "sh", image, "-c", PENDING]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise UnknownError(f"cannot run {docker}") from None
    if done.returncode:
        cause = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise UnknownError(f"Debian's archive could not be asked: {cause}")
    if "l=Debian-Security" not in done.stdout:
        raise UnknownError(f"{image} does not name Debian's security archive among its sources")
    return [
        line for line in done.stdout.splitlines() if line.startswith("Inst ") and "Debian-Security" in line
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description="Look for known vulnerabilities in an image.")
    parser.add_argument("name", help="the image's name, that of its folder in images/")
    name = parser.parse_args().name
    status = 0
    lock = ROOT / "images" / name / "requirements.lock"
    looks: dict[str, Callable[[], list[str]]] = {
        "Python": lambda: python_findings(lock),
        "Debian": lambda: debian_findings(f"slipway/{name}:latest"),
    }
    for what, look in looks.items():
        try:
            found = look()
        except UnknownError as error:
            print(f"audit: {name}: {what}: {error}", file=sys.stderr)
            status = 2
            continue
        print("\n".join(f"audit: {name}: {what}: {line}" for line in found or ["nothing known"]))
        status = max(status, 1 if found else 0)
    return status


if __name__ == "__main__":
    sys.exit(main())
