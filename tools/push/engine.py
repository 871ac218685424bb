"""The Docker engine of this machine: what it holds, and how that gets to a registry."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass

from .failure import PushError

REVISION = "org.opencontainers.image.revision"
SOURCE = "org.opencontainers.image.source"
ATTEMPTS = 3  # of an upload; layers that have arrived are not sent again


@dataclass(frozen=True)
class LocalImage:
    """An image of this machine."""

    tag: str
    id: str
    revision: str
    """The commit that it was built from, by its label; "" where it has none."""
    architecture: str
    """As Docker calls it: amd64, arm64."""
    source: str = ""
    """The repository of that commit, by its label; "" where it has none."""


def docker(*arguments: str, config: str | None = None, stdin: str | None = None) -> str:
    """What a Docker command prints. Raises PushError with the last line of its complaint."""
    command = _command(arguments, config)
    try:
        done = subprocess.run(command, check=True, text=True, capture_output=True, input=stdin)
    except FileNotFoundError:
        raise PushError(f"cannot run {command[0]}: is Docker installed?") from None
    except subprocess.CalledProcessError as error:
        raise PushError(f"docker {arguments[0]} failed: {_cause(error.stderr)}") from None
    return done.stdout.strip()


def inspect(tag: str) -> LocalImage | None:
    """The image called `tag`; None where this machine has none."""
    try:
        found = json.loads(docker("image", "inspect", tag))[0]
    except PushError as error:
        if "no such image" in str(error).lower():
            return None
        raise
    labels = (found["Config"] or {}).get("Labels") or {}
    return LocalImage(
        tag, found["Id"], labels.get(REVISION, ""), found["Architecture"], labels.get(SOURCE, "")
    )


def upload(image: LocalImage, remote: str, config: str | None, pause: float = 2.0) -> str:
    """Pushes `image` as `remote` and answers its digest. Docker's progress goes to stderr.

    A push that breaks is taken up again, `pause` seconds later and then twice that. Raises PushError when it
    breaks for the third time: what has arrived stays in the registry, so the same command goes on from there.
    """
    docker("tag", image.id, remote)
    try:
        for attempt in range(1, ATTEMPTS + 1):
            cause = _push(remote, config)
            if cause is None:
                return _digest(remote)
            if attempt == ATTEMPTS or _is_refusal(cause):
                raise PushError(f"docker push failed: {cause}")
            print(f"push: broken off ({cause}); trying again", file=sys.stderr)
            time.sleep(pause * attempt)
        raise AssertionError("unreachable")
    finally:
        docker("image", "rm", "--no-prune", remote)


def _push(remote: str, config: str | None) -> str | None:
    """None when it went well, else the cause."""
    command = _command(("push", remote), config)
    done = subprocess.run(command, stdout=sys.stderr, stderr=subprocess.PIPE, text=True, check=False)
    return None if done.returncode == 0 else _cause(done.stderr)


def _digest(remote: str) -> str:
    repository = remote.rpartition(":")[0]
    known = docker("image", "inspect", "--format", '{{join .RepoDigests "\\n"}}', remote).splitlines()
    return next(name.partition("@")[2] for name in known if name.startswith(f"{repository}@"))


def _is_refusal(cause: str) -> bool:
    """Whether asking again cannot help."""
    return any(word in cause.lower() for word in ("denied", "unauthorized", "authentication", "immutable"))


def _command(arguments: tuple[str, ...], config: str | None) -> list[str]:
    return [os.environ.get("DOCKER", "docker"), *(["--config", config] if config else []), *arguments]


def _cause(stderr: str) -> str:
    return (stderr.strip().splitlines() or ["no message"])[-1]
