"""Predictions as columns, in the forms that a request can choose."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from pandas import Series

from slipway import Array, UserError, arrow

from .automl_handler import scores
from .automl_handler.errors import DataError
from .automl_handler.features.design import parts

if TYPE_CHECKING:
    from .automl_handler.features.design import Design
    from .automl_handler.predictor import Predictions, Predictor
    from .automl_handler.problem import Problem


def data(predictor: "Predictor", rows: "Design", found: "Predictions") -> dict[str, Array]:
    """The default form: values, and an `explanation` in words."""
    columns: dict[str, Array] = {"prediction": found.prediction, "confidence": found.confidence}
    if found.probabilities is not None:
        columns["probabilities"] = _named(predictor.problem, found.probabilities)
    if found.low is not None and found.high is not None:
        columns |= {"low": found.low, "high": found.high}
    columns["explanation"] = arrow.objects(_explained(predictor, rows, found))
    return columns


def sentences(problem: "Problem", found: "Predictions") -> dict[str, Array]:
    """The reply of the older container, one sentence per row."""
    return {"prediction": arrow.objects(_sentences(problem, found)), "class_confidence": found.confidence}


def autopilot(problem: "Problem", found: "Predictions") -> dict[str, Array]:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/autopilot-automate-model-development-container-output.html"""
    if found.probabilities is None:
        return {"predicted_label": found.prediction}
    labels = list(problem.labels)
    return {
        "predicted_label": found.prediction,
        "probability": found.confidence,
        "probabilities": arrow.objects(found.probabilities.tolist()),
        "labels": arrow.objects([labels] * len(found.prediction)),
    }


def selected(
    outputs: Sequence[str], predictor: "Predictor", rows: "Design", found: "Predictions"
) -> dict[str, Array]:
    """The columns named in `outputs`; one that the problem type does not have is NaN (empty or null)."""
    offered = {**data(predictor, rows, found), **autopilot(predictor.problem, found)}
    nothing = np.full(len(found.prediction), np.nan)
    return {name: offered.get(name, nothing) for name in outputs}


def contributions(predictor: "Predictor", design: "Design") -> Array:
    """An object per row: Shapley values by column, largest first, without zeros."""
    found = predictor.contributions(design)
    names = predictor.reads
    rows = []
    for row in found:
        order = np.argsort(-np.abs(row), kind="stable")
        rows.append({names[place]: float(row[place]) for place in order if row[place] != 0})
    return arrow.objects(rows)


def metrics(
    predictor: "Predictor", sent: Mapping[str, Array], found: "Predictions"
) -> dict[str, float | None]:
    """Metrics against the target column in `sent`; rows without a target are left out."""
    problem = predictor.problem
    if problem.target not in sent:
        raise UserError(f"score=true needs the target column {problem.target}")
    try:
        target = problem.encode(Series(sent[problem.target], dtype=object))
    except DataError as error:
        raise UserError(f"score=true: {error}") from None
    known = ~np.isnan(target)
    if not known.any():
        raise UserError(f"score=true: no row has a value of {problem.target} that the model knows")
    blend = found.prediction[:, None] if found.probabilities is None else found.probabilities
    values = scores.summary(problem, target[known], np.asarray(blend, np.float64)[known])
    return {
        "rows": int(known.sum()),
        **{name: value if value == value else None for name, value in values.items()},
    }


def _sentences(problem: "Problem", found: "Predictions") -> list[str]:
    name = problem.target
    if found.low is not None and found.high is not None:
        return [
            f'* We are {sure:.0%} confident the value of "{name}" lies between {low:.6g} and {high:.6g}.'
            for sure, low, high in zip(found.confidence, found.low, found.high, strict=True)
        ]
    return [
        f'* We are {sure:.0%} confident the value of "{name}" is {value}.'
        for sure, value in zip(found.confidence.tolist(), found.prediction.tolist(), strict=True)
    ]


def _explained(predictor: "Predictor", rows: "Design", found: "Predictions") -> list[str]:
    """A sentence per row: the confidence, the next most likely class, unknown and missing cells."""
    problem = predictor.problem
    if found.probabilities is None:
        assert found.low is not None
        assert found.high is not None
        said = [
            f"{problem.target} is about {value:.6g}; between {low:.6g} and {high:.6g} at {sure:.0%}"
            for value, sure, low, high in zip(
                found.prediction, found.confidence, found.low, found.high, strict=True
            )
        ]
    else:
        second = np.argsort(-found.probabilities, axis=1, kind="stable")[:, 1]
        first = found.probabilities.argmax(1)
        # With class weights the predicted class need not be the most likely one.
        chosen = problem.choose(found.probabilities)
        second = np.where(chosen == first, second, first)
        said = [
            f"{problem.target} is {value} with probability {sure:.3g}; "
            f"next {problem.labels[other]} with {chance:.3g}"
            for value, sure, other, chance in zip(
                found.prediction.tolist(),
                found.confidence.tolist(),
                second.tolist(),
                found.probabilities[np.arange(len(second)), second].tolist(),
                strict=True,
            )
        ]
    unknown = _unknown(predictor, rows)
    return [text + unknown.get(row, "") for row, text in enumerate(said)]


def _unknown(predictor: "Predictor", rows: "Design") -> dict[int, str]:
    """By row, the columns whose category is unknown or rare, and the number of missing cells."""
    new: dict[int, list[str]] = {}
    gaps = np.zeros(len(rows), int)
    for column, (kind, at, _) in zip(predictor.columns, parts(predictor.columns), strict=True):
        if kind == "codes":
            codes = rows.codes[:, at.start]
            gaps += codes == 0
            for place in np.flatnonzero(codes == len(column.categories) + 1).tolist():
                new.setdefault(place, []).append(column.name)
        elif column.kind == "text":
            gaps += rows.numbers[:, at.start] == 0  # words
        else:
            gaps += np.isnan(rows.numbers[:, at.start])
    found: dict[int, str] = {}
    for row in sorted({*new, *np.flatnonzero(gaps).tolist()}):
        said = f"; unknown value in {', '.join(new[row])}" if row in new else ""
        if gaps[row]:
            said += f"; {gaps[row]} of {len(predictor.columns)} cells missing"
        found[row] = said
    return found


def _named(problem: "Problem", probabilities: Array) -> Array:
    names = [str(label) for label in problem.labels]
    return arrow.objects([dict(zip(names, row, strict=True)) for row in probabilities.tolist()])
