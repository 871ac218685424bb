"""One piece of a trial, fitted on a core of any host.

What goes there and comes back are plain values: the handler's modules have other names in MindsDB, which
runs them on the host that leads.
"""

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

from threadpoolctl import threadpool_limits

from .. import scores
from ..features.design import Design
from ..learners import lightgbm
from ..learners.in_logs import in_logs, offset_of
from ..learners.learner import Examples, FittedModel, Task
from ..predictor import KINDS
from ..problem import Problem
from ..types import Floats
from .clock import Clock

TUNING = -1
"""In the place of a fold: the settings are looked for, on the first one."""


class Piece(TypedDict):
    """A fold of a trial, or its tuning; `kind` is the learner's name."""

    trial: int
    fold: int
    kind: str
    settings: dict[str, Any]
    tuned: int
    seconds: float


class Done(TypedDict, total=False):
    """What comes of a piece: settings, a model as the files that it is saved in, or an error."""

    seconds: float
    error: str
    settings: dict[str, Any]
    files: dict[str, bytes]
    answers: Floats


def given(examples: Examples, folds: Any, problem: Problem, seed: int, threads: int) -> dict[str, Any]:
    """The other arguments of `fit`."""
    rows = examples.rows
    return {
        "numbers": rows.numbers,
        "codes": rows.codes,
        "sizes": rows.sizes,
        "terms": rows.terms,
        "target": examples.target,
        "weights": examples.weights,
        "folds": folds,
        "problem": problem.to_dict(),
        "seed": seed,
        "threads": threads,
    }


def fit(
    piece: Piece,
    numbers: Any,
    codes: Any,
    sizes: tuple[int, ...],
    terms: Any,
    target: Floats,
    weights: Floats | None,
    folds: Any,
    problem: dict[str, Any],
    seed: int,
    threads: int,
) -> Done:
    """What comes of a piece within its seconds, by the clock of this host."""
    started = time.monotonic()
    examples = Examples(Design(numbers, codes, sizes, terms), target, weights)
    task = Task(Problem.from_dict(problem), Clock(piece["seconds"]), seed, threads)
    try:
        with threadpool_limits(threads, user_api="blas"):
            found = _tuned(piece, examples, folds, task) if piece["fold"] == TUNING else None
            found = found or _fitted(piece, examples, folds, task)
    except Exception as error:  # a library that cannot handle this table must not end the search
        found = {"error": f"{type(error).__name__}: {str(error)[:200]}"}
    return {**found, "seconds": time.monotonic() - started}


def _tuned(piece: Piece, examples: Examples, folds: Any, task: Task) -> Done:
    return {"settings": tune(examples, folds, task, piece["tuned"], piece["settings"])}


def tune(
    examples: Examples, folds: Any, task: Task, trials: int, settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Settings of LightGBM by the first fold: tuned on AUC, probabilities would go astray.

    In logarithms if `settings` say so.
    """
    if "learner" in settings:
        examples = in_logs(examples, offset_of(examples.target))
    held = folds == 0
    loss = scores.loss(scores.default_metric(task.problem), task.problem)
    return lightgbm.search(examples[~held], examples[held], task, loss, trials)


def _fitted(piece: Piece, examples: Examples, folds: Any, task: Task) -> Done:
    held = folds == piece["fold"]
    out = examples[held]
    model = KINDS[piece["kind"]].fit(examples[~held], out, task, **piece["settings"])
    return {"answers": model.predict(out.rows), "files": _files(model)}


def _files(model: FittedModel) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder))
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def loaded(kind: type[FittedModel], files: Mapping[str, bytes], problem: Problem) -> FittedModel:
    """The model that was saved as `files`."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            Path(folder, name).write_bytes(content)
        return kind.load(Path(folder), problem)
