"""Imputation at serving: the rows as they were sent, their gaps filled, and how sure each filled cell is."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import AliasChoices, Field

import slipway
from slipway import Answers, Column, Table, UserError

if TYPE_CHECKING:
    from imputer import Imputer


class Options(slipway.Options):
    """What a request may choose."""

    columns: Annotated[tuple[str, ...], Field(validation_alias=AliasChoices("columns", "label_column"))] = ()
    """The columns to fill; all that the model can fill when empty."""
    precision_threshold: Annotated[float, Field(ge=0, le=1)] | None = None
    """Leave a cell empty when cells as sure were right less often than this; else as in training."""
    tolerance: Annotated[float, Field(ge=0, le=100)] | None = None
    """How far off a number or date may be and still be right, in standard deviations; else as in training."""
    top_k: Annotated[int, Field(ge=0, le=200)] = 0
    """How many labels to give with their probabilities, likeliest first, for each filled cell."""
    interval: bool = False
    """Give the ends of a 90 % interval for each filled number or date."""
    multiple: Annotated[int, Field(ge=0, le=100)] = 0
    """How many random draws to give for each filled cell, for multiple imputation."""
    explain: bool = False
    """Say which other cells, and which words of a text, spoke for each filled cell; engine auto only."""
    marks: bool = True
    """Say in columns of their own what was filled and how sure; without them there is the table alone."""
    answer: Literal["table", "instances"] = "table"
    """table is the rows with their gaps filled; instances is the older container's JSON, for one column."""


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
        import reply
        from answer import Asked

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
            found = reply.instances(self.imputer, table, wanted[0], options)
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
        return Answers(reply.completed(self.imputer, table, filled, options))

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
        from imputer import Imputer  # and with it pandas and scikit-learn, which only a model needs

        facts = json.loads((folder / "model.json").read_text())
        imputer = Imputer.load(folder / "imputer")
        imputer.warm()
        return cls(imputer, **facts)
