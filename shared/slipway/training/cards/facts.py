"""What is known of a model once it is trained, and how much of that a card may repeat."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from slipway.image import Image
from slipway.manifest import Manifest

METRICS = 50
"""Metrics that SageMaker's cards take; further ones are in report.json."""
HYPERPARAMETERS = 100
COLUMNS = 100
"""Columns that a card lists."""
_TEXT = 120  # characters of a name or a value


class Metric(NamedTuple):
    """A number that training printed."""

    name: str
    value: float
    note: str
    """What it measures, and whether more is better."""


@dataclass(frozen=True)
class Facts:
    """One trained model. Names of columns and counts of rows are in it, and no cell of the data."""

    image: Image
    manifest: Manifest
    task: str = ""
    """`Model.task`."""
    rows: int | None = None
    """Training rows; None where they were not read as one table."""
    missing: Mapping[str, int] | None = None
    """Missing cells of each column that the model reads."""

    @property
    def made_by(self) -> str:
        return f"{self.image.name} {self.image.version}"

    @property
    def metrics(self) -> list[Metric]:
        return [self._metric(*one) for one in list(self.manifest.metrics.items())[:METRICS]]

    @property
    def hyperparameters(self) -> dict[str, str]:
        """As a job is given them: texts, and JSON of all others; long values are cut."""
        given = list(self.manifest.hyperparameters.items())[:HYPERPARAMETERS]
        return {name: _text(value) for name, value in given}

    @property
    def columns(self) -> Iterator[tuple[str, str]]:
        """Name and kind of what the model reads, of the first `COLUMNS`."""
        for column in self.manifest.reads.columns[:COLUMNS]:
            yield shortened(column.name), column.kind or ""

    @property
    def trained_on(self) -> str:
        """How much the training data were, in a sentence."""
        columns = f"{len(self.manifest.reads.columns)} columns read"
        return f"{columns}, {self.rows} training rows." if self.rows is not None else f"{columns}."

    @property
    def limits(self) -> tuple[str, ...]:
        return self.image.listing.limits if self.image.listing else ()

    @property
    def use_cases(self) -> tuple[str, ...]:
        return self.image.listing.use_cases if self.image.listing else ()

    def _metric(self, name: str, value: float) -> Metric:
        declared = self.image.metric(name)
        note = f"{declared.description} {declared.direction}." if declared else ""
        return Metric(name, value, shortened(note))


def shortened(text: str, most: int = _TEXT) -> str:
    """One line of at most `most` characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def _text(value: Any) -> str:
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    return shortened(text) or json.dumps(text)
