"""AutoML in serving: predictions, confidence and explanations."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

import slipway
from slipway import Answers, Array, Column, Table, UserError

from .options import Options

if TYPE_CHECKING:
    from .automl_handler import predictor as engine
    from .automl_handler.features.design import Design
    from .automl_handler.predictor import Predictor

STORAGE = "mindsdb"
"""The subfolder of a saved model that is a MindsDB storage folder."""
_TASKS: Mapping[str, str] = {
    "binary": "binary classification",
    "multiclass": "multiclass classification",
    "regression": "regression",
}
_MAX_EXPLAINED = 1_000  # rows per request, as each takes hundreds of predictions


def cells_of(table: Table, names: Iterable[str]) -> dict[str, Array]:
    """Columns as the engine reads them, dates as datetime64[s] in the format of the training table.

    Raises UserError for an invalid date, and for a list.
    """
    found = {}
    for name in names:
        found[name] = table.times(name) if table.kinds[name] == "time" else table.column(name)
        if isinstance(held := table.cells(name), np.ndarray) and held.dtype == object:
            lists = [row for row, cell in enumerate(held, 1) if isinstance(cell, list)]
            if lists:
                raise UserError("expected a text, got a list", lists[0], name)
    return found


class Model(slipway.Model):
    """A predictor in the MindsDB storage folder `storage`, which is not changed."""

    options: ClassVar = Options

    def __init__(self, predictor: "Predictor", storage: Path, temporary: object = None) -> None:
        self.predictor = predictor
        self.task = _TASKS[predictor.problem.kind]
        self.columns = [Column(name=name) for name in predictor.reads]
        self._storage = storage
        self._temporary = temporary  # removes the storage folder together with the model

    def keeps(self, options: Options) -> bool:
        """The target is needed next to the features if predictions are to be scored."""
        return options.score

    def predict(self, table: Table, options: Options) -> Answers:
        """One prediction per row, in the form of `options.reply`; with `options.score` also metrics.

        Raises UserError for an invalid cell, and for more than 1,000 rows with `options.explain`.
        """
        cells = cells_of(table, self.names)
        design = self.predictor.design(cells)
        found = self._answers(cells, design, options)
        extra = None
        if options.score and len(table):
            from . import response

            extra = {"metrics": response.metrics(self.predictor, table.sent, found)}
        return Answers(self._columns(design, found, options), extra=extra)

    def _columns(self, design: "Design", found: "engine.Predictions", options: Options) -> dict[str, Array]:
        from . import response

        if options.outputs:
            return response.selected(options.outputs, self.predictor, design, found)
        if options.reply == "sentence":
            return response.sentences(self.predictor.problem, found)
        if options.reply == "autopilot":
            return response.autopilot(self.predictor.problem, found)
        answer = response.data(self.predictor, design, found)
        if options.explain:
            if len(design) > _MAX_EXPLAINED:
                raise UserError(
                    f"explain=true accepts at most {_MAX_EXPLAINED} rows per request, got {len(design)}"
                )
            answer["contributions"] = response.contributions(self.predictor, design)
        return answer

    def _answers(
        self, cells: Mapping[str, Array], design: "Design", options: Options
    ) -> "engine.Predictions":
        if options.engine == "direct" or not len(design):
            return self.predictor.answers(design, self.predictor.blend(design), options.level)
        from pandas import DataFrame

        from .mindsdb_compat import mindsdb

        return mindsdb().answers(self._storage, self.predictor, DataFrame(cells), options.level)

    def save(self, folder: Path) -> None:
        """Writes a MindsDB storage folder: JSON, arrays, library formats, SQLite; never a pickle."""
        shutil.copytree(self._storage, folder / STORAGE, copy_function=shutil.copyfile)

    @classmethod
    def load(cls, folder: Path) -> Self:
        return cls.of(folder / STORAGE)

    @classmethod
    def of(cls, storage: Path, temporary: object = None) -> Self:
        """The model in `storage`. Raises ValueError if there is not exactly one."""
        from .automl_handler.predictor import FILE, Predictor

        found = list(storage.glob(f"content/predictor/*/*/{FILE}"))
        if len(found) != 1:
            raise ValueError(f"{storage} holds {len(found)} models, expected one")
        predictor = Predictor.load(found[0].parent)
        predictor.warm()
        return cls(predictor, storage, temporary)
