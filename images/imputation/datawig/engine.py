"""Fits a DataWig column: reads the table, searches settings, calibrates and evaluates on held-out rows."""

import threading
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.preprocessing import StandardScaler

from . import evaluation as judge
from . import network
from .column import DataWigColumn, Encoded
from .compat import datawig
from .evaluation import Evaluation
from .parts import TextPart, as_numbers, as_text, concatenated, number_matrix

__all__ = ["DataWigColumn", "Evaluation", "fit"]

# What the older container searched: 8 combinations. The first is what one fit without a search uses.
MAX_TOKENS = [2**15, 2**12, 2**13, 2**14, 2**16, 2**17, 2**18, 2**19]
HELD_OUT = 0.2
# Where a dozen answers are all right, the temperature that fits best makes every answer certain.
CALIBRATED_FROM_ROWS = 30
PARTED_FROM_ROWS = 20

Listener = Callable[[str, float, int, int], None]  # name, value, trial, epoch
_ONE_AT_A_TIME = threading.Lock()  # mxnet's modules and its random numbers belong to one fit


@dataclass(frozen=True, eq=False)
class _TrainingRows:
    """The rows that have a label, and their split into training, validation and test rows."""

    table: pd.DataFrame
    labels: np.ndarray
    label_column: str
    features: dict[str, str]
    learned: np.ndarray
    watched: np.ndarray  # held out for early stopping
    judged: np.ndarray  # held out from that, too, to calibrate and evaluate

    def frame(self) -> tuple[pd.DataFrame, list[str]]:
        matrix = number_matrix(self.table, self.features)
        # A number that no row has cannot be filled by its mean: StandardScaler would make every score NaN.
        matrix[:, np.isnan(matrix[self.learned]).all(axis=0)] = 0.0
        frame = pd.DataFrame(matrix, columns=[f"number{i}" for i in range(matrix.shape[1])])
        texts = {network.TEXT: concatenated(self.table, self.features), network.LABEL: self.labels}
        return frame.assign(**texts), list(frame.columns)


