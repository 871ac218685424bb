"""Several hosts train together, each on its own rows, and make the model that one host would within noise."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from boosting.tests.conftest import IMAGE
from boosting.tests.tables import FEATURES, TARGETS, in_table, mixed

from harness import hosts
from harness.places import Training

ROWS = 6_000
ON_HOSTS = {"n_estimators": "60", "hosts": "all", "learning_rate": "0.1"}


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """The categories of one host are not those of the other: shop 6 is on the second alone."""
    found = mixed(ROWS)
    found.loc[ROWS - 500 :, "shop"] = 6
    return found


def write(frame: pd.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    elif path.suffix == ".jsonl":
        frame.to_json(path, orient="records", lines=True)
    else:
        frame.to_csv(path, index=False)


def laid_out(
    folder: Path, channels: dict[str, Sequence[pd.DataFrame | None]], ending: str, sharded: bool, **given: str
) -> list[Path]:
    """The trees of hosts; a host has its entry of each channel, or where they are not sharded all entries."""
    count = max(map(len, channels.values()))
    names = hosts.addresses(count)
    roots = [folder / name for name in names]
    for place, (name, root) in enumerate(zip(names, roots, strict=True)):
        for channel, parts in channels.items():
            (root / "input/data" / channel).mkdir(parents=True)
            for number, part in enumerate(parts):
                if part is not None and (number == place or not sharded):
                    write(part, root / f"input/data/{channel}/{number}{ending}")
        hosts.configure(root, name, names, list(channels) if sharded else [])
        config = root / "input/config"
        if not sharded:
            (config / "inputdataconfig.json").write_text(json.dumps({channel: {} for channel in channels}))
        (config / "hyperparameters.json").write_text(json.dumps({**ON_HOSTS, **given}))
    return roots


def trained(roots: Sequence[Path]) -> list[Training]:
    with hosts.started(IMAGE.folder, roots) as started:
        return [host.wait() for host in started]


def model_of(root: Path) -> tuple[Any, dict[str, float]]:
    return IMAGE.predictor().load(root / "model"), json.loads((root / "output/data/metrics.json").read_text())


def settings(engine: str, problem: str, **more: str) -> dict[str, str]:
    group = {"group": "basket"} if problem == "ranking" else {}
    return {
        "engine": engine,
        "target": TARGETS[problem],
        "features": json.dumps(FEATURES),
        "cat_features": '["shop"]',
        **group,
        **more,
    }


@pytest.mark.contract("A4.9", "A6.7")
@pytest.mark.parametrize(
    ("engine", "problem", "ending", "sharded", "metric"),
    [
        ("lightgbm", "binary", ".csv", True, "roc_auc"),
        ("xgboost", "binary", ".parquet", True, "roc_auc"),
        ("lightgbm", "regression", ".jsonl", False, "rmse"),
        ("xgboost", "multiclass", ".csv", False, "log_loss"),
        ("lightgbm", "ranking", ".parquet", True, "ndcg"),
        ("xgboost", "ranking", ".jsonl", True, "ndcg"),
    ],
)
def test_two_hosts_make_the_model_of_one(
    engine: str,
    problem: str,
    ending: str,
    sharded: bool,
    metric: str,
    rows: pd.DataFrame,
    tmp_path: Path,
    fit: Any,
) -> None:
    half = ROWS * 5 // 8
    given = settings(engine, problem, metrics=json.dumps([metric]))
    roots = laid_out(tmp_path, {"train": [rows[:half], rows[half:]]}, ending, sharded, **given)
    done = trained(roots)
    assert [one.code for one in done] == [0, 0], "\n".join(one.log for one in done)
    assert "hosts that train: " + ", ".join(root.name for root in roots) in done[0].log
    assert "60 trees" in done[0].log or "trees trained on 3825 rows" in done[0].log, done[0].log
    assert not (roots[1] / "model").exists()
    model, metrics = model_of(roots[0])
    alone = fit(rows, **{**given, "n_estimators": "60", "learning_rate": "0.1"})
    assert metrics[metric] == pytest.approx(alone.metrics[metric], rel=0.06)
    assert model.booster.features == alone.model.booster.features, "the categories of all hosts"
    table = in_table(model, rows)
    options = IMAGE.predictor().options()
    ours, theirs = (dict(one.predict(table, options).columns) for one in (model, alone.model))
    score = "score" if "score" in ours else "probability"
    assert np.corrcoef(ours[score].astype(float), theirs[score].astype(float))[0, 1] > 0.95
