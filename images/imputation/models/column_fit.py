"""Train the model of one column: score learners out of fold, keep those that count."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..confidence.labels import Calibration
from ..confidence.numbers import Residuals
from ..evaluation.scores import ece
from ..features.cells import Floats
from ..features.design import Design
from .choice import chosen, metric, score, usual_answer
from .column_model import ColumnModel
from .fitted_learners import Boost
from .learners import GRAM_ROWS, LEARNERS, Task, fit_boost

FOLDS = 4
TIMES, FEW = 3, 1_000  # of few rows a spare model sees each three times, other cells hidden each time
ASKED = 60  # rows that tell whether a column is crucial
SHIFT = 0.05  # by which the chance of a label changes without one
FEWEST = 20  # observed cells below which only the usual value is safe
LARGE = {
    "fast": 2_000,
    "balanced": 10_000,
    "best": 30_000,
}  # rows above which boosting alone is as good, at a hundredth of the size
WIDE = 30  # features at which so many rows are large; with 200 it is a sixth of the rows
MANY = 20  # labels; with more a forest is too large, and on text ridge is faster than logistic and no worse
DEAR = 500_000  # terms in all rows, times labels: above, on text, logistic regression is not worth its time


@dataclass(frozen=True)
class FittedColumn:
    """A column's model, how sure it is, and how well it did out of fold."""

    model: ColumnModel
    confidence: Calibration | Residuals
    quality: dict[str, Any]


def fit_column(
    design: Design, answers: NDArray[Any], task: Task, late: Callable[[float], bool]
) -> FittedColumn:
    """`answers`: values, or codes (len(labels): something else); `late(seconds)`: no time for that?"""
    started = time.monotonic()
    usual = usual_answer(answers, task.labels)
    scale = 1.0 if task.labels else float(answers.std()) or 1.0
    truth = answers if task.labels else (answers - usual) / scale
    base = usual if task.labels else np.array(0.0)
    rows = np.flatnonzero(answers < task.labels) if task.labels else np.arange(len(answers))
    folds = folds_of(answers, task)
    plain = np.repeat(base[None], len(answers), axis=0)
    tried: dict[str, Floats] = {}
    if not late(0.0) and len(rows) >= FEWEST and len(np.unique(answers[rows])) > 1:
        for name in learners_for(design, len(rows), task):
            guesses = out_of_fold(name, design, truth, folds, task, plain, late, optional=bool(tried))
            if guesses is not None:
                tried[name] = guesses
    weights = chosen(tried, truth, base, task)
    guesses = plain + sum(
        (weight * (tried[name] - plain) for name, weight in weights.items()), np.zeros_like(plain)
    )
    trained = design.take(rows) if weights else design
    parts = {name: LEARNERS[name](trained, truth[rows], task) for name in weights}
    model = ColumnModel(usual, scale, parts, weights)
    if weights and not design.textual and not wide(design, len(rows)) and not late(0.0):
        error = 0.0 if task.labels else scale * float(np.abs(truth - guesses).mean())
        if needed := crucial(model, trained, error):
            model = replace(model, crucial=needed, spare=spare_of(trained, truth[rows], task))
    scores = {name: score(tried[name], truth, task) for name in tried}
    quality = {
        "metric": metric(task),
        "score": score(guesses, truth, task),
        "usual": score(plain, truth, task),
        "learners": scores,
        "weights": weights,
        "rows": len(answers),
    }
    confidence = sureness(guesses if task.labels else usual + scale * guesses, answers, task)
    if isinstance(confidence, Calibration):
        sure = confidence.probabilities(guesses).max(1)
        quality["ece"] = ece(guesses.argmax(1) == answers, sure)
    quality["seconds"] = round(time.monotonic() - started, 3)
    return FittedColumn(model, confidence, quality)


def learners_for(design: Design, rows: int, task: Task) -> list[str]:
    """Which learners are worth trying, quick ones first."""
    small = rows <= LARGE[task.preset] and rows * len(design.keep) <= WIDE * LARGE[task.preset]
    names: list[str] = []
    if not len(design.keep):  # no other column
        return names
    if wide(design, rows):
        return ["linear"]
    if design.textual and task.labels:
        names.append("ridge")
        if len(design.known) <= GRAM_ROWS:
            design.gram  # noqa: B018 (computed now, it is shared by all folds)
    cheap = design.linear.nnz * task.labels <= DEAR if design.textual else small
    if cheap and (task.labels <= MANY or not design.textual):
        names.append("linear")
    if any(column.kind != "text" and column.name != design.target for column in design.source.columns):
        names.append("boost")
        if small and task.labels <= MANY and task.preset != "fast":
            names.append("forest")
    return names


def wide(design: Design, rows: int) -> bool:
    """Whether there are fewer rows than features: too few to grow trees on, and there may be hundreds."""
    return not design.textual and rows < len(design.keep)


def crucial(model: ColumnModel, design: Design, error: float) -> tuple[str, ...]:
    """The columns without which the answer changes by half of its usual error, or the chances by much."""
    others = design.others
    rows = np.unique(np.linspace(0, len(design.known) - 1, ASKED).astype(int))
    with_all = model.predict(design.take(rows))
    without = model.predict(design.each_without(rows, [place for place, _ in others]))
    change = np.abs(without.reshape(len(others), *with_all.shape) - with_all)
    if with_all.ndim == 2:
        change = change.max(axis=2)
    most = error / 2 if with_all.ndim == 1 else SHIFT
    return tuple(name for (_, name), moved in zip(others, change.mean(axis=1), strict=True) if moved > most)


def spare_of(design: Design, answers: NDArray[Any], task: Task) -> Boost:
    """A model of rows that lack what training rows have: learnt from these, cells hidden at random."""
    rng = np.random.default_rng(task.seed)
    times = np.tile(np.arange(len(answers)), TIMES if len(answers) <= FEW else 1)
    return fit_boost(design.frayed(times, rng), answers[times], task)


def out_of_fold(
    name: str, design: Design, answers: NDArray[Any], folds: NDArray[np.int64], task: Task, plain: Floats,
    late: Callable[[float], bool], optional: bool,
) -> Floats | None:  # fmt: skip
    """Predictions of every row by models that did not see it; None when there is no time."""
    guesses = plain.copy()
    trial = replace(task, trial=True)
    slowest = 0.0
    for fold in range(FOLDS):
        if optional and late(slowest * (FOLDS - fold + 1)):
            return None
        started = time.monotonic()
        inside, outside = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        if task.labels:
            inside = inside[answers[inside] < task.labels]
        fitted = LEARNERS[name](design.take(inside), answers[inside], trial)
        if len(outside):
            guesses[outside] = fitted.predict(design.take(outside))
        slowest = max(slowest, time.monotonic() - started)
    return guesses


def folds_of(answers: NDArray[Any], task: Task) -> NDArray[np.int64]:
    """The fold of every row; every label is spread over all folds."""
    order = np.random.default_rng(task.seed).permutation(len(answers))
    if task.labels:
        order = order[np.argsort(answers[order], kind="stable")]
    folds = np.empty(len(answers), np.int64)
    folds[order] = np.arange(len(answers)) % FOLDS
    return folds


def sureness(guesses: Floats, answers: NDArray[Any], task: Task) -> Calibration | Residuals:
    """What to say of a filled cell's chance to be right."""
    return Calibration.fit(guesses, answers) if task.labels else Residuals.fit(guesses, answers, task.seed)
