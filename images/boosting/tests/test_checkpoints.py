"""An interrupted job goes on where it was, and ends as if nothing had happened."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from boosting.engines import monitor
from boosting.tests.tables import FEATURES

from slipway import Job


@pytest.mark.parametrize("engine", ["catboost", "lightgbm", "xgboost"])
def test_an_interrupted_job_goes_on_from_its_trees(
    engine: str,
    fit: Callable[..., Any],
    ask: Callable[..., Any],
    table: pd.DataFrame,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = {
        "engine": engine,
        "target": "sold",
        "features": FEATURES,
        "n_estimators": 60,
        "learning_rate": 0.1,
        "early_stopping_rounds": 60,
        "metrics": ["log_loss"],
    }
    whole = fit(table, **given)
    grown: list[int] = []
    interrupted = monitor.Monitor.interrupted

    def stops_at_25(self: monitor.Monitor, done: int) -> bool:
        grown.append(done)
        monkeypatch.setattr(Job, "should_stop", lambda _: done >= 25)
        return interrupted(self, done)

    monkeypatch.setattr(monitor, "CHECKPOINT_INTERVAL_S", 0.0)
    if engine == "catboost":
        from boosting.engines import catboost

        monkeypatch.setattr(catboost, "SNAPSHOT_INTERVAL_S", 0)
    with monkeypatch.context() as once:
        once.setattr(monitor.Monitor, "interrupted", stops_at_25)
        broken = fit(table, checkpoints=tmp_path, **given)
    assert broken.model.booster.trees <= 26
    monkeypatch.setattr(Job, "should_stop", lambda _: False)
    resumed: list[int] = []

    def watched(self: monitor.Monitor, done: int) -> bool:
        resumed.append(done)
        return interrupted(self, done)

    monkeypatch.setattr(monitor.Monitor, "interrupted", watched)
    again = fit(table, checkpoints=tmp_path, **given)
    assert len(resumed) < 45, "the trees of before were not grown again"
    assert again.model.booster.trees == whole.model.booster.trees
    once_said, again_said = (ask(done.model, table)["probability"] for done in (whole, again))
    assert np.abs(once_said - again_said).max() < 1e-5
    resumed.clear()
    fit(table.assign(sold=1 - table.sold), checkpoints=tmp_path, **given)
    assert len(resumed) > 50, "trees of other data are not used"


def test_time_limit_s_ends_the_growing(
    fit: Callable[..., Any], table: pd.DataFrame, monkeypatch: Any
) -> None:
    clock = iter(np.arange(0, 1e6, 0.5))
    monkeypatch.setattr("time.monotonic", lambda: float(next(clock)))
    done = fit(
        table, target="sold", features=FEATURES, engine="lightgbm", time_limit_s=5, early_stopping_rounds=0
    )
    assert 1 <= done.model.booster.trees <= 10
