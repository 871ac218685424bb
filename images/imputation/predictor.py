"""Imputation at serving: the rows as they were sent, their gaps filled, and how sure each filled cell is."""

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import AliasChoices, Field

import slipway
from slipway import Array, Rows, UserError

if TYPE_CHECKING:
    from imputer import Imputer
    from pandas import DataFrame


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
    """An imputer, and what it takes to read and to write the cells of its columns.

    `whole` are the columns that hold whole numbers only; `missing` are texts that mean a gap.
    """

    options: ClassVar = Options

    def __init__(
        self,
        imputer: "Imputer",
        columns: Sequence[str],
        whole: Collection[str],
        missing: Sequence[str],
        precision_threshold: float | None,
        tolerance: float = 0.0,
    ) -> None:
        self.imputer = imputer
        self.columns = list(columns)
        self.optional = tuple(imputer.targets)
        self.whole = frozenset(whole)
        self.missing = frozenset(missing)
        self.precision_threshold = precision_threshold
        self.tolerance = tolerance

    def predict(self, rows: Rows, options: Options) -> Mapping[str, Array]:
        """Every column that was sent with its gaps filled, then what was filled in; or the older form."""
        import reply

        wanted = options.columns or self.imputer.targets
        unknown = [name for name in wanted if name not in self.imputer.targets]
        if unknown:
            can = ", ".join(self.imputer.targets)
            raise UserError(f'columns: "{unknown[0]}" cannot be filled; the model was trained to fill {can}')
        usual = {"precision_threshold": self.precision_threshold, "tolerance": self.tolerance}
        options = options.model_copy(
            update={name: value for name, value in usual.items() if getattr(options, name) is None}
        )
        table = blanked(rows.table, self.missing)
        if options.answer == "instances":
            if len(wanted) != 1:
                raise UserError(
                    f"answer=instances is of one column, but there are {len(wanted)}; "
                    f"name one with the option columns: {', '.join(wanted)}"
                )
            return reply.instances(self.imputer, table.drop(columns=wanted[0]), wanted[0], options)
        filled = self.imputer.fill(
            table,
            wanted,
            options.precision_threshold,
            options.top_k,
            options.multiple,
            options.explain,
            options.tolerance or 0.0,
        ).cells
        return reply.completed(self.imputer, rows.sent, filled, self.whole, options)

    def envelope_of(self, options: Options) -> str:
        """The older container's answers were called instances."""
        return "instances" if options.answer == "instances" else self.envelope

    def save(self, folder: Path) -> None:
        """JSON, NumPy arrays and LightGBM's own text, never a pickle."""
        facts = {
            "columns": self.columns,
            "whole": sorted(self.whole),
            "missing": sorted(self.missing),
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


def blanked(table: "DataFrame", missing: Collection[str]) -> "DataFrame":
    """`table` with gaps where a text is one of `missing`."""
    if not missing:
        return table
    texts = {name: table[name] for name in table if table[name].dtype == object}
    return table.assign(
        **{name: cells.where(~cells.str.strip().isin(missing), None) for name, cells in texts.items()}
    )