def fit(
    table: pd.DataFrame,
    feature_columns: Sequence[str],
    label_column: str,
    *,
    num_epochs: int = 100,
    batch_size: int = 128,
    hpo: bool | int = False,
    hpo_time_limit_s: float | None = None,
    seed: int = 0,
    time_limit_s: float | None = None,
    calibrate: bool = True,
    on_metric: Listener | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> DataWigColumn:
    """Fits `label_column` on the rows that have a label.

    `hpo` searches (a number: at most so many trials) and begins no trial after `hpo_time_limit_s`.
    `time_limit_s` bounds the training as a whole: the best epoch so far is kept.
    """
    task = _task(table, feature_columns, label_column, seed)
    begin = time.monotonic()
    last_start = begin + (np.inf if hpo_time_limit_s is None else hpo_time_limit_s)

    def spent() -> bool:
        out_of_time = time_limit_s is not None and time.monotonic() - begin >= time_limit_s
        return out_of_time or (should_stop is not None and should_stop())

    candidates = MAX_TOKENS[: len(MAX_TOKENS) if hpo is True else max(1, int(hpo))]
    with _ONE_AT_A_TIME, warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter(
            "ignore"
        )  # datawig's metrics divide by zero on rare classes: nothing a caller could mend
        trials: list[tuple[DataWigColumn, dict[str, Any]]] = []
        vocabulary = np.inf
        for max_tokens in candidates:
            if trials and (spent() or time.monotonic() >= last_start):
                break
            if any(
                min(vocabulary, max_tokens) == min(vocabulary, s["_concat:max_tokens"]) for _, s in trials
            ):
                continue  # no wider than the vocabulary: the same model again

            def on_epoch(name: str, value: float, epoch: int, trial: int = len(trials)) -> None:
                if on_metric is not None:
                    on_metric(name, float(value), trial, epoch)

            setting = network.Setting(max_tokens, num_epochs, batch_size, seed)
            trials.append(_trial(task, setting, calibrate, on_epoch, spent))
            width = max((len(part.terms) for part in trials[-1][0].text), default=0)
            vocabulary = width if width < max_tokens else vocabulary
        column = max(trials, key=lambda trial: trial[1].get("f1_weighted", -trial[1].get("mse", 0.0)))[0]
        trial_scores = pd.DataFrame([scores for _, scores in trials])
        unseen = task.table.iloc[task.judged], task.labels[task.judged]
        return replace(column, report=judge.report(column, *unseen, trial_scores))


def _task(table: pd.DataFrame, feature_columns: Sequence[str], label_column: str, seed: int) -> _TrainingRows:
    names = list(dict.fromkeys(feature_columns))
    absent = [name for name in [*names, label_column] if name not in table.columns]
    if absent:
        raise ValueError(f"The columns {absent} are not in the training data: {list(table.columns)}.")
    if not names or label_column in names:
        raise ValueError(f"feature_columns must name columns other than {label_column!r}; it is {names}.")
    column = table[label_column]
    labels = as_numbers(column) if _is_number(column) else np.array(as_text(column), dtype=object)
    known = ~np.isnan(labels) if labels.dtype == float else labels != ""
    if not known.any():
        raise ValueError(f"label_column {label_column!r} has no value in any of the {len(table)} rows.")
    features = {name: "number" if _is_number(table[name]) else "text" for name in names}
    return _TrainingRows(table[known], labels[known], label_column, features, *_split(labels[known], seed))


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _split(labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Training, validation and test rows; each label has a training row, where datawig may drop them all.

    datawig stops early, calibrates and judges on the same rows, which flatters it. Fewer than 20 are both.
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    first = ~pd.Series(labels[order]).duplicated().to_numpy() & (labels.dtype != float)
    held = order[~first][-max(1, round(HELD_OUT * len(labels))) :]
    if len(held) in (0, len(labels)):  # every label is there once: judge on the rows that were learned
        return order, order, order
    learned = order[~np.isin(order, held)]
    return (learned, held[::2], held[1::2]) if len(held) >= PARTED_FROM_ROWS else (learned, held, held)


def _trial(
    task: _TrainingRows,
    setting: network.Setting,
    calibrate: bool,
    on_epoch: network.EpochListener,
    spent: Callable[[], bool],
) -> tuple[DataWigColumn, dict[str, Any]]:
    begin = time.monotonic()
    frame, numbers = task.frame()
    learned, watched = frame.iloc[task.learned], frame.iloc[task.watched]
    found = network.train(learned, watched, numbers, setting, on_epoch, spent)
    column = _column(task, found)
    seen = column.encode(task.table.iloc[task.learned])
    column = _explained(column, seen)
    facts: dict[str, Any] = {
        "_concat:max_tokens": setting.max_tokens,
        "_concat:tokens": ",".join(part.kind for part in column.text),
        "global:learning_rate": network.LEARNING_RATE,
        "global:weight_decay": network.WEIGHT_DECAY,
        "global:patience": network.PATIENCE,
        "global:num_epochs": setting.num_epochs,
        "global:batch_size": setting.batch_size,
        "epochs": len(found.losses),
    }
    rows, truth = column.encode(task.table.iloc[task.judged]), task.labels[task.judged]
    if column.labels:
        chances = column.probabilities(rows)
        codes = np.array([column.labels.index(label) for label in truth])
        facts["ece_pre_calibration"] = datawig.calibration.compute_ece(chances, codes)
        if calibrate and len(column.labels) > 1 and len(truth) >= CALIBRATED_FROM_ROWS:
            column = replace(column, temperature=judge.temperature(chances, codes))
        facts["ece_post_calibration"] = datawig.calibration.compute_ece(
            chances, codes, column.temperature or 1.0
        )
    scores = judge.scores(column, rows, truth)
    on_learned = judge.scores(column, seen, task.labels[task.learned])
    scores |= {f"{name}_train": value for name, value in on_learned.items()}
    for name, value in scores.items():
        on_epoch(name, value, len(found.losses))
    return column, facts | scores | {"time [min]": (time.monotonic() - begin) / 60}


def _column(task: _TrainingRows, found: network.Network) -> DataWigColumn:
    text = []
    for encoder, weights in zip(found.text, found.weights, strict=True):
        terms = [encoder.idx_to_token[i] for i in range(len(encoder.idx_to_token))]
        none = np.empty((len(terms), 0), np.float32)
        text.append(TextPart(encoder.output_column, terms, encoder.vectorizer.idf_, weights, none))
    column = DataWigColumn(task.label_column, task.features, None, text, found.numbers, found.bias)
    if task.labels.dtype == float:
        scaler = found.label.scaler
        return replace(column, label_mean=scaler.mean_.item(), label_scale=scaler.scale_.item())
    return replace(column, labels=list(found.label.token_to_idx))


def _explained(column: DataWigColumn, seen: Encoded) -> DataWigColumn:
    """Adds datawig's class prototypes: the covariance of each term with the probability of each label."""
    if column.labels is None:
        return column
    chances = StandardScaler().fit_transform(column.probabilities(seen))
    text = []
    for part, rows in zip(column.text, seen.text, strict=True):
        scaled = StandardScaler(with_mean=False).fit_transform(rows.T)
        text.append(replace(part, prototypes=(scaled @ chances).astype(np.float32)))
    return replace(column, text=text)
