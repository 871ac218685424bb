"""What an image is: a fitted model as a value."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from slipway.hyperparameters import Options
from slipway.table.arrow import Array
from slipway.table.schema import Column
from slipway.table.table import Table


@dataclass(frozen=True)
class Groups:
    """Which rows of a request belong together, if answers are not row by row, such as points of a series.

    Each group of rows has one answer or more. That none is left out is checked, so no row is lost.
    """

    of_rows: Array
    """The group of each row of the request: a whole number."""
    of_answers: Array
    """The group of each answer."""


@dataclass(frozen=True)
class Outcomes:
    """How far earlier answers were from the true values, as sums, which add up over requests and workers."""

    points: int
    """True values that were compared."""
    sums: Mapping[str, tuple[float, float]]
    """For each of the model's `measures` two sums: the error is the first over the second."""


@dataclass(slots=True)
class Answers:
    """What a model says to a table: named columns, each with one entry per row, in the order of the rows."""

    columns: Mapping[str, Array]
    groups: Groups | None = None
    """Where rows belong together: then the columns have an entry per answer, not per row."""
    extra: Mapping[str, Any] | None = None
    """What a JSON answer contains besides its list of answers, such as metrics."""
    envelope: str = ""
    """What the list of answers is called in JSON, where it is not called as the model usually calls it."""
    outcomes: Callable[[], Outcomes] | None = None
    """Where a request may bring the truth about earlier answers: compares them, and remembers these answers.

    Called at most once, after `predict` and in its thread, and only where drift is watched. What it raises
    goes to the log. An answer is compared with a value once; what is remembered is of bounded size.
    """


class Model(ABC):
    """A fitted model; subclass it in predictor.py as `Model`. No unfitted one can exist.

    The law of every image: `load(save(model)).predict(table)` equals `model.predict(table)`, exactly. A table
    of no rows gives the same columns, of no entries.
    """

    options: ClassVar[type[Options]] = Options
    """The per-call choices that `predict` takes.

    One called `outputs`, a list, chooses the answer columns: `predict` gives those and no others, so that a
    model can offer more than it usually answers. SAGEMAKER_INFERENCE_OUTPUT sets it, too.
    """

    envelope: ClassVar[str] = "predictions"
    """What the list of answers is called in JSON."""

    task: str = ""
    """The problem that the model solves, as model cards name it: "binary classification", "multiclass
    classification", "regression", "ranking", "clustering", "anomaly detection", "forecasting", …"""

    measures: ClassVar[Mapping[str, str]] = {}
    """The error measures that `Answers.outcomes` gives, at most four; for each the metric of training that it
    is to be compared with, empty where there is none."""

    columns: Sequence[Column]
    """What `predict` reads, in order. What a column holds is taken from the training table; of those that it
    does not have, the model says the `kind`."""

    layouts: Sequence[Sequence[str]] = ()
    """Other choices of `columns` that rows without names may hold, told by how many they are."""

    @abstractmethod
    def predict(self, table: Table, options: Any) -> Answers:
        """Answers each row of `table`, which has exactly `columns`.

        Raises UserError, with the row, for one that cannot be answered, RowErrors for several.
        """

    def keeps(self, options: Any) -> bool:
        """Whether `predict` wants every column as it came, in `table.sent`: to return it."""
        return False

    def groups(self, table: Table) -> Array | None:
        """The group of each row, where rows belong together, as a history's do: a whole number.

        None: each row stands by itself. With on_error=record a row that cannot be read spoils its group, and
        no group is cut in two where answers are sent piece by piece. Cells that cannot be read are missing.
        """
        return None

    def warm(self) -> None:  # noqa: B027  # most models have nothing to do
        """What a first request would wait for, such as imports. Runs once in each worker."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Writes what `load` needs into `folder`, which exists and is empty."""

    @classmethod
    @abstractmethod
    def load(cls, folder: Path) -> Self:
        """Reads what `save` wrote; `folder` may be read-only."""

    @property
    def names(self) -> list[str]:
        """What `columns` are called."""
        return [column.name for column in self.columns]
