"""AutoML at serving: the value predicted for the target, how sure that is, and why."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

import slipway
from slipway import Answers, Array, Column, Table, UserError

if TYPE_CHECKING:
    from automl_handler import predictor as engine
    from automl_handler.design import Design
    from automl_handler.predictor import Predictor

STORAGE = "mindsdb"
"""The folder of the model that is a MindsDB storage folder."""
_MOST_EXPLAINED = 1_000  # rows of a request, each of which the model answers some hundred times


def cells_of(table: Table, names: Iterable[str]) -> dict[str, Array]:
    """Columns as the engine takes them: dates as datetime64[s], by how training wrote them.

    Raises UserError for a day that is none, and for a list.
    """
    found = {}
    for name in names:
        found[name] = table.times(name) if table.kinds[name] == "time" else table.column(name)
        if isinstance(held := table.cells(name), np.ndarray) and held.dtype == object:
            lists = [row for row, cell in enumerate(held, 1) if isinstance(cell, list)]
            if lists:
                raise UserError("a cell holds a list; expected a text", lists[0], name)
    return found


class Options(slipway.Options):
    """What a request may choose."""

    reply: Literal["data", "sentence", "autopilot"] = "data"
    """data is values, sentence what the older container said, autopilot the keys of SageMaker Autopilot."""
    explain: bool = False
    """Add contributions: how much each cell of the row moved the answer, as Shapley values."""
    level: Annotated[float, Field(ge=0.5, le=0.999)] = 0.9
    """How often the interval of a predicted number is to hold the true one."""
    outputs: tuple[
        Literal[
            "predicted_label",
            "probability",
            "probabilities",
            "labels",
            "prediction",
            "confidence",
            "low",
            "high",
            "explanation",
        ],
        ...,
    ] = ()
    """Answer with these keys alone, Autopilot's in its form; SAGEMAKER_INFERENCE_OUTPUT sets it, too."""
    score: bool = False
    """Add metrics of the answers, in JSON, where the rows have the target among their columns."""
    road: Literal["direct", "mindsdb"] = "direct"
    """mindsdb asks the model through MindsDB, which gives the same answers, later."""


class Model(slipway.Model):
    """A predictor inside a MindsDB storage folder, `storage`, which is kept as it is."""

    options: ClassVar = Options

    def __init__(self, predictor: "Predictor", storage: Path, keep: object = None) -> None:
        self.predictor = predictor
        self.columns = [Column(name=name) for name in predictor.reads]
        self._storage = storage
        self._keep = keep  # what removes the storage once the model is gone

    def keeps(self, options: Options) -> bool:
        """The target is sent beside what is read, where answers are to be scored."""
        return options.score

    def predict(self, table: Table, options: Options) -> Answers:
        """One answer a row, in the form that `reply` says; metrics beside them, where they are asked for."""
        cells = cells_of(table, self.names)
        design = self.predictor.design(cells)
        found = self._answers(cells, design, options)
        extra = None
        if options.score and len(table):
            import reply

            extra = {"metrics": reply.metrics(self.predictor, table.sent, found)}
        return Answers(self._columns(design, found, options), extra=extra)

    def _columns(self, design: "Design", found: "engine.Answers", options: Options) -> dict[str, Array]:
        import reply

        if options.outputs:
            return reply.chosen(options.outputs, self.predictor, design, found)
        if options.reply == "sentence":
            return reply.sentences(self.predictor.problem, found)
        if options.reply == "autopilot":
            return reply.autopilot(self.predictor.problem, found)
        answer = reply.data(self.predictor, design, found)
        if options.explain:
            if len(design) > _MOST_EXPLAINED:
                raise UserError(
                    f"explain=true answers at most {_MOST_EXPLAINED} rows at once, got {len(design)}"
                )
            answer["contributions"] = reply.contributions(self.predictor, design)
        return answer

    def _answers(self, cells: Mapping[str, Array], design: "Design", options: Options) -> "engine.Answers":
        if options.road == "direct" or not len(design):
            return self.predictor.answers(self.predictor.blend(design), options.level)
        from mindsdb_compat import mindsdb
        from pandas import DataFrame

        return mindsdb().answers(self._storage, self.predictor, DataFrame(cells), options.level)

    def save(self, folder: Path) -> None:
        """A MindsDB storage folder: JSON, arrays, the learners' own formats, SQLite; never a pickle."""
        shutil.copytree(self._storage, folder / STORAGE, copy_function=shutil.copyfile)

    @classmethod
    def load(cls, folder: Path) -> Self:
        return cls.of(folder / STORAGE)

    @classmethod
    def of(cls, storage: Path, keep: object = None) -> Self:
        """The model that `storage` holds."""
        from automl_handler.predictor import FILE, Predictor

        found = list(storage.glob(f"content/predictor/*/*/{FILE}"))
        if len(found) != 1:
            raise ValueError(f"{storage} holds {len(found)} models, expected one")
        predictor = Predictor.load(found[0].parent)
        predictor.warm()
        return cls(predictor, storage, keep)
