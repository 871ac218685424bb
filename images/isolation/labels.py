"""Known anomalies of a channel, and how well scores find them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from slipway import NUMERIC, Array, Channel, Table, UserError, listed
from slipway.kit.columns import require

from .hyperparameters import Hyperparameters
from .predictor import Model
from .sampling import rows

_DEFAULT = "label"
_TRUE = {"1", "true"}
_FALSE = {"0", "false"}
_MEANING = {**dict.fromkeys(_TRUE, 1.0), **dict.fromkeys(_FALSE, 0.0)}


def target_of(channel: Channel, params: Hyperparameters) -> str:
    """The column of a channel with known anomalies; empty if it has none."""
    if params.target:
        return params.target if params.target in channel.names else ""
    return channel.target or (_DEFAULT if _DEFAULT in channel.names else "")


def known(table: Table, name: str, pos_class: str, channel: str) -> Array:
    """1 for an anomaly, 0 for none, NaN for a missing label; float64 of shape (rows,).

    Raises UserError for labels other than 0 and 1 or false and true if `pos_class` does not say which is the
    anomaly.
    """
    texts = [_text(cell) for cell in table.column(name).tolist()]
    seen = {text for text in texts if text is not None}
    if pos_class:
        wanted = _number_text(pos_class)
        return np.array([np.nan if text is None else float(text == wanted) for text in texts])
    found = {text: _MEANING.get(text.lower()) for text in seen}
    if None in found.values():
        raise UserError(
            f"channel {channel}: column {name} has the values {listed(sorted(seen))}; expected 0 and 1, or "
            "false and true. pos_class says which value means an anomaly"
        )
    return np.array([np.nan if text is None else _MEANING[text.lower()] for text in texts])


def labelled(table: Table, name: str, params: Hyperparameters, channel: str) -> tuple[Array, Array]:
    """The places of the rows with a label, and those labels. Raises UserError if there are none."""
    truth = known(table, name, params.pos_class, channel)
    places = np.flatnonzero(~np.isnan(truth))
    if not len(places):
        raise UserError(f"channel {channel}: no row has a value in column {name}")
    return places, truth[places]


def evaluate(model: Model, channel: Channel, train: Channel, params: Hyperparameters) -> "Evaluation":
    """Scores the rows of a channel and compares them with its labels. Raises UserError if it has none."""
    target = target_of(channel, params)
    if not target:
        if params.target:
            require([params.target], channel.names, setting="target", channel=channel.name)
        raise UserError(
            f"channel {channel.name}: no column has known anomalies; name it label, name it in target, or "
            "put it first and give the content type text/csv; label_size=1"
        )
    table = rows(channel, params.seed)
    features = _aligned(table, model, channel, train)
    places, truth = labelled(table, target, params, channel.name)
    scores = model.trees.scores(model.encoding.matrix(features.take(places)))
    return Evaluation(channel.name, truth, scores, model.threshold)


@dataclass(frozen=True)
class Evaluation:
    """Labels and scores of a channel's rows, both of shape (rows,)."""

    channel: str
    truth: Array
    scores: Array
    threshold: float

    @property
    def anomalies(self) -> int:
        """How many rows are known anomalies."""
        return int(self.truth.sum())

    @property
    def both(self) -> bool:
        """Whether there are rows of both classes, without which nothing can be ranked."""
        return 0 < self.anomalies < len(self.truth)

    def metrics(self) -> Mapping[str, float]:
        """By name: roc_auc and average_precision of the scores; f1, precision and recall of the labels."""
        from sklearn.metrics import average_precision_score, precision_recall_fscore_support, roc_auc_score

        precision, recall, f1, _ = precision_recall_fscore_support(
            self.truth, self.scores > self.threshold, average="binary", zero_division=0.0
        )
        found = {"f1": f1, "precision": precision, "recall": recall}
        if self.both:
            found["roc_auc"] = roc_auc_score(self.truth, self.scores)
            found["average_precision"] = average_precision_score(self.truth, self.scores)
        return {f"{self.channel}:{name}": float(value) for name, value in found.items()}


def _aligned(table: Table, model: Model, channel: Channel, train: Channel) -> Table:
    """The columns that the model reads; in order, if neither channel has names and one has its labels first.

    Both are numbered then, and the labels move each column by one.
    """
    moved = channel.target and not train.target and not channel.named and not train.named
    if not moved or len(table.names) != len(train.names) + 1:
        require(model.names, table.names, channel=channel.name)
        return table
    places = [table.names[train.names.index(name) + 1] for name in model.names]
    for name, place in zip(model.names, places, strict=True):
        if (table.kinds[place] in NUMERIC) != (train.kinds[name] in NUMERIC):
            raise UserError(f"channel {channel.name}: give it a header, and the train channel, too")
    columns = [
        column.model_copy(update={"name": name})
        for name, column in zip(model.names, table.select(places).columns, strict=True)
    ]
    return Table(columns, [table.cells(place) for place in places], len(table))


def _text(cell: object) -> str | None:
    if cell is None or cell != cell:
        return None
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _number_text(given: str) -> str:
    """`1.0` and `1` are one label."""
    try:
        return _text(float(given)) or given
    except ValueError:
        return given
