"""nginx in front: it takes slow clients, large bodies and keep-alive off the workers."""

import resource
import shutil
from importlib.resources import files
from pathlib import Path
from string import Template

from slipway.settings import Settings

SOCKET = "workers.sock"
_CONNECTIONS = 16_384
_SPARE_FILES = 64


def find() -> str | None:
    """The program, which Debian keeps where a user's PATH does not look."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")


def configure(settings: Settings, folder: Path, user: str | None) -> Path:
    """Writes the configuration into `folder`, where nginx then keeps everything that it writes."""
    _, allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    path = folder / "nginx.conf"
    path.write_text(
        Template(files("slipway.serving").joinpath("nginx.conf").read_text()).substitute(
            folder=folder,
            socket=folder / SOCKET,
            address=settings.address,
            port=settings.port,
            user=f"user {user} root;" if user else "",
            connections=max(256, min(_CONNECTIONS, allowed - _SPARE_FILES)),
            max_body=settings.max_body_bytes,
            timeout=f"{settings.request_timeout_s + 10}s",  # the workers give up first, and say why
        )
    )
    return path
