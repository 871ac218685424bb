"""A run of an image on this machine: an /opt/ml tree under .slipway/runs/<image>/, and the verbs over it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from slipway import formats, manifest
from slipway.image import Image
from slipway.paths import Paths
from slipway.serving import nginx

from . import ROOT, layout, process, trained_samples

# For this machine only, unless the environment says otherwise.
_HERE = {"SLIPWAY_BIND_ADDRESS": os.environ.get("SLIPWAY_BIND_ADDRESS", "127.0.0.1")}


class RunError(Exception):
    """Why a command did not do what it was asked, in one line."""


class Run:
    """The last run of one image; the next one takes its place."""

    def __init__(self, folder: Path, root: Path | None = None) -> None:
        self.folder = folder
        self.name = folder.name
        self.sample = folder / "sample"
        self.root = root or ROOT / ".slipway/runs" / self.name
        self.paths = Paths(self.root)

    @property
    def _before(self) -> Path:
        return self.root.with_name(f"{self.root.name}.before")

    @property
    def report(self) -> Path:
        return self.paths.output_data / "report.html"

    @cached_property
    def _channels(self) -> dict[str, list[str]]:
        """Every channel of the image with all the names it goes by, the first required one first."""
        facts = sorted(Image.read(self.folder).channels.items(), key=lambda entry: not entry[1].required)
        return {name: [name, *channel.aliases] for name, channel in facts}

    def lay_out(self, data: Path | None, hyperparameters: Path | None, content_type: str = "") -> None:
        """Makes a new tree: data is linked, not copied; what the run before wrote is put aside."""
        source = (data or self.sample).resolve()
        if not source.exists():
            raise RunError(f"DATA: {data} does not exist")
        if hyperparameters is None and source == self.sample.resolve():
            hyperparameters = self.sample / "hyperparameters.json"
        if hyperparameters is not None and not hyperparameters.is_file():
            raise RunError(f"HP: there is no file {hyperparameters}")
        channels = self._found(source)
        shutil.rmtree(self._before, ignore_errors=True)
        if self.root.exists():
            self.root.rename(self._before)
        try:
            told = {"ContentType": content_type} if content_type else {}
            layout.lay_out(self.root, channels, hyperparameters, link=True, **told)
        except BaseException:
            self._go_back()
            raise

    def _found(self, source: Path) -> dict[str, Path]:
        """The channels in the data of a user: where each one's files are. Raises RunError."""
        names = [name for names in self._channels.values() for name in names]
        folders = sorted(entry for entry in source.iterdir() if entry.is_dir()) if source.is_dir() else []
        channels = [folder for folder in folders if folder.name in names]
        if channels:
            strange = [
                folder.name
                for folder in folders
                if folder not in channels and not folder.name.startswith(".")
            ]
            if strange:
                known = ", ".join(self._channels)
                raise RunError(f"DATA: {strange[0]} is no channel of {self.name}; its channels are {known}")
            return {folder.name: folder for folder in channels}
        return {next(iter(self._channels)): source}

    def command(self, verb: str, **environ: str) -> tuple[list[str], dict[str, str]]:
        """How a verb of the container is started here, and in which environment."""
        return process.command(verb, self.folder, self.root, **{**_HERE, **environ})

    def train(self) -> None:
        """Trains, its log passing by. Raises RunError with the text that the platform would show.

        Where it fails, the model of the run before is there again.
        """
        command, environ = self.command("train")
        code, cause = None, "it ended without a word"
        try:
            code = subprocess.run(command, env=environ, check=False).returncode
        finally:
            if self.paths.failure.exists():
                cause = self.paths.failure.read_text()
            if code == 0:
                shutil.rmtree(self._before, ignore_errors=True)
            else:
                self._go_back()
        if code != 0:
            raise RunError(f"training failed with exit code {code}: {cause}")

    def train_sample(self) -> str:
        """Trains the sample that is laid out, or takes what it gave before; returns the log."""
        try:
            return trained_samples.train_sample(self.folder, self.root, sys.executable)
        except trained_samples.TrainingError as error:
            raise RunError(f"training failed: {error}") from None

    def _go_back(self) -> None:
        if self._before.exists():
            shutil.rmtree(self.root, ignore_errors=True)
            self._before.rename(self.root)

    @contextmanager
    def served(self, say: Callable[[str], None] = print) -> Iterator[int]:
        """Serves on a free port until the block ends; yields the port once /ping answers 200.

        Raises RunError, with the end of the server's log, where that does not happen.
        """
        log = self.root / "serve.log"
        with process.Server.of(self.folder, self.root, log, **_HERE) as server:
            front = (
                "nginx stands in front"
                if nginx.find()
                else "nginx is not installed, so gunicorn itself listens"
            )
            say(f"\nServing on port {server.port}; {front} …")
            try:
                seconds = server.wait_ready()
            except process.NotReadyError as error:
                raise RunError(f"{error}\n({log})") from None
            say(f"Ready after {seconds:.1f} s.")
            yield server.port

    def check_trained(self) -> None:
        """Raises RunError when there is no model to serve."""
        if not (self.paths.model / manifest.FILE).exists():
            raise RunError(f"nothing is trained yet; first: make train IMG={self.name}")


def guess(path: Path) -> str:
    """The media type that a file's ending stands for."""
    found = [codec.media_type for codec in formats.FORMATS if path.name.lower().endswith(codec.suffixes)]
    if not found:
        endings = ", ".join(suffix for codec in formats.FORMATS for suffix in codec.suffixes)
        raise RunError(
            f"TYPE= is needed, as {path.name} ends in none of {endings}; "
            f"it is one of {', '.join(formats.MEDIA_TYPES)}"
        )
    return found[0]
