"""From rows to trees that were measured: held out once or in folds, and which rows do what."""

import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from slipway import Array, Job, UserError

from . import splits
from .answers import decide, probabilities
from .boosters import Booster
from .data import Data, weighted
from .engines.progress import Watch
from .engines.run import Run
from .features import Features
from .hyperparameters import Hyperparameters
from .metrics import registry
from .metrics.registry import Answers, Measure
from .row_view import View
from .target import Outcome

_THRESHOLDS = 200
THREADED = 5_000  # rows from which on threads gain more than they lose in waiting for one another
_WHERE = re.compile(r"^\S+\.(?:cpp|h|cc|cu):\d+:\s*|^\[[\d:]+\] \S+:\d+:\s*")


@dataclass
class Learnt:
    """Trees, and what is known of them."""

    booster: Booster
    threshold: float
    watch: Watch
    test: Data
    answers: Answers
    """Of the rows measured on."""
    metrics: dict[str, float]
    folds: list[dict[str, float]] = field(default_factory=list)
    """The metrics of each fold, where there are folds."""


@dataclass
class Learner:
    """What all runs of a job share."""

    features: Features
    outcome: Outcome
    params: Hyperparameters
    job: Job
    measures: Mapping[str, Measure]
    ends: float

    def once(self, rest: Data, stop: Data | None, test: Data) -> Learnt:
        """Learns from `rest`, stops by `stop` or by a part of `rest`, measures on `test`."""
        booster, threshold, watch = self.run("trees", rest, stop)
        answers = self.ask(booster, test, threshold)
        learnt = Learnt(booster, threshold, watch, test, answers, self.measured(answers))
        if self.params.refit and not self.job.should_stop():
            whole = join([rest, *([stop] if stop else []), test])
            learnt.booster = self.all_of(whole, booster.trees)
        return learnt

    def in_folds(self, whole: Data) -> Learnt:
        """Measures by cross-validation, and learns from all rows with the median number of trees."""
        found, trees, thresholds, said = [], [], [], []
        curves: Watch | None = None
        rows = whole.parted(self.params, self.outcome)
        for number, (rest, out) in enumerate(
            splits.folds(rows, len(whole), self.params.folds, self.params.seed), 1
        ):
            booster, threshold, watch = self.run(f"fold {number}", whole.take(rest), None)
            answers = self.ask(booster, whole.take(out), threshold)
            found.append(self.measured(answers))
            trees.append(booster.trees)
            thresholds.append(threshold)
            said.append((out, answers))
            curves = curves or watch
            shown = ", ".join(f"{name} {value:.4g}" for name, value in found[-1].items())
            self.job.progress(f"fold {number} of {self.params.folds}: {shown}")
            if self.job.should_stop():
                break
        assert curves is not None
        places = np.concatenate([np.sort(out) for out, _ in said])
        order = np.argsort(places, kind="stable")
        together = _together([answers for _, answers in said], order)
        mean = {name: float(np.mean([fold[name] for fold in found])) for name in self.measures}
        booster = self.all_of(whole, max(1, int(np.median(trees))))
        test = whole.take(places)
        return Learnt(booster, float(np.median(thresholds)), curves, test, together, mean, found)

    def run(self, name: str, rest: Data, stop: Data | None) -> tuple[Booster, float, Watch]:
        """One run of the engine; the threshold, where one is to be chosen, by the rows of early stopping."""
        rounds = self.params.early_stopping_rounds
        chosen = self.params.threshold_metric if len(self.outcome.classes) == 2 else ""
        if stop is None and (rounds or chosen):
            kept, out = splits.hold_out(
                rest.parted(self.params, self.outcome),
                len(rest),
                self.params.validation_size,
                self.params.seed + 1,
                "early stopping",
            )
            rest, stop = rest.take(kept), rest.take(out)
        booster, watch = self._grow(name, rest, stop if rounds else None, self.params.n_estimators, rounds)
        ended = f": {watch.ended_by}" if watch.ended_by else ""
        self.job.progress(f"{name}: {booster.trees} trees of {len(rest)} rows{ended}")
        threshold = self.params.threshold
        if chosen and stop is not None:
            threshold = best_threshold(self.ask(booster, stop, threshold), chosen, self.outcome)
        return booster, threshold, watch

    def all_of(self, whole: Data, trees: int) -> Booster:
        """The same from all rows, with so many trees."""
        booster, _ = self._grow("all rows", whole, None, trees, 0)
        self.job.progress(f"all rows: {booster.trees} trees of {len(whole)} rows")
        return booster

    def ask(self, booster: Booster, data: Data, threshold: float) -> Answers:
        """What the trees say of rows whose truth is known."""
        booster.threads = self.job.cpus if len(data) > THREADED else 1
        score = booster.score(booster.data(data.features))
        booster.threads = 1
        if not self.outcome.classes:
            return Answers(self.outcome, data.target, score, None, score, data.groups)
        probable = probabilities(score)
        labels = decide(probable, threshold)
        return Answers(self.outcome, data.target, labels, probable, probable[:, -1], data.groups)

    def measured(self, answers: Answers) -> dict[str, float]:
        return {name: measure(answers) for name, measure in self.measures.items()}

    def _grow(
        self, name: str, rest: Data, stop: Data | None, trees: int, rounds: int
    ) -> tuple[Booster, Watch]:
        params, outcome = self.params, self.outcome
        watch = Watch(
            self.job, name, f"{name.replace(' ', '-')}-{self._mark(rest, trees)}", rounds, self.ends
        )
        run = Run(
            train=weighted(rest, params, outcome, rest),
            stop=weighted(stop, params, outcome, rest) if stop else None,
            features=self.features,
            outcome=outcome,
            params=params,
            watch=watch,
            threads=self.job.cpus if len(rest) > THREADED else 1,
            trees=trees,
        )
        return asked(params, engine(params.engine), run).reloaded(), watch

    def _mark(self, data: Data, trees: int) -> str:
        """What tells this run from one of other data or another configuration, for its checkpoints."""
        made = json.dumps(
            [
                self.params.model_dump(mode="json"),
                trees,
                len(data),
                float(data.target.sum()),
                self.features.names,
            ]
        )
        return hashlib.sha256(made.encode()).hexdigest()[:12]


