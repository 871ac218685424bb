"""Trains one DataWig network: the library's encoders, network, loss and early stop, without its files."""

import contextlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd

from .compat import datawig, mx
from .parts import NGRAMS, NumberPart

LABEL, TEXT, LOSS = "target", "text", "cross-entropy"
LEARNING_RATE, WEIGHT_DECAY, PATIENCE, HIDDEN_UNITS, MAGNITUDE = 4e-3, 0.0, 3, 100, 2.34

# Lazily, Adam would pass over the terms that a batch lacks: not what datawig does with its dense rows.
OPTIMIZER = (("learning_rate", LEARNING_RATE), ("wd", WEIGHT_DECAY), ("lazy_update", False))

EpochListener = Callable[[str, float, int], None]  # name, value, epoch


@dataclass(frozen=True)
class Setting:
    """What one trial is trained with."""

    max_tokens: int
    num_epochs: int
    batch_size: int
    seed: int


@dataclass(frozen=True, eq=False)
class Network:
    """What training found, as datawig's encoders and plain arrays."""

    text: list[Any]  # TfIdfEncoder
    numbers: NumberPart | None
    label: Any  # CategoricalEncoder or NumericalEncoder
    weights: list[np.ndarray]  # of each text encoder: (terms, outputs)
    bias: np.ndarray
    losses: list[float]  # on the held-out rows, one an epoch


class _Watch:
    """Keeps the weights of the best epoch. datawig saves those but goes on with the last: its temperature and
    metrics belong to another model than the one that is loaded later."""

    def __init__(self, module: Any, on_epoch: EpochListener, spent: Callable[[], bool]) -> None:
        self.module, self.on_epoch, self.spent = module, on_epoch, spent
        self.losses: list[float] = []
        self.best: dict[str, np.ndarray] = {}

    def weights(self) -> dict[str, np.ndarray]:
        return {name: array.asnumpy() for name, array in self.module.get_params()[0].items()}

    def epoch_end(self, parameters: Any) -> None:
        loss = dict(parameters.eval_metric.get_name_value())[LOSS]
        if not self.best or loss < min(self.losses):
            self.best = self.weights()
        self.losses.append(loss)
        self.on_epoch("validation_loss", loss, parameters.epoch)
        if self.spent():
            raise StopIteration

    def batch_end(self, _: Any) -> None:
        # datawig could only stop between epochs; at least one batch is always learned.
        if self.spent():
            raise StopIteration


def train(
    learned: pd.DataFrame,
    held_out: pd.DataFrame,
    numbers: list[str],
    setting: Setting,
    on_epoch: EpochListener,
    spent: Callable[[], bool],
) -> Network:
    """Both tables have the columns `text`, `target` and `numbers`; no label is "" or NaN."""
    encoders, featurizers = _inputs(learned, numbers, setting.max_tokens)
    numeric = learned[LABEL].dtype == float
    label = (
        datawig.NumericalEncoder(LABEL)
        if numeric
        else datawig.CategoricalEncoder(LABEL, max_tokens=len(learned))
    )
    label.fit(learned)
    size = min(setting.batch_size, len(learned))
    batches = [
        datawig.iterators.ImputerIterDf(_whole_batches(rows, size), encoders, [label], size)
        for rows in (learned, held_out)
    ]
    mx.random.seed(setting.seed)
    module = _module(batches[0], encoders, featurizers, label)
    watch = _Watch(module, on_epoch, spent)
    with contextlib.suppress(StopIteration):  # datawig's way to stop early
        module.fit(
            *batches,
            eval_metric=datawig.utils.MeanSymbol(LOSS),
            num_epoch=setting.num_epochs,
            initializer=mx.init.Xavier(factor_type="in", magnitude=MAGNITUDE),
            optimizer="adam",
            optimizer_params=OPTIMIZER,
            batch_end_callback=watch.batch_end,
            eval_end_callback=[watch.epoch_end, datawig.utils.LogMetricCallBack([LOSS], patience=PATIENCE)],
        )
    found = watch.best or watch.weights()
    if not all(np.isfinite(array).all() for array in found.values()):
        raise ArithmeticError("DataWig's training diverged: a weight is not a finite number.")
    return _network(encoders, numbers, label, found, watch.losses)


def _inputs(learned: pd.DataFrame, numbers: list[str], max_tokens: int) -> tuple[list[Any], list[Any]]:
    encoders, featurizers = [], []
    for kind in NGRAMS:
        encoder = datawig.column_encoders.TfIdfEncoder(
            [TEXT], kind, max_tokens=max_tokens, tokens=kind, ngram_range=NGRAMS[kind]
        )
        try:
            encoder.fit(learned)
        except ValueError:  # scikit-learn: no such term in any row, as with words of one character
            continue
        encoders.append(encoder)
        featurizers.append(datawig.BowFeaturizer(kind, max_tokens=max_tokens))
    if numbers:
        encoders.append(datawig.NumericalEncoder(numbers, "numbers").fit(learned.copy()))
        featurizers.append(datawig.NumericalFeaturizer("numbers", HIDDEN_UNITS))
    if not encoders:
        raise ValueError(
            "the feature columns are empty in every row that has a label: there is nothing to learn from"
        )
    return encoders, featurizers


def _module(rows: Any, encoders: list[Any], featurizers: list[Any], label: Any) -> Any:
    """The loss of datawig over one product per feature.

    Its own network joins all features in a dense row for each batch, at a cost by the number of terms; the
    function learned is the same.
    """
    widths = [_width(encoder) for encoder in encoders]
    drawn = mx.init.Uniform(math.sqrt(MAGNITUDE / sum(widths)))  # as datawig draws the joined weights

    def scores(data: Any, num_hidden: int, name: str) -> Any:
        del data, name
        products = []
        for featurizer, width in zip(featurizers, widths, strict=True):
            weight = mx.sym.Variable(f"{featurizer.field_name}_out", shape=(width, num_hidden), init=drawn)
            multiply = mx.sym.sparse.dot if featurizer.field_name in NGRAMS else mx.sym.dot
            products.append(multiply(featurizer.latent_symbol(), weight))
        return mx.sym.broadcast_add(
            mx.sym.add_n(*products), mx.sym.Variable("out_bias", shape=(1, num_hidden))
        )

    with patch.object(mx.sym, "FullyConnected", scores):
        return datawig.imputer._MXNetModule([mx.cpu()], [label], featurizers, [])(rows)


def _width(encoder: Any) -> int:
    return len(encoder.vectorizer.vocabulary_) if encoder.output_column in NGRAMS else HIDDEN_UNITS


def _whole_batches(rows: pd.DataFrame, size: int) -> pd.DataFrame:
    """datawig fills the last batch with copies of the last row, which then weighs much; take rows in turn."""
    return rows.iloc[np.arange(-(-len(rows) // size) * size) % len(rows)].reset_index(drop=True)


def _network(
    encoders: list[Any], numbers: list[str], label: Any, found: dict[str, Any], losses: list[float]
) -> Network:
    text = [encoder for encoder in encoders if encoder.output_column in NGRAMS]
    part = None
    if numbers:
        hidden, bias = (
            next(array for name, array in found.items() if name.startswith("numbers_") and name.endswith(end))
            for end in ("_weight", "_bias")
        )
        scaler = encoders[-1].scaler
        part = NumberPart(scaler.mean_, scaler.scale_, hidden.T.copy(), bias, found["numbers_out"])
    weights = [found[f"{encoder.output_column}_out"] for encoder in text]
    return Network(text, part, label, weights, found["out_bias"][0], losses)
