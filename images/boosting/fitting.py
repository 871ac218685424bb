"""From rows to evaluated trees: a hold-out or cross-validation, and which rows are used for what."""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from slipway import Array, Job, UserError

from . import search, splits
from .boosters import Booster
from .data import Data, concatenate, with_weights
from .engines import training
from .engines.monitor import Monitor
from .engines.run import Run
from .features import Features
from .hyperparameters import Hyperparameters
from .metrics import registry
from .metrics.registry import Evaluated, Metric
from .peers import ALONE, Peers
from .predictions import class_probabilities, predicted_codes
from .search import Trial
from .target import Target

_THRESHOLDS = 200
THREADED = 5_000  # rows from which on several threads gain more than they lose in waiting for one another


@dataclass
class FitResult:
    """Trees, their metrics, and how they came about."""

    booster: Booster
    threshold: float
    monitor: Monitor
    test: Data
    evaluated: Evaluated
    """Predictions for the test rows."""
    metrics: dict[str, float]
    folds: list[dict[str, float]] = field(default_factory=list)
    """The metrics of each fold, with cross-validation."""


@dataclass
class Trainer:
    """What all runs of a job share."""

    features: Features
    target: Target
    params: Hyperparameters
    """After a search with the best configuration."""
    job: Job
    metrics: Mapping[str, Metric]
    deadline: float
    peers: Peers = ALONE
    trials: list[Trial] = field(default_factory=list)

    def fit_holdout(self, train: Data, validation: Data | None, test: Data) -> FitResult:
        """Trains on `train`, stops early by `validation` or a part of `train`, evaluates on `test`."""
        booster, threshold, monitor = self.fit_once("trees", train, validation)
        evaluated = self._gathered(self.predict(booster, test, threshold))
        result = FitResult(booster, threshold, monitor, test, evaluated, self.evaluate(evaluated))
        if self.params.refit and not self.stopping:
            everything = concatenate([train, *([validation] if validation else []), test])
            result.booster = self.fit_all(everything, booster.trees)
        return result

    def cross_validate(self, data: Data) -> FitResult:
        """Evaluates by cross-validation, and trains on all rows with the median number of trees."""
        metrics, trees, thresholds, parts = [], [], [], []
        first: Monitor | None = None
        keys = data.split_keys(self.params, self.target)
        for number, (train, test) in enumerate(
            splits.folds(keys, len(data), self.params.folds, self.params.seed, self.peers), 1
        ):
            booster, threshold, monitor = self.fit_once(f"fold {number}", data.take(train), None)
            evaluated = self.predict(booster, data.take(test), threshold)
            metrics.append(self.evaluate(self._gathered(evaluated)))
            trees.append(booster.trees)
            thresholds.append(threshold)
            parts.append((test, evaluated))
            first = first or monitor
            shown = ", ".join(f"{name} {value:.4g}" for name, value in metrics[-1].items())
            self.job.progress(f"fold {number} of {self.params.folds}: {shown}")
            if self.stopping:
                break
        assert first is not None
        positions = np.concatenate([np.sort(test) for test, _ in parts])
        order = np.argsort(positions, kind="stable")
        merged = self._gathered(_merge([evaluated for _, evaluated in parts], order))
        mean = {name: float(np.mean([fold[name] for fold in metrics])) for name in self.metrics}
        booster = self.fit_all(data, max(1, int(np.median(trees))))
        threshold = float(np.median(thresholds))
        return FitResult(booster, threshold, first, data.take(positions), merged, mean, metrics)

    def fit_once(self, name: str, train: Data, validation: Data | None) -> tuple[Booster, float, Monitor]:
        """One model, its threshold and its run; early-stopping rows are held out if `validation` is None."""
        patience = self.params.early_stopping_rounds
        by_metric = self.params.threshold_metric if len(self.target.classes) == 2 else ""
        if validation is None and (patience or by_metric):
            kept, held_out = splits.hold_out(
                train.split_keys(self.params, self.target),
                len(train),
                self.params.validation_size,
                self.params.seed + 1,
                "early stopping",
                self.peers,
            )
            train, validation = train.take(kept), train.take(held_out)
        if self.params.tune > 1 and validation is not None:
            booster, monitor = self._search(train, validation)
        else:
            booster, monitor = self._train(
                name, train, validation if patience else None, self.params.n_estimators, patience
            )
        ended = f": {monitor.stop_reason}" if monitor.stop_reason else ""
        self.job.progress(
            f"{name}: {booster.trees} trees trained on {self.peers.count(len(train))} rows{ended}"
        )
        threshold = self.params.threshold
        if by_metric and validation is not None:
            scored = self._gathered(self.predict(booster, validation, threshold))
            threshold = best_threshold(scored, by_metric)
        return booster, threshold, monitor

    def fit_all(self, data: Data, n_trees: int) -> Booster:
        """A model of all rows with a given number of trees."""
        booster, _ = self._train("all rows", data, None, n_trees, 0)
        self.job.progress(f"all rows: {booster.trees} trees trained on {self.peers.count(len(data))} rows")
        return booster

    def predict(self, booster: Booster, data: Data, threshold: float) -> Evaluated:
        """Predictions for rows whose target is known."""
        if not len(data):  # of one of several hosts; engines refuse no rows
            none, classes = np.empty(0), len(self.target.classes)
            probabilities = np.empty((0, classes)) if classes else None
            return Evaluated(
                self.target, data.target, none.astype(np.int64), probabilities, none, data.groups
            )
        booster.threads = self.job.cpus if len(data) > THREADED else 1
        score = booster.score(booster.data(data.features))
        booster.threads = 1
        if not self.target.classes:
            return Evaluated(self.target, data.target, score, None, score, data.groups)
        probabilities = class_probabilities(score)
        codes = predicted_codes(probabilities, threshold)
        return Evaluated(self.target, data.target, codes, probabilities, probabilities[:, -1], data.groups)

    @property
    def stopping(self) -> bool:
        """Whether any host was asked to stop."""
        return self.peers.any(self.job.should_stop())[0]

    def _gathered(self, evaluated: Evaluated) -> Evaluated:
        """The predictions of all hosts: a few numbers a row."""
        if self.peers.size == 1:
            return evaluated
        parts = self.peers.gather(evaluated)
        return _merge(parts, np.arange(sum(map(len, parts))))

    def evaluate(self, evaluated: Evaluated) -> dict[str, float]:
        """The job's metrics by name."""
        return {name: metric(evaluated) for name, metric in self.metrics.items()}

    def _search(self, train: Data, validation: Data) -> tuple[Booster, Monitor]:
        """The best of `tune` configurations by the early-stopping metric; `params` becomes that one."""
        given, best = self.params, None
        tried = search.configurations(given)
        for number, values in enumerate(tried, 1):
            share = len(tried) - number + 1 + given.refit
            now = time.monotonic()
            ends = self.peers.any(self.job.should_stop(), now >= self.deadline)
            if best is not None and any(ends):
                self.job.progress(f"tune: ended after {number - 1} of {len(tried)} configurations")
                break
            params = given.model_copy(update=values)
            trainer = replace(self, params=params, deadline=now + (self.deadline - now) / share)
            name = f"configuration {number}"
            patience = given.early_stopping_rounds
            try:
                booster, monitor = trainer._train(name, train, validation, given.n_estimators, patience)
            except UserError as error:
                if not values:
                    raise
                self.job.progress(f"{name} of {len(tried)}: skipped: {error}")
                continue
            trial = Trial(values, monitor.best_score, booster.trees)
            self.trials.append(trial)
            shown = ", ".join(f"{name}={value:g}" for name, value in values.items()) or "as given"
            self.job.progress(f"{name} of {len(tried)}: {monitor.metric} {trial.score:.6g} ({shown})")
            if best is None or monitor.improves(trial.score, best[0]):
                best = trial.score, params, booster, monitor
        assert best is not None
        _, self.params, booster, monitor = best
        return booster, monitor

    def _train(
        self, name: str, train: Data, validation: Data | None, n_trees: int, patience: int
    ) -> tuple[Booster, Monitor]:
        key = f"{name.replace(' ', '-')}-{self._fingerprint(train, n_trees)}"
        monitor = Monitor(self.job, name, key, patience, self.deadline, peers=self.peers)
        run = Run(
            train=with_weights(train, self.params, self.target, train, self.peers),
            validation=None
            if validation is None
            else with_weights(validation, self.params, self.target, train, self.peers),
            features=self.features,
            target=self.target,
            params=self.params,
            monitor=monitor,
            threads=self.job.cpus if len(train) > THREADED else 1,
            n_trees=n_trees,
        )
        return training.train(run).reloaded(), monitor

    def _fingerprint(self, data: Data, n_trees: int) -> str:
        """Tells the checkpoints of this run from those of other data or another configuration."""
        facts = [
            self.params.model_dump(mode="json"),
            n_trees,
            self.peers.count(len(data)),
            float(self.peers.sum(np.array(data.target.sum()))),
            self.features.names,
        ]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]


