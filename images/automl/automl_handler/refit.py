"""New rows for a predictor: its models stay; blend weights, calibration and interval are fitted again."""

from dataclasses import replace

import numpy as np
import pandas as pd

from . import calibration, scores
from .errors import DataError, listed
from .interval import ConformalInterval
from .predictor import Predictor
from .search import ensemble

_MIN_ROWS = 30


def refit(predictor: Predictor, table: pd.DataFrame) -> Predictor:
    """Raises DataError if `table` lacks a column, or has fewer than 30 rows with a target."""
    problem = predictor.problem
    if problem.target not in table:
        raise DataError(f"target {problem.target}: no such column in the new rows")
    absent = [name for name in predictor.reads if name not in table]
    if absent:
        raise DataError(f"no column {listed(absent)} in the new rows")
    target = problem.encode(table[problem.target])
    known = ~np.isnan(target)
    if known.sum() < _MIN_ROWS:
        raise DataError(
            f"target {problem.target}: {int(known.sum())} new rows have a value; "
            f"expected at least {_MIN_ROWS}"
        )
    rows, target = predictor.design(table[known]), target[known]
    answers = [member.predict(rows) for member in predictor.members]
    share = ensemble.select(answers, target, scores.loss(predictor.facts["metric"], problem))
    raw = np.sum([weight * one for weight, one in zip(share, answers, strict=True)], axis=0)
    fitted, interval = predictor.calibrator, predictor.interval
    if problem.is_regression:
        interval = ConformalInterval.fit(rows, target, raw[:, 0])
    else:
        fitted, _ = calibration.fit(target, raw, 0)
    members = tuple(
        replace(member, weight=float(weight))
        for member, weight in zip(predictor.members, share, strict=True)
        if weight > 0
    )
    found = scores.summary(problem, target, fitted.apply(raw))
    facts = {**predictor.facts, "rows": int(known.sum()), "scores": found}
    return replace(predictor, members=members, calibrator=fitted, interval=interval, facts=facts)
