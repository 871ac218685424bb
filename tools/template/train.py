"""What training adds: bagged least squares. To be replaced."""

from collections.abc import Mapping

import numpy as np

import slipway
from slipway import Channel, Job, UserError

from .hyperparameters import Hyperparameters
from .predictor import Model


def fit(data: Mapping[str, Channel], params: Hyperparameters, job: Job) -> Model:
    table = data["train"].table
    known = [column.name for column in table.columns if column.numeric]
    if params.target not in known:
        names = ", ".join(known) or "none"
        raise UserError(f'target: expected a column of numbers ({names}), got "{params.target}"')
    columns = [name for name in known if name != params.target]
    if not columns:
        raise UserError(f"the train channel has no column of numbers other than {params.target}")
    target = table.number(params.target)
    given = ~np.isnan(target)  # a row without an answer teaches nothing
    matrix, target = table.numbers(columns)[given], target[given]
    fill = np.nan_to_num(np.nanmean(matrix, axis=0))
    design = np.column_stack([np.where(np.isnan(matrix), fill, matrix), np.ones(len(matrix))])
    random, found, errors = np.random.default_rng(params.seed), [], []
    for bag in range(1, params.bags + 1):
        chosen = random.integers(len(design), size=len(design))
        found.append(np.linalg.lstsq(design[chosen], target[chosen])[0])
        left = np.setdiff1d(np.arange(len(design)), chosen)
        errors.append(target[left] - design[left] @ found[-1])
        job.progress(f"bag {bag} of {params.bags}")
        if job.should_stop():
            break
    weights, wrong = np.mean(found, axis=0), np.concatenate(errors)
    if len(wrong):
        job.log_metrics(rmse=float(np.sqrt(np.square(wrong).mean())))
    drawn, axes = slipway.figure()
    axes.scatter(design @ weights, target, s=12)
    axes.set(xlabel="predicted", ylabel=params.target)
    text = f"{params.target} of {len(design)} rows, learned from {', '.join(columns)} in {len(found)} bags."
    job.report.add("Predicted and true", text, figure=drawn)
    return Model(columns, weights[:-1], float(weights[-1]), fill)
