"""What this machine lacks to run every test, and the command that brings it: the last lines of `make test`.

Needs the standard library alone.
"""

import os
import shutil
import subprocess
from collections.abc import Callable

_SBIN = "/usr/sbin:/usr/local/sbin:/opt/homebrew/bin"  # where a user's PATH need not look for servers
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """The browser that tests/web takes."""
    return next((path for name in _BROWSERS if (path := shutil.which(name))), None)


def _nginx() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path=_SBIN)


def curl() -> str | None:
    """What the pages' commands are tried with."""
    return shutil.which("curl")


def prometheus() -> str | None:
    """What scrapes the metrics of containers."""
    return shutil.which("prometheus")


def registry() -> str | None:
    """What images are pushed to."""
    return shutil.which("docker-registry")


def _docker() -> str | None:
    """The client, where an engine answers it."""
    client = shutil.which(os.environ.get("DOCKER") or "docker")
    if client is None:
        return None
    done = subprocess.run([client, "info"], capture_output=True, check=False)
    return client if done.returncode == 0 else None


_NEEDED: dict[str, tuple[Callable[[], str | None], str, str]] = {
    "Docker engine": (
        _docker,
        "the containers (make test-containers)",
        "apt-get install docker.io docker-buildx, then start dockerd",
    ),
    "Chromium": (chromium, "pages in a browser (make test-web)", "apt-get install chromium"),
    "nginx": (_nginx, "what nginx itself answers", "apt-get install nginx-light"),
    "curl": (curl, "the printed curl commands", "apt-get install curl"),
    "Prometheus": (prometheus, "metrics as a scraper reads them", "apt-get install prometheus"),
    "registry": (registry, "pushing the images (make test-push)", "apt-get install docker-registry"),
}


def lacking() -> list[str]:
    """A line for each thing that is not there."""
    return [
        f"NOT tested, as there is no {name}: {tests}. To have it: {command}"
        for name, (find, tests, command) in _NEEDED.items()
        if find() is None
    ]


if __name__ == "__main__":
    print(*lacking(), sep="\n", end="\n" if lacking() else "")
