"""`ModelMetrics` of a registry's entry: files in the form that SageMaker's Model Monitor writes.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html and
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-interpreting-statistics.html. Of the data they
have how many cells are there and how many are missing, and no value.
"""

from typing import Any

from slipway.training.cards.facts import Facts, shortened

_COLUMNS = 1000  # that are told of
_TYPES = {"integer": "Integral", "number": "Fractional"}


def model_quality(facts: Facts) -> dict[str, Any]:
    """The metrics, in the group of the model's task; the deviation is unknown, of one job."""
    group = f"{facts.task.replace(' ', '_')}_metrics" if facts.task else "metrics"
    found = {one.name: {"value": one.value, "standard_deviation": "NaN"} for one in facts.metrics}
    return {"version": 0.0, "dataset": _dataset(facts), group: found}


def data_statistics(facts: Facts) -> dict[str, Any] | None:
    """Of each column that the model reads how many cells there are; None where that was not counted."""
    if facts.rows is None or facts.missing is None:
        return None
    features = []
    for column in facts.manifest.reads.columns[:_COLUMNS]:
        if (missing := facts.missing.get(column.name)) is not None:
            kind = _TYPES.get(column.kind or "", "String")
            form = "string_statistics" if kind == "String" else "numerical_statistics"
            counts = {"num_present": facts.rows - missing, "num_missing": missing}
            features.append({"name": shortened(column.name), "inferred_type": kind, form: {"common": counts}})
    return {"version": 0.0, "dataset": _dataset(facts), "features": features}


def _dataset(facts: Facts) -> dict[str, Any]:
    return {"item_count": facts.rows, "evaluation_time": facts.manifest.created}
