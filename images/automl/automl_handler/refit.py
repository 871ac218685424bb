"""New rows for a predictor: its models stay, their blend and calibration are learnt anew."""

from dataclasses import replace

import numpy as np
import pandas as pd

from . import calibration, scores
from .errors import Unfit, listed
from .interval import Interval
from .predictor import Predictor
from .search import ensemble

_LEAST = 30


def refit(predictor: Predictor, table: pd.DataFrame) -> Predictor:
    """Raises Unfit where `table` lacks the target, or has too few rows of it."""
    problem = predictor.problem
    if problem.target not in table:
        raise Unfit(f"target {problem.target}: no such column in the new rows")
    absent = [name for name in predictor.reads if name not in table]
    if absent:
        raise Unfit(f"no column {listed(absent)} in the new rows")
    target = problem.encode(table[problem.target])
    known = ~np.isnan(target)
    if known.sum() < _LEAST:
        raise Unfit(
            f"target {problem.target}: {int(known.sum())} new rows have a value; expected {_LEAST} or more"
        )
    rows, target = predictor.design(table[known]), target[known]
    answers = [member.predict(rows) for member in predictor.members]
    share = ensemble.select(answers, target, scores.loss(predictor.facts["metric"], problem))
    raw = np.sum([weight * one for weight, one in zip(share, answers, strict=True)], axis=0)
    fitted, interval = predictor.calibration, predictor.interval
    if problem.is_regression:
        interval = Interval.fit(target, raw[:, 0])
    else:
        fitted, _ = calibration.fit(target, raw, 0)
    members = tuple(
        replace(member, weight=float(weight))
        for member, weight in zip(predictor.members, share, strict=True)
        if weight > 0
    )
    found = scores.summary(problem, target, fitted.apply(raw))
    facts = {**predictor.facts, "rows": int(known.sum()), "scores": found}
    return replace(predictor, members=members, calibration=fitted, interval=interval, facts=facts)
