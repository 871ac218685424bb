"""Columns of different units: when one outweighs the others it is said, or evened out by standardize=auto."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kmeans.tests import jobs

from slipway import Job


@pytest.fixture
def grams_and_metres() -> Any:
    """Two groups of lengths in metres, beside a mass in grams that says nothing, and a constant."""
    random = np.random.default_rng(11)
    lengths = np.repeat([1.0, 2.0], 80) + 0.1 * random.normal(size=160)
    return np.column_stack([lengths, random.normal(5_000, 300, 160), lengths * 2, np.full(160, 7.0)])


def fit(
    folder: Path, matrix: Any, monkeypatch: pytest.MonkeyPatch, **hyperparameters: str
) -> tuple[Any, Job, list[str]]:
    folder.mkdir(parents=True, exist_ok=True)
    np.savetxt(folder / "rows.csv", matrix, delimiter=",", header="length,mass,width,lot", comments="")
    log: list[str] = []
    monkeypatch.setattr(Job, "progress", lambda self, text: log.append(text))
    return *jobs.fit(folder, **{"k": "2", "k_max": "2", **hyperparameters}), log


@pytest.mark.parametrize("algorithm", ["lloyd", "minibatch"])
def test_a_column_that_outweighs_others_is_named_in_log_and_report(
    tmp_path: Path, grams_and_metres: Any, monkeypatch: pytest.MonkeyPatch, algorithm: str
) -> None:
    model, job, log = fit(tmp_path, grams_and_metres, monkeypatch, algorithm=algorithm)
    assert (model.scale == 1).all()
    said = "mass outweighs length, width more than a hundredfold in squared distances"
    assert any(said in line for line in log), log
    assert said in job.report.sections[0].text
    assert "standardize=true" in job.report.sections[0].text


@pytest.mark.parametrize("algorithm", ["lloyd", "minibatch"])
def test_auto_standardizes_where_a_column_outweighs_others(
    tmp_path: Path, grams_and_metres: Any, monkeypatch: pytest.MonkeyPatch, algorithm: str
) -> None:
    given = {"standardize": "auto", "algorithm": algorithm}
    model, job, log = fit(tmp_path / "mixed", grams_and_metres, monkeypatch, **given)
    assert model.scale[1] == pytest.approx(grams_and_metres[:, 1].std())
    labels = model.nearest(model.place(grams_and_metres))
    assert len(set(labels[:80])) == len(set(labels[80:])) == 1
    assert any("standardize=auto scales the columns" in line for line in log), log
    assert "standardize=auto scales the columns" in job.report.sections[0].text
    even = grams_and_metres * [1, 0.001, 1, 1]
    model, job, log = fit(tmp_path / "even", even, monkeypatch, **given)
    assert (model.scale == 1).all()
    assert not any("outweigh" in line for line in log)
    assert "standardize=auto leaves the columns as they are" in job.report.sections[0].text


@pytest.mark.parametrize("standardize", ["true", "false"])
def test_nothing_is_said_where_nothing_outweighs(
    tmp_path: Path, grams_and_metres: Any, monkeypatch: pytest.MonkeyPatch, standardize: str
) -> None:
    factor = 1.0 if standardize == "true" else 0.001
    rows = grams_and_metres * [1, factor, 1, 1]
    _, job, log = fit(tmp_path, rows, monkeypatch, standardize=standardize)
    assert not any("outweigh" in line for line in [*log, job.report.sections[0].text])
