"""Training: encoding, trees, the threshold, and metrics of labelled channels."""

from collections.abc import Mapping

import numpy as np

from slipway import Array, Channel, Job, UserError, listed
from slipway.kit.columns import require

from . import labels, sampling
from .encoding import Encoding
from .forest import IsolationTrees
from .hyperparameters import Hyperparameters
from .predictor import Model

_DEVIATIONS = 3  # the rule of the built-in Random Cut Forest
_HELD_OUT = ("validation", "test")


def fit(data: Mapping[str, Channel], params: Hyperparameters, job: Job) -> Model:
    """Isolates the rows of the train channel, finds the threshold, compares scores with known anomalies."""
    train = data["train"]
    names = _features(train, params)
    table = sampling.rows(train, params.seed)
    if not train.fits_memory:
        job.progress(f"the train channel does not fit in memory: a sample of {len(table):,} rows is used")
    if len(table) < 2:
        raise UserError("the train channel has one row; expected two or more to tell one from another")
    encoding, left_out = Encoding.fit(table.select(names))
    for name, why in left_out.items():
        job.progress(f"column {name} is left out: {why}")
    if not encoding.features:
        raise UserError(f"no column of the train channel can be used: {listed(list(left_out))}")
    matrix = encoding.matrix(table)
    job.progress(f"{params.trees} trees of {min(params.samples_per_tree, len(table))} rows each")
    trees = IsolationTrees.fit(matrix, params.trees, params.samples_per_tree, params.seed)
    scores = trees.scores(matrix)
    model = Model(encoding, trees, threshold(scores, params.contamination))
    flagged = int((scores > model.threshold).sum())
    job.progress(f"{flagged} of {len(table)} rows have a score above {model.threshold:.4f}")
    job.log_metrics(anomaly_rate=flagged / len(table), mean_score=float(scores.mean()))
    evaluations = []
    if target := labels.target_of(train, params):
        places, truth = labels.labelled(table, target, params, train.name)
        evaluations.append(labels.Evaluation(train.name, truth, scores[places], model.threshold))
    evaluations += [labels.evaluate(model, data[name], train, params) for name in _HELD_OUT if name in data]
    for one in evaluations:
        job.log_metrics(**one.metrics())
        if not one.both:
            job.progress(f"channel {one.channel}: all labels are the same, so that nothing can be ranked")
    with job.report.forgiving():
        from . import report  # and with it matplotlib and pandas

        report.write(job.report, model, table, scores, left_out, evaluations)
    return model


def threshold(scores: Array, contamination: float | str) -> float:
    """The score above which a row is an anomaly, for the scores of the training rows, of shape (rows,).

    >>> threshold(np.arange(11.0), 0.1)
    9.0
    >>> round(threshold(np.array([0.4, 0.5, 0.6]), "auto"), 2)
    0.74
    """
    if isinstance(contamination, float):
        return float(np.quantile(scores, 1 - contamination))
    return float(scores.mean() + _DEVIATIONS * scores.std())


def _features(train: Channel, params: Hyperparameters) -> list[str]:
    """The columns to learn from. Raises UserError for one that is not there or has lists."""
    require(list(params.features), train.names, setting="features")
    target = labels.target_of(train, params)
    if target in params.features:
        raise UserError(f"features: column {target} has the known anomalies, which are not learned from")
    names = [name for name in params.features or train.names if name != target]
    if not names:
        raise UserError(f"the train channel has no column next to {target}")
    lists = [name for name in names if train.kinds[name] == "list"]
    if lists:
        raise UserError(f"column {lists[0]} contains lists; name columns of single values in features")
    return names
