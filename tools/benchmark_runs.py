"""What the figures of the benchmarks stand on, and what makes them again: benchmarks/runs.toml."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from . import ROOT
from .catalogue.prose import slug
from .tables import table

LIST = ROOT / "benchmarks/runs.toml"
DATA = "DATA"
"""In a command: the folder with the data sets."""
OUT = "OUT"
"""In a command: the file next to which it writes, without an ending."""


class Run(BaseModel):
    """One command, and the figures that it makes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    section: str
    part: str = ""
    image: str = ""
    """Empty for what all images share."""
    command: str
    """After `python -m`."""
    env: str
    requires: tuple[str, ...] = ()
    """What has to be installed in that environment besides."""
    data: str
    seed: str
    budget: str
    errors: str
    versions: str
    measured: str
    """The commit and the date of the figures."""
    cpu_min: Annotated[float, Field(gt=0)]

    @property
    def name(self) -> str:
        return slug(f"{self.section} {self.part}")

    @property
    def needs_data(self) -> bool:
        return any(is_data(word) for word in self.command.split())


def is_data(word: str) -> bool:
    """Whether a word of a command is the folder with the data sets, or one in it."""
    return word.split("/")[0] == DATA


def runs(path: Path = LIST, image: str = "") -> list[Run]:
    """All, or those of one image."""
    found = [Run.model_validate(one) for one in tomllib.loads(path.read_text())["run"]]
    return [run for run in found if image in ("", run.image)]


def overview(found: Sequence[Run]) -> str:
    """The table that says what each figure stands on, as Markdown; its links lead to the sections."""
    header = [
        "image",
        "figures",
        "data",
        "seed",
        "budget",
        "errors",
        "versions",
        "measured",
        "CPU min",
        "command",
    ]
    return table(
        header,
        [
            [
                run.image or "all",
                f"[{run.section}](#{slug(run.section)})" + (f": {run.part}" if run.part else ""),
                run.data,
                run.seed,
                run.budget,
                run.errors,
                run.versions,
                run.measured,
                f"{run.cpu_min:g}",
                f"`{run.command}`",
            ]
            for run in found
        ],
    )
