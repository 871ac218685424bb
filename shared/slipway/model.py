"""What an image is: a fitted model as a value."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from slipway.cells import Array, Kind
from slipway.hyperparameters import Options
from slipway.rows import Rows


@dataclass(frozen=True)
class Grouped:
    """Answers that are not row by row, as rows belong together: the points of a series, say.

    Each group of rows has one answer or more. That none is left out is checked, so no row is lost.
    """

    columns: Mapping[str, Array]
    """Named answer columns, all of one height."""
    of_rows: Array
    """The group of each row of the request: a whole number."""
    of_answers: Array
    """The group of each answer."""


class Model(ABC):
    """A fitted model; subclass it in predictor.py as `Model`. No unfitted one can exist.

    The law of every image: `load(save(model)).predict(rows)` equals `model.predict(rows)`, exactly.
    """

    options: ClassVar[type[Options]] = Options
    """The per-call choices that `predict` takes.

    One called `outputs`, a list, chooses the answer columns: `predict` gives those and no others, so that a
    model can offer more than it usually answers. SAGEMAKER_INFERENCE_OUTPUT sets it, too.
    """

    envelope: ClassVar[str] = "predictions"
    """What the list of answers is called in JSON."""

    columns: list[str]
    """What `predict` reads, in order."""

    optional: Collection[str] = ()
    """Those of `columns` that a request may leave out; their cells then count as missing."""

    own: Mapping[str, Kind] = {}
    """What those of `columns` hold that the training table does not have: a wide one has no items, say."""

    aliases: Mapping[str, str] = {}
    """Other names that a request may use for `columns`: the name that may come, then the column's."""

    short: Collection[Sequence[str]] = ()
    """Other choices of `columns` that rows without names may hold, told by how many they are."""

    marks: ClassVar[frozenset[str]] = frozenset()
    """The keys by which a JSON document in a form of the image's own is known; `translated` reads it."""

    def translated(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """A document that has all of `marks` in the common form, `{"instances": …, "configuration": …}`.

        Raises UserError where it is not what the form says.
        """
        return document

    @abstractmethod
    def predict(self, rows: Rows, options: Any) -> Mapping[str, Array] | Grouped:
        """Named answer columns, each with one entry a row, in the order of the rows; or groups of them."""

    def groups(self, rows: Rows) -> Array | None:
        """The group of each row, where rows belong together, as a history's do: a whole number.

        None: each row stands by itself. With on_error=record a row that cannot be read spoils its group, and
        no group is cut in two where answers are sent piece by piece.
        """
        return None

    def envelope_of(self, options: Any) -> str:
        """What the list of answers is called in JSON to a request with these options."""
        return self.envelope

    def warm(self) -> None:  # noqa: B027  # most models have nothing to do
        """What a first request would wait for, imports say: run once in each worker, beside pings."""

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
