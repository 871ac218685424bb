"""What training reports is what follows from the served answers, computed here independently, to 1e-9."""

import json
import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from boosting.tests.conftest import IMAGE
from boosting.tests.tables import ENGINES, FEATURES, TARGETS, mixed, settings
from sklearn import metrics as reference

from slipway.serving.endpoint import Endpoint
from slipway.settings import Settings
from slipway.training import run

TOLERANCE = 1e-9
METRICS = {
    "binary": ["roc_auc", "average_precision", "log_loss", "accuracy", "f1", "brier", "ece", "ks", "lift@10"],
    "multiclass": ["accuracy", "f1_macro", "log_loss", "brier", "ece", "neg_log_loss"],
    "regression": ["rmse", "mae", "r2", "mape"],
    "ranking": ["ndcg", "mrr"],
}


@pytest.fixture(scope="module")
def data() -> dict[str, pd.DataFrame]:
    table = mixed(720, seed=3).drop(columns="words")
    return {"train": table[:400], "validation": table[400:560], "test": table[560:]}


@pytest.fixture(scope="module")
def job(fit: Callable[..., Any], data: dict[str, pd.DataFrame], tmp_path_factory: Any) -> Callable[..., Any]:
    """A job, and a function that gives an endpoint's answers to rows, one column of them."""
    made: dict[tuple[str, str], Any] = {}

    def one(engine: str, problem: str) -> Any:
        if (engine, problem) not in made:
            more = {"threshold_metric": "f1"} if problem == "binary" else {}
            done = fit(data, **settings(engine, problem, metrics=METRICS[problem], **more))
            folder: Path = tmp_path_factory.mktemp("model")
            reads = run.schema_of(done.model, {"train": done.channels["train"]})
            facts = {"image": "boosting", "version": "0", "hyperparameters": {}, "metrics": {}}
            manifest = run.save(done.model, folder, None, reads, **facts)
            endpoint = Endpoint(IMAGE.predictor().load(folder), manifest, Settings.read({}))

            def served(rows: pd.DataFrame, output: str) -> Any:
                body = rows[FEATURES].to_csv(index=False).encode()
                answer = endpoint.answer(body, "text/csv", "application/json", f"outputs={output}")
                assert answer.status == 200, answer.body
                return np.array([row[output] for row in json.loads(answer.body)["predictions"]])

            made[engine, problem] = done, served
        return made[engine, problem]

    return one


def calibration(probability: Any, correct: Any) -> float:
    """Expected calibration error over ten bins of equal width, each with its upper end."""
    error, edges = 0.0, np.linspace(0, 1, 11)
    for low, high in pairwise(edges):
        inside = (probability > low) & (probability <= high) | (low == 0) & (probability == 0)
        if inside.any():
            error += abs(probability[inside].mean() - correct[inside].mean()) * inside.mean()
    return error


def close(found: dict[str, float], true: dict[str, float]) -> None:
    assert {name: pytest.approx(value, abs=TOLERANCE, rel=0) for name, value in true.items()} == found


