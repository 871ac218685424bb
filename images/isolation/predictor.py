"""All that serving imports: the model, how it answers, how it is saved; scikit-learn is not imported."""

import json
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

import slipway
from slipway import Answers, Array, Column, Table, arrow

from .encoding import Encoding
from .forest import IsolationTrees
from .options import Options


class Model(slipway.Model):
    """Isolation trees, how cells become their numbers, and the score from which on a row is an anomaly."""

    options: ClassVar = Options
    task = "anomaly detection"

    def __init__(self, encoding: Encoding, trees: IsolationTrees, threshold: float) -> None:
        self.columns = [Column(name=name) for name in encoding.columns]
        self.encoding = encoding
        self.trees = trees
        self.threshold = threshold

    def predict(self, table: Table, options: Options) -> Answers:
        """The columns that `options` name, of one entry per row each.

        `score` is what the built-in Random Cut Forest names its answer.
        https://docs.aws.amazon.com/sagemaker/latest/dg/rcf-in-formats.html
        """
        rows = self.encoding.matrix(table)
        threshold = self.threshold if options.threshold is None else options.threshold
        scores = self.trees.scores(rows)
        found: dict[str, Array] = {"score": scores, "anomaly": (scores > threshold).astype(np.int64)}
        if {"reasons", "contributions"} & set(options.outputs):
            contributions = self.contributions(rows)
            if "reasons" in options.outputs:
                found["reasons"] = arrow.objects(self.reasons(table, contributions, options.max_reasons))
            if "contributions" in options.outputs:
                named = [dict(zip(self.names, row, strict=True)) for row in contributions.tolist()]
                found["contributions"] = arrow.objects(named)
        return Answers({name: found[name] for name in options.outputs})

    def contributions(self, rows: Array) -> Array:
        """What each column adds to log2(score), of shape (rows, columns), for rows of the encoding."""
        return self.trees.contributions(rows, self.encoding.groups, len(self.names))

    def reasons(self, table: Table, contributions: Array, most: int) -> list[list[dict[str, Any]]]:
        """The columns that raise the score of each row, at most `most`, the most important first."""
        raising = np.maximum(contributions, 0)
        shares = raising / np.maximum(raising.sum(axis=1, keepdims=True), np.finfo(float).tiny)
        order = np.argsort(-shares, axis=1, kind="stable")[:, :most]
        cells = [table.column(name) for name in self.names]
        return [
            [
                {
                    "column": self.names[place],
                    "share": round(float(shares[row, place]), 4),
                    "value": _plain(cells[place][row]),
                    "typical": self.encoding.typical[self.names[place]],
                }
                for place in places
                if shares[row, place] > 0
            ]
            for row, places in enumerate(order.tolist())
        ]

    def warm(self) -> None:
        self.trees.warm()

    def save(self, folder: Path) -> None:
        """Writes numbers as plain NumPy arrays and the rest as JSON, never a pickle."""
        facts = {
            "encoding": self.encoding.model_dump(mode="json", exclude_defaults=True),
            "threshold": self.threshold,
        }
        (folder / "model.json").write_text(json.dumps(facts, ensure_ascii=False, indent=2) + "\n")
        np.savez(folder / "forest.npz", **self.trees.arrays())

    @classmethod
    def load(cls, folder: Path) -> Self:
        facts = json.loads((folder / "model.json").read_text())
        with np.load(folder / "forest.npz", allow_pickle=False) as stored:
            trees = IsolationTrees.of_arrays(dict(stored))
        return cls(Encoding.model_validate(facts["encoding"]), trees, facts["threshold"])


def _plain(cell: Any) -> Any:
    """A cell as JSON has it, None where it is missing."""
    cell = cell.item() if isinstance(cell, np.generic) else cell
    return None if cell != cell else cell
