"""A run of an image on this machine: an /opt/ml tree under .slipway/runs/<image>/, and the verbs over it."""

import os
import shutil
import subprocess
import sys
from functools import cached_property
from pathlib import Path

from slipway import manifest
from slipway.image import Image
from slipway.paths import Paths

from . import ROOT


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
        """Makes the tree anew: data is linked, not copied; what the run before wrote is put aside."""
        source = (data or self.sample).resolve()
        if not source.exists():
            raise RunError(f"DATA: {data} does not exist")
        if hyperparameters is None and source == self.sample.resolve():
            hyperparameters = self.sample / "hyperparameters.json"
        if hyperparameters is not None and not hyperparameters.is_file():
            raise RunError(f"HP: there is no file {hyperparameters}")
        shutil.rmtree(self._before, ignore_errors=True)
        if self.root.exists():
            self.root.rename(self._before)
        try:
            self.paths.config.mkdir(parents=True)
            self.paths.channels.mkdir(parents=True)
            if hyperparameters is not None:
                shutil.copyfile(hyperparameters, self.paths.hyperparameters)
            entry = {"TrainingInputMode": "File", **({"ContentType": content_type} if content_type else {})}
            config = dict.fromkeys(self._link(source), entry)
            self.paths.input_data_config.write_text(manifest.as_json(config))
        except BaseException:
            self._go_back()
            raise

    def _link(self, source: Path) -> list[str]:
        """Links the data into the tree; returns the channels."""
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
            for folder in channels:
                self.paths.channel(folder.name).symlink_to(folder)
            return [folder.name for folder in channels]
        first = next(iter(self._channels))
        if source.is_dir():
            self.paths.channel(first).symlink_to(source)
        else:
            self.paths.channel(first).mkdir()
            (self.paths.channel(first) / source.name).symlink_to(source)
        return [first]

    def command(self, verb: str, **environ: str) -> tuple[list[str], dict[str, str]]:
        """How a verb of the container is started here, and in which environment."""
        added = {
            "SLIPWAY_ROOT": str(self.root),
            "SLIPWAY_ALGORITHM": str(self.folder),
            "PYTHONUNBUFFERED": "1",
            **environ,
        }
        return [sys.executable, "-m", "slipway", verb], {**os.environ, **added}

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

    def _go_back(self) -> None:
        if self._before.exists():
            shutil.rmtree(self.root)
            self._before.rename(self.root)

    def check_trained(self) -> None:
        """Raises RunError when there is no model to serve."""
        if not (self.paths.model / manifest.FILE).exists():
            raise RunError(f"nothing is trained yet; first: make train IMG={self.name}")
