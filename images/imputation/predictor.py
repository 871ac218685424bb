"""Serving: the rows as sent with their missing cells filled, and the confidence of each filled cell."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import slipway
from slipway import Answers, Column, Table, UserError

from .options import Options

if TYPE_CHECKING:
    from .imputer import Imputer


class Model(slipway.Model):
    """A fitted imputer and the thresholds set in training; `names` are the columns it reads."""

    options: ClassVar = Options
    task = "missing values"

    def __init__(
        self,
        imputer: "Imputer",
        names: Sequence[str],
        precision_threshold: float | None,
        tolerance: float = 0.0,
    ) -> None:
        self.imputer = imputer
        self.columns = [Column(name=name, optional=name in imputer.targets) for name in names]
        self.precision_threshold = precision_threshold
        self.tolerance = tolerance

    def keeps(self, options: Options) -> bool:
        """Observed cells are returned exactly as sent, except in the older answer form."""
        return options.answer == "table"

    def predict(self, table: Table, options: Options) -> Answers:
        """The columns as sent with missing cells filled, then the filled values; or the older answer form.

        Raises UserError for a column that cannot be filled, and for several columns with answer=instances.
        """
        from . import response
        from .postprocessing import FillOptions

        wanted = options.columns or self.imputer.targets
        unknown = [name for name in wanted if name not in self.imputer.targets]
        if unknown:
            can = ", ".join(self.imputer.targets)
            raise UserError(f'columns: "{unknown[0]}" cannot be filled; the model was trained to fill {can}')
        defaults = {"precision_threshold": self.precision_threshold, "tolerance": self.tolerance}
        options = options.model_copy(
            update={name: value for name, value in defaults.items() if getattr(options, name) is None}
        )
        if options.answer == "instances":
            if len(wanted) != 1:
                raise UserError(
                    f"answer=instances returns one column, but {len(wanted)} were requested; "
                    f"name one with the option columns: {', '.join(wanted)}"
                )
            found = response.instances(self.imputer, table, wanted[0], options)
            return Answers(found, envelope="instances")  # as the older container called them
        asked = FillOptions(
            options.precision_threshold,
            options.top_k,
            options.multiple,
            options.explain,
            options.tolerance or 0.0,
            options.interval,
        )
        filled = self.imputer.fill(table, wanted, asked)
        return Answers(response.filled_columns(self.imputer, table, filled, options))

    def save(self, folder: Path) -> None:
        """Writes JSON, NumPy arrays and LightGBM text; no pickles."""
        facts = {
            "names": self.names,
            "precision_threshold": self.precision_threshold,
            "tolerance": self.tolerance,
        }
        (folder / "model.json").write_text(json.dumps(facts, ensure_ascii=False))
        self.imputer.save(folder / "imputer")

    @classmethod
    def load(cls, folder: Path) -> Self:
        from .imputer import Imputer  # and with it pandas and scikit-learn, which only a model needs

        facts = json.loads((folder / "model.json").read_text())
        imputer = Imputer.load(folder / "imputer")
        imputer.warm()
        return cls(imputer, **facts)
