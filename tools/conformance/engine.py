"""Docker, by its command line: containers and volumes that are gone when the tool ends, whatever happens."""

import io
import json
import os
import platform
import subprocess
import tarfile
import threading
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

Tree = Mapping[str, bytes | None]
"""Path: content, or None for a folder."""
LABEL = "slipway.conformance"


class EngineError(Exception):
    """What Docker says it cannot do."""


class Engine:
    """Starts containers, and removes those that it started."""

    def __init__(self, keep: bool = False) -> None:
        self._keep = keep
        self._mark = f"{LABEL}={uuid.uuid4().hex[:12]}"
        self._open = True
        self._made = False
        self._making = threading.Lock()
        # A container's own address shows what its server does; a published port shows Docker's proxy, too.
        self.direct = platform.system() == "Linux" and "DOCKER_HOST" not in os.environ

    def run(self, *arguments: str, sent: bytes | None = None, timeout: float | None = None) -> bytes:
        """Runs the client; returns its output. Raises EngineError, or TimeoutError."""
        try:
            # In a session of its own: Ctrl-C is ours to handle.
            done = subprocess.run(
                ["docker", *arguments],
                input=sent,
                capture_output=True,
                timeout=timeout,
                start_new_session=True,
            )
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"docker {arguments[0]} took more than {timeout:.0f} s") from None
        except FileNotFoundError:
            raise EngineError("there is no `docker` on this machine") from None
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").strip()
            raise EngineError(f"docker {' '.join(arguments[:2])}: {said}")
        return done.stdout

    def text(self, *arguments: str) -> str:
        return self.run(*arguments).decode(errors="replace").strip()

    def inspect(self, image: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run("image", "inspect", image))[0]
        return found

    def create(
        self,
        image: str,
        command: Sequence[str],
        environ: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
    ) -> "Container":
        """A container that is not started yet."""
        settings = [part for name, value in (environ or {}).items() for part in ("--env", f"{name}={value}")]
        return Container(self, self._make("create", *settings, *options, image, *command))

    def volume(self) -> str:
        return self._make("volume", "create")

    def network(self) -> str:
        """A network that leads nowhere."""
        name = f"{self._mark.replace('=', '-')}-{uuid.uuid4().hex[:6]}"
        self._make("network", "create", "--internal", name)
        return name

    def _make(self, *arguments: str) -> str:
        """What is made is marked; once `close` has begun, nothing is made any more."""
        verbs = 1 if arguments[0] == "create" else 2
        with self._making:
            if not self._open:
                raise EngineError("stopped")
            self._made = True
            return self.text(*arguments[:verbs], "--label", self._mark, *arguments[verbs:])

    def close(self) -> None:
        """Removes what is left."""
        with self._making:
            self._open = False
        if self._keep or not self._made:
            return
        mine = ["--filter", f"label={self._mark}", "--quiet"]
        for listed, removal in (
            (["ps", "--all"], ["rm", "--force", "--volumes"]),
            (["volume", "ls"], ["volume", "rm", "--force"]),
            (["network", "ls"], ["network", "rm"]),
        ):
            if found := self.text(*listed, *mine).split():
                self.run(*removal, *found)

    def discard(self, container: str) -> None:
        if not self._keep:
            with suppress(EngineError):  # it is gone already
                self.run("rm", "--force", "--volumes", container)


@dataclass(frozen=True)
class Container:
    """A container, by its id."""

    engine: Engine
    id: str

    def __enter__(self) -> "Container":
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.discard(self.id)

    def put(self, tree: Tree, folder: str) -> None:
        """Writes files below `folder`, which is a volume, readable and writable by all."""
        self.engine.run("cp", "-", f"{self.id}:{folder}", sent=archive(tree))

    def get(self, path: str) -> dict[str, bytes]:
        """The files below `path`, by their path from there; none where there is no such folder."""
        try:
            packed = self.engine.run("cp", f"{self.id}:{path}", "-")
        except EngineError as error:
            if "o such" in str(error) or "ould not find" in str(error):
                return {}
            raise
        with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
            files = [(member.name, tar.extractfile(member)) for member in tar if member.isfile()]
            return {name.partition("/")[2]: file.read() for name, file in files if file}

    def start(self) -> None:
        self.engine.run("start", self.id)

    def wait(self, timeout: float) -> int:
        """The exit code. Raises TimeoutError."""
        return int(self.engine.run("wait", self.id, timeout=timeout))

    def kill(self, signal: str) -> None:
        self.engine.run("kill", "--signal", signal, self.id)

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.engine.run("inspect", "--format", "{{json .}}", self.id))
        return found

    @property
    def running(self) -> bool:
        return bool(self.state()["State"]["Running"])

    def log(self) -> str:
        """Standard output and error, as they came, carriage returns too."""
        done = subprocess.run(
            ["docker", "logs", self.id],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            check=False,
        )
        return done.stdout.decode(errors="replace")

    def read(self, path: str) -> str:
        """A file, by the image's own `cat`; empty where it has none."""
        try:
            return self.engine.text("exec", self.id, "cat", path)
        except EngineError:
            return ""


def archive(tree: Tree) -> bytes:
    """A tar of files and folders that every user may read and write."""
    folders = {path for path, content in tree.items() if content is None}
    for path in tree:
        parts = path.split("/")[:-1]
        folders |= {"/".join(parts[: end + 1]) for end in range(len(parts))}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for path in sorted(folders):
            entry = tarfile.TarInfo(path)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o777
            tar.addfile(entry)
        for path, content in sorted(tree.items()):
            if content is not None:
                entry = tarfile.TarInfo(path)
                entry.size, entry.mode = len(content), 0o666
                tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()