@pytest.mark.parametrize("engine", ENGINES)
def test_binary_metrics_are_those_of_the_served_answers(engine: str, job: Any, data: Any) -> None:
    done, served = job(engine, "binary")
    rows = data["test"]
    truth = rows.sold.to_numpy()
    probability, label = served(rows, "probability"), served(rows, "predicted_label")
    assert label.tolist() == (probability >= done.model.threshold).astype(int).tolist()
    first = np.sort(probability)[::-1][: len(rows) // 10]
    tied = probability == first[-1]
    above = truth[probability > first[-1]].sum()
    hits = above + truth[tied].mean() * (len(first) - (probability > first[-1]).sum())
    cuts = np.unique(probability)
    shares = [[(probability[truth == one] <= cut).mean() for cut in cuts] for one in (0, 1)]
    chances = np.where(truth == 1, probability, 1 - probability)
    close(
        done.metrics,
        {
            "roc_auc": reference.roc_auc_score(truth, probability),
            "average_precision": reference.average_precision_score(truth, probability),
            "log_loss": -np.log(chances).mean(),
            "accuracy": (label == truth).mean(),
            "f1": reference.f1_score(truth, label),
            "brier": ((probability - truth) ** 2).mean(),
            "ece": calibration(probability, truth),
            "ks": np.abs(np.subtract(*shares)).max(),
            "lift@10": hits / len(first) / truth.mean(),
        },
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_the_threshold_is_the_best_of_the_served_answers_to_the_validation_rows(
    engine: str, job: Any, data: Any
) -> None:
    done, served = job(engine, "binary")
    rows = data["validation"]
    truth, probability = rows.sold.to_numpy(), served(rows, "probability")
    scores = np.unique(probability)
    cuts = [scores[0], *((scores[1:] + scores[:-1]) / 2)]
    f1 = np.array([reference.f1_score(truth, probability >= cut) for cut in cuts])
    best = np.flatnonzero(f1 == f1.max())
    assert done.model.threshold == pytest.approx(cuts[best[len(best) // 2]], abs=TOLERANCE)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_reports_table_of_thresholds_is_that_of_the_served_answers(
    engine: str, job: Any, data: Any
) -> None:
    done, served = job(engine, "binary")
    truth, probability = data["test"].sold.to_numpy(), served(data["test"], "probability")
    table = next(section for section in done.job.report.sections if section.title == "Thresholds").table
    for row in table.to_dict("records"):
        label = probability >= row["threshold"]
        assert row["predicted positive"] == label.sum()
        assert row["accuracy"] == pytest.approx((label == truth).mean(), abs=TOLERANCE)
        if label.any():
            assert row["precision"] == pytest.approx(reference.precision_score(truth, label), abs=TOLERANCE)
            assert row["recall"] == pytest.approx(reference.recall_score(truth, label), abs=TOLERANCE)


@pytest.mark.parametrize("engine", ENGINES)
def test_multiclass_metrics_are_those_of_the_served_answers(engine: str, job: Any, data: Any) -> None:
    done, served = job(engine, "multiclass")
    rows = data["test"]
    names = served(rows, "labels")[0].tolist()
    code = np.array([names.index(name) for name in rows.grade])
    chances, label = served(rows, "probabilities"), served(rows, "predicted_label")
    assert label.tolist() == [names[one] for one in chances.argmax(axis=1)]
    loss = -np.log(chances[np.arange(len(rows)), code]).mean()
    close(
        done.metrics,
        {
            "accuracy": (label == rows.grade.to_numpy()).mean(),
            "f1_macro": reference.f1_score(rows.grade, label, average="macro"),
            "log_loss": loss,
            "neg_log_loss": -loss,
            "brier": ((chances - np.eye(len(names))[code]) ** 2).sum(axis=1).mean(),
            "ece": calibration(chances.max(axis=1), chances.argmax(axis=1) == code),
        },
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_regression_metrics_are_those_of_the_served_answers(engine: str, job: Any, data: Any) -> None:
    done, served = job(engine, "regression")
    truth, score = data["test"].price.to_numpy(), served(data["test"], "score")
    close(
        done.metrics,
        {
            "rmse": math.sqrt(((truth - score) ** 2).mean()),
            "mae": np.abs(truth - score).mean(),
            "r2": 1 - ((truth - score) ** 2).sum() / ((truth - truth.mean()) ** 2).sum(),
            "mape": (np.abs(truth - score) / np.abs(truth)).mean(),
        },
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_ranking_metrics_are_those_of_the_served_answers(engine: str, job: Any, data: Any) -> None:
    done, served = job(engine, "ranking")
    rows = data["test"].assign(score=served(data["test"], "score"))
    gains, ranks = [], []
    for _, group in rows.groupby("basket"):
        if len(group) > 1 and group.stars.max() > 0:
            gains.append(reference.ndcg_score([group.stars], [group.score]))
        if group.stars.max() > 0:
            best = group.score[group.stars > 0].max()
            ranks.append(1 / (1 + (group.score > best).sum()))
    close(done.metrics, {"ndcg": np.mean(gains), "mrr": np.mean(ranks)})
    assert set(TARGETS) == set(METRICS)
