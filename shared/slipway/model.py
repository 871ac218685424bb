"""What an image is: a fitted model as a value."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from slipway.cells import Array
from slipway.hyperparameters import Options
from slipway.rows import Rows


class Model(ABC):
    """A fitted model; subclass it in predictor.py as `Model`. No unfitted one can exist.

    The law of every image: `load(save(model)).predict(rows)` equals `model.predict(rows)`, exactly.
    """

    options: ClassVar[type[Options]] = Options
    """The per-call choices that `predict` takes."""

    envelope: ClassVar[str] = "predictions"
    """What the list of answers is called in JSON."""

    columns: list[str]
    """What `predict` reads, in order."""

    optional: Collection[str] = ()
    """Those of `columns` that a request may leave out; their cells then count as missing."""

    @abstractmethod
    def predict(self, rows: Rows, options: Any) -> Mapping[str, Array]:
        """Named answer columns, each with one entry a row, in the order of the rows."""

    def envelope_of(self, options: Any) -> str:
        """What the list of answers is called in JSON to a request with these options."""
        return self.envelope

    def beside(self, rows: Rows, answers: Mapping[str, Array], options: Any) -> Mapping[str, Any]:
        """What a JSON answer says beside its list of answers; nothing, unless a request asked for more."""
        return {}

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Writes what `load` needs into `folder`, which exists and is empty."""

    @classmethod
    @abstractmethod
    def load(cls, folder: Path) -> Self:
        """Reads what `save` wrote; `folder` may be read-only."""
