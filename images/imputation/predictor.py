"""Imputation at serving: the rows as they were sent, their gaps filled, and how sure each filled cell is."""

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
    """An imputer, and what it takes to read and to write the cells of its columns, which are `names`."""

    options: ClassVar = Options

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
        """Observed cells come back as they were sent."""
        return options.answer == "table"

    def predict(self, table: Table, options: Options) -> Answers:
        """Every column that was sent with its gaps filled, then what was filled in; or the older form."""
        from . import response
        from .answers import Asked

        wanted = options.columns or self.imputer.targets
        unknown = [name for name in wanted if name not in self.imputer.targets]
        if unknown:
            can = ", ".join(self.imputer.targets)
            raise UserError(f'columns: "{unknown[0]}" cannot be filled; the model was trained to fill {can}')
        usual = {"precision_threshold": self.precision_threshold, "tolerance": self.tolerance}
        options = options.model_copy(
            update={name: value for name, value in usual.items() if getattr(options, name) is None}
        )
        if options.answer == "instances":
            if len(wanted) != 1:
                raise UserError(
                    f"answer=instances is of one column, but there are {len(wanted)}; "
                    f"name one with the option columns: {', '.join(wanted)}"
                )
            found = response.instances(self.imputer, table, wanted[0], options)
            return Answers(found, envelope="instances")  # as the older container called them
        asked = Asked(
            options.precision_threshold,
            options.top_k,
            options.multiple,
            options.explain,
            options.tolerance or 0.0,
            options.interval,
        )
        filled = self.imputer.fill(table, wanted, asked)
        return Answers(response.completed(self.imputer, table, filled, options))

    def save(self, folder: Path) -> None:
        """JSON, NumPy arrays and LightGBM's own text, never a pickle."""
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
