"""Fits the model of one column: scores learners out of fold and weights the best ones."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..confidence.labels import LabelConfidence
from ..confidence.missingness import StandIns
from ..confidence.numbers import NumberConfidence
from ..evaluation.scores import ece
from ..features.cells import Floats
from ..features.design import Design
from .choice import default_prediction, metric, score, select_weights
from .column_model import ColumnModel
from .fitted_learners import Boost
from .learners import GRAM_ROWS, LEARNERS, Task, fit_boost
from .relations import find as find_relations
from .rows import Rows

FOLDS = 4
TIMES, FEW = 3, 1_000  # with few rows a fallback model sees each three times, with other cells hidden
PROBED = 60  # rows to test whether a column is crucial
SHIFT = 0.05  # change of a label's probability without a crucial column
FEWEST = 20  # with fewer observed cells the default value is used
LARGE = {
    "fast": 2_000,
    "balanced": 10_000,
    "best": 30_000,
}  # with more rows boosting alone is as good, at a hundredth of the size
WIDE = 30  # the limits above are for 30 features; more features lower them in proportion
MANY = 20  # labels; with more a forest is too large, and on text ridge is faster than logistic and no worse
DEAR = 500_000  # terms in all rows, times labels: above, on text, logistic regression is not worth its time


@dataclass(frozen=True)
class FittedColumn:
    """A column's model, its confidence, and its scores out of fold."""

    model: ColumnModel
    confidence: LabelConfidence | NumberConfidence
    quality: dict[str, Any]


def fit_column(
    design: Design,
    answers: NDArray[Any],
    task: Task,
    out_of_time: Callable[[float], bool],
    alike: StandIns | None = None,
) -> FittedColumn:
    """Fits a column to `answers`: values, or label codes, where len(labels) stands for any other value.

    `out_of_time(seconds)` says whether there are fewer seconds left. Learners and their confidence are judged
    by the rows of `alike`, which are like those with a missing cell; by all rows where it is None.
    """
    started = time.monotonic()
    default = default_prediction(answers, task.labels)
    scale = 1.0 if task.labels else float(answers.std()) or 1.0
    truth = answers if task.labels else (answers - default) / scale
    base = default if task.labels else np.array(0.0)
    rows = np.flatnonzero(answers < task.labels) if task.labels else np.arange(len(answers))
    learnt = Rows.of(design, truth, folds_of(answers, task))
    judged = learnt if alike is None else learnt.standing_in(alike)
    apart = judged if alike is not None and alike.hidden is not None else None
    tried: dict[str, Floats] = {}
    whole: dict[str, Floats] = {}
    if not out_of_time(0.0) and len(rows) >= FEWEST and len(np.unique(answers[rows])) > 1:
        for name in learners_for(design, len(rows), task):
            found = out_of_fold(name, learnt, apart, task, base, out_of_time, optional=bool(tried))
            if found is not None:
                whole[name], hidden = found
                tried[name] = whole[name][judged.places] if hidden is None else hidden
    if apart is None:
        weights = select_weights(tried, judged.truth, base, task)
    else:  # what a learner is worth to rows that have the other columns counts, too
        both = {name: np.concatenate([tried[name], whole[name]]) for name in tried}
        weights = select_weights(both, np.concatenate([judged.truth, truth]), base, task)
    guesses = blended(whole, weights, base, len(answers))
    expected = blended(tried, weights, base, len(judged.truth))
    trained, known = design, truth
    if weights:
        trained, known = learnt.inside(rows, apart, task)
    parts = {name: LEARNERS[name](trained, known, task) for name in weights}
    model = ColumnModel(default, scale, parts, weights)
    if weights and not design.textual and not wide(design, len(rows)) and not out_of_time(0.0):
        error = 0.0 if task.labels else scale * float(np.abs(truth - guesses).mean())
        if needed := crucial(model, trained, error):
            model = replace(model, crucial=needed, fallback=fit_fallback(trained, known, task))
    if not task.labels and weights and not out_of_time(0.0):
        relations, better = find_relations(design, truth, guesses, learnt.folds)
        model = replace(model, relations=tuple(relations))
        if relations:
            whole_row = ~judged.lacking({place for one in relations for place in one.places})
            expected = np.where(whole_row, better[judged.places], expected)
    scores = {name: score(tried[name], judged.truth, task) for name in tried}
    quality = {
        "metric": metric(task),
        "score": score(expected, judged.truth, task),
        "default": score(np.repeat(base[None], len(expected), axis=0), judged.truth, task),
        "learners": scores,
        "weights": weights,
        "rows": len(answers),
        **({} if alike is None else {"alike": len(judged.truth)}),
        **({} if task.labels else {"relations": len(model.relations)}),
    }
    confidence = fit_confidence(
        expected if task.labels else default + scale * expected, answers[judged.places], task
    )
    if isinstance(confidence, LabelConfidence):
        sure = confidence.probabilities(expected).max(1)
        quality["ece"] = ece(expected.argmax(1) == judged.truth, sure)
    quality["seconds"] = round(time.monotonic() - started, 3)
    return FittedColumn(model, confidence, quality)