def learner(features: Features, outcome: Outcome, params: Hyperparameters, job: Job) -> Learner:
    """What all runs share. Raises UserError for a metric that there is not."""
    if params.threshold_metric:
        registry.named(params.threshold_metric, outcome, "threshold_metric")
        if len(outcome.classes) != 2:
            raise UserError("threshold_metric is for problem=binary")
    ends = float("inf") if params.time_limit_s is None else time.monotonic() + params.time_limit_s
    return Learner(features, outcome, params, job, registry.choose(params.metrics, outcome), ends)


def engine(name: str) -> Callable[[Run], Booster]:
    """The engine's `fit`; only the one that is wanted is imported."""
    if name == "catboost":
        from .engines.catboost import fit
    elif name == "lightgbm":
        from .engines.lightgbm import fit  # type: ignore[assignment]
    else:
        from .engines.xgboost import fit  # type: ignore[assignment]
    return fit


def asked(params: Hyperparameters, fit: Callable[[Run], Booster], run: Run) -> Booster:
    """The engine's trees; what it says of its parameters or the data is the caller's to know."""
    try:
        return fit(run)
    except (UserError, MemoryError):
        raise
    except Exception as error:
        if type(error).__name__ not in {"CatBoostError", "LightGBMError", "XGBoostError"}:
            raise
        said = _WHERE.sub("", str(error).strip().splitlines()[0])
        guilty = next((name for name in params.model_params if name in said), "")
        path = f"model_params.{guilty}: " if guilty else ""
        raise UserError(f"{path}{params.engine}: {said}"[:900]) from None


def best_threshold(answers: Answers, name: str, outcome: Outcome) -> float:
    """The threshold at which the metric is best, between two scores; of equally good ones the middle."""
    measure = registry.named(name, outcome, "threshold_metric")
    scores = np.unique(answers.score)
    if len(scores) > _THRESHOLDS:
        scores = np.unique(np.quantile(answers.score, np.linspace(0, 1, _THRESHOLDS)))
    tried = np.concatenate([scores[:1], (scores[1:] + scores[:-1]) / 2])
    sign = -1 if registry.is_loss(name) else 1
    found = np.array([sign * measure(_decided(answers, threshold)) for threshold in tried])
    best = np.flatnonzero(found == np.nanmax(found))
    return float(tried[best[len(best) // 2]])


def join(pieces: list[Data]) -> Data:
    """Rows of several parts, or of several channels; those of a group one after another."""

    def column(name: str) -> Any:
        found = [getattr(piece, name) for piece in pieces]
        return None if any(one is None for one in found) else np.concatenate(found)

    groups = column("groups")
    whole = Data(
        View.joined([piece.features for piece in pieces]),
        column("target"),
        column("weights"),
        groups,
        column("times"),
    )
    return whole if groups is None else whole.by_group()


def _decided(answers: Answers, threshold: float) -> Answers:
    labels = (answers.score >= threshold).astype(np.int64)
    return Answers(
        answers.outcome, answers.truth, labels, answers.probabilities, answers.score, answers.groups
    )


def _together(pieces: list[Answers], order: Array) -> Answers:
    """The answers of all folds, in the order of their rows."""

    def column(name: str) -> Any:
        found = [getattr(piece, name) for piece in pieces]
        return None if found[0] is None else np.concatenate(found)[order]

    return Answers(
        pieces[0].outcome,
        column("truth"),
        column("labels"),
        column("probabilities"),
        column("score"),
        column("groups"),
    )