def trainer(
    features: Features, target: Target, params: Hyperparameters, job: Job, peers: Peers = ALONE
) -> Trainer:
    """What all runs share. Raises UserError for a metric that does not exist or does not fit the problem."""
    if params.threshold_metric:
        registry.metric(params.threshold_metric, target.problem, "threshold_metric")
        if len(target.classes) != 2:
            raise UserError(f"threshold_metric: only for problem=binary, got problem={target.problem}")
    deadline = float("inf") if params.time_limit_s is None else time.monotonic() + params.time_limit_s
    metrics = registry.select(params.metrics, target.problem)
    return Trainer(features, target, params, job, metrics, deadline, peers)


def best_threshold(evaluated: Evaluated, name: str) -> float:
    """The threshold, between two scores, at which the metric is best; of equally good ones the middle one."""
    metric = registry.metric(name, evaluated.target.problem, "threshold_metric")
    scores = np.unique(evaluated.score)
    if len(scores) > _THRESHOLDS:
        scores = np.unique(np.quantile(evaluated.score, np.linspace(0, 1, _THRESHOLDS)))
    tried = np.concatenate([scores[:1], (scores[1:] + scores[:-1]) / 2])
    sign = -1 if registry.is_loss(name) else 1
    values = np.array([sign * metric(_with_threshold(evaluated, threshold)) for threshold in tried])
    best = np.flatnonzero(values == np.nanmax(values))
    return float(tried[best[len(best) // 2]])


def _with_threshold(evaluated: Evaluated, threshold: float) -> Evaluated:
    return replace(evaluated, labels=(evaluated.score >= threshold).astype(np.int64))


def _merge(parts: list[Evaluated], order: Array) -> Evaluated:
    """The predictions of all folds, in the order of their rows."""

    def column(name: str) -> Any:
        arrays = [getattr(part, name) for part in parts]
        return None if arrays[0] is None else np.concatenate(arrays)[order]

    names = ("truth", "labels", "probabilities", "score", "groups")
    return Evaluated(parts[0].target, *map(column, names))