def blended(guesses: Mapping[str, Floats], weights: Mapping[str, float], base: Floats, count: int) -> Floats:
    """The default plus the weighted changes of the learners."""
    found = np.repeat(base[None], count, axis=0)
    return found + sum(
        (weight * (guesses[name] - found) for name, weight in weights.items()), np.zeros_like(found)
    )


def learners_for(design: Design, rows: int, task: Task) -> list[str]:
    """The learners to score, fast ones first."""
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
    """Whether there are fewer rows than features: too few to grow trees on."""
    return not design.textual and rows < len(design.keep)


def crucial(model: ColumnModel, design: Design, error: float) -> tuple[str, ...]:
    """The columns without which the prediction changes by half its error, or a probability by SHIFT."""
    others = design.others
    rows = np.unique(np.linspace(0, len(design.known) - 1, PROBED).astype(int))
    with_all = model.predict(design.take(rows))
    without = model.predict(design.each_without(rows, [place for place, _ in others]))
    change = np.abs(without.reshape(len(others), *with_all.shape) - with_all)
    if with_all.ndim == 2:
        change = change.max(axis=2)
    most = error / 2 if with_all.ndim == 1 else SHIFT
    return tuple(name for (_, name), moved in zip(others, change.mean(axis=1), strict=True) if moved > most)


def fit_fallback(design: Design, answers: NDArray[Any], task: Task) -> Boost:
    """A model for rows that lack cells which training rows have: learned with such cells hidden at random."""
    rng = np.random.default_rng(task.seed)
    times = np.tile(np.arange(len(answers)), TIMES if len(answers) <= FEW else 1)
    return fit_boost(design.with_hidden_cells(times, rng), answers[times], task)


def out_of_fold(
    name: str, learnt: Rows, apart: Rows | None, task: Task, base: Floats,
    out_of_time: Callable[[float], bool], optional: bool,
) -> tuple[Floats, Floats | None] | None:  # fmt: skip
    """Predictions for every row, and for those `apart`, by models that did not see it; None without time."""
    both = [learnt] if apart is None else [learnt, apart]
    guesses = [np.repeat(base[None], len(one.truth), axis=0) for one in both]
    trial = replace(task, trial=True)
    slowest = 0.0
    for fold in range(FOLDS):
        if optional and out_of_time(slowest * (FOLDS - fold + 1)):
            return None
        started = time.monotonic()
        inside = np.flatnonzero(learnt.folds != fold)
        if task.labels:
            inside = inside[learnt.truth[inside] < task.labels]
        trained, known = learnt.inside(inside, apart, task, fold)
        fitted = LEARNERS[name](trained, known, trial)
        for one, found in zip(both, guesses, strict=True):
            if len(outside := np.flatnonzero(one.folds == fold)):
                found[outside] = fitted.predict(one.design.take(outside))
        slowest = max(slowest, time.monotonic() - started)
    return guesses[0], None if apart is None else guesses[1]


def folds_of(answers: NDArray[Any], task: Task) -> NDArray[np.int64]:
    """The fold of every row, shape (rows,); stratified by label."""
    order = np.random.default_rng(task.seed).permutation(len(answers))
    if task.labels:
        order = order[np.argsort(answers[order], kind="stable")]
    folds = np.empty(len(answers), np.int64)
    folds[order] = np.arange(len(answers)) % FOLDS
    return folds


def fit_confidence(guesses: Floats, answers: NDArray[Any], task: Task) -> LabelConfidence | NumberConfidence:
    """The confidence model of a column, from its out-of-fold predictions."""
    return (
        LabelConfidence.fit(guesses, answers)
        if task.labels
        else NumberConfidence.fit(guesses, answers, task.seed)
    )
