"""Several hosts train together, each on its own rows, and make the model that one host would within noise."""

import json
import re
import signal
import time
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
    half = 3752  # between two baskets
    given = settings(engine, problem, metrics=json.dumps([metric]))
    roots = laid_out(tmp_path, {"train": [rows[:half], rows[half:]]}, ending, sharded, **given)
    done = trained(roots)
    assert [one.code for one in done] == [0, 0], "\n".join(one.log for one in done)
    assert "hosts that train: " + ", ".join(root.name for root in roots) in done[0].log
    grown_on = int(re.findall(r"trees trained on ([0-9]+) rows", done[0].log)[0])
    assert grown_on == pytest.approx(ROWS * 0.75 * 0.85, rel=0.02), "rows of all hosts"
    assert not (roots[1] / "model").exists()
    model, metrics = model_of(roots[0])
    alone = fit(rows, **{**given, "n_estimators": "60", "learning_rate": "0.1"})
    assert metrics[metric] == pytest.approx(alone.metrics[metric], rel=0.06)
    assert model.booster.features == alone.model.booster.features, "the categories of all hosts"
    table = in_table(model, rows)
    options = IMAGE.predictor().options()
    ours, theirs = (dict(one.predict(table, options).columns) for one in (model, alone.model))
    if "score" in ours:
        assert np.corrcoef(ours["score"], theirs["score"])[0, 1] > 0.95
    else:
        assert (ours["predicted_label"] == theirs["predicted_label"]).mean() > 0.85


def test_a_host_without_rows_is_dropped_and_no_row_of_another_channel_is_lost(
    rows: pd.DataFrame, tmp_path: Path
) -> None:
    """The leader has no training rows; the third host has test rows alone; a few rows are with the fourth."""
    channels = {
        "train": [None, rows[:3000], None, rows[3000:3100]],
        "validation": [None, rows[3100:3600], None, None],
        "test": [None, None, rows[3600:5000], None],
    }
    given = settings("lightgbm", "regression", metrics='["rmse"]')
    roots = laid_out(tmp_path, channels, ".parquet", True, **given)
    done = trained(roots)
    assert [one.code for one in done] == [0] * 4, "\n".join(one.log for one in done)
    assert f"hosts that train: {roots[0].name};" in done[0].log
    assert "trees trained on 3100 rows" in done[0].log
    assert "over 500 of the 1400 test rows" in (roots[0] / "output/data/report.html").read_text()


@pytest.mark.parametrize("engine", ["lightgbm", "xgboost"])
def test_a_search_a_threshold_and_a_refit_go_in_step(engine: str, rows: pd.DataFrame, tmp_path: Path) -> None:
    """Latest rows are held out; those of the second host are later by a little."""
    later = rows.assign(day=np.arange(ROWS) + np.tile([0, 3000], ROWS // 2))
    parts = [later[::2], later[1::2]]
    more = {"tune": "3", "refit": "true", "threshold_metric": "f1", "timestamp": "day", "split": "time"}
    given = settings(engine, "binary", metrics='["f1", "roc_auc"]', class_weights="balanced", **more)
    done = trained(roots := laid_out(tmp_path, {"train": parts}, ".csv", True, **given))
    assert [one.code for one in done] == [0, 0], "\n".join(one.log for one in done)
    assert "configuration 3 of 3" in done[0].log
    assert "all rows: " in done[0].log
    assert "trees trained on 6000 rows" in done[0].log
    model, metrics = model_of(roots[0])
    assert model.threshold != 0.5
    assert metrics["roc_auc"] > 0.8


def test_folds_go_in_step(rows: pd.DataFrame, tmp_path: Path) -> None:
    given = settings("xgboost", "binary", metrics='["roc_auc"]', folds="3")
    done = trained(roots := laid_out(tmp_path, {"train": [rows[:3000], rows[3000:]]}, ".csv", True, **given))
    assert [one.code for one in done] == [0, 0], "\n".join(one.log for one in done)
    assert model_of(roots[0])[1]["roc_auc"] > 0.8
    assert "all rows" in done[0].log


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            settings("lightgbm", "ranking"),
            "UserError: group: 1 groups of column basket have rows on several hosts",
        ),
        (settings("catboost", "binary"), "UserError: hosts: catboost trains on one host"),
        (settings("xgboost", "binary", target="sole"), "UserError: target: no column sole"),
    ],
)
def test_what_hosts_cannot_do_ends_in_one_line(
    given: dict[str, str], message: str, rows: pd.DataFrame, tmp_path: Path
) -> None:
    done = trained(laid_out(tmp_path, {"train": [rows[:3004], rows[3004:]]}, ".csv", True, **given))
    assert done[0].code == 255, done[0].log
    assert done[0].failure.startswith(message), done[0].failure
    assert done[1].code == 0, done[1].log


@pytest.mark.parametrize("engine", ["catboost", "lightgbm"])
def test_the_first_host_alone_makes_the_model_of_one_and_says_so(
    engine: str, rows: pd.DataFrame, tmp_path: Path, fit: Any
) -> None:
    """CatBoost, and any engine on little data."""
    given = settings(engine, "binary", hosts="auto", metrics='["roc_auc"]')
    done = trained(roots := laid_out(tmp_path, {"train": [rows[:3000], rows[3000:]]}, ".csv", True, **given))
    assert [one.code for one in done] == [0, 0], "\n".join(one.log for one in done)
    why = {
        "catboost": "catboost has no training over several hosts",
        "lightgbm": "the train channel has less than 50 MB",
    }
    assert f"{roots[0].name} trains alone, and the other hosts wait (1): {why[engine]}" in done[0].log
    alone = fit(rows, **{**given, "n_estimators": "60", "learning_rate": "0.1"})
    assert model_of(roots[0])[1] == pytest.approx(alone.metrics, abs=1e-12)


@pytest.mark.parametrize("engine", ["lightgbm", "xgboost"])
def test_where_a_host_is_killed_while_trees_grow_the_job_names_it(
    engine: str, rows: pd.DataFrame, tmp_path: Path
) -> None:
    given = settings(engine, "binary", n_estimators="100000", early_stopping_rounds="0")
    roots = laid_out(tmp_path, {"train": [rows[:3000], rows[3000:]]}, ".csv", True, **given)
    with hosts.started(IMAGE.folder, roots) as started:
        wait_for("trees: ", started[0])
        started[1].process.kill()
        asked = time.monotonic()
        done = started[0].wait()
    assert done.failure == f"PlatformError: host {roots[1].name} was lost", done.log
    assert done.code == 255
    assert time.monotonic() - asked < 60


def test_a_job_that_is_stopped_on_all_hosts_goes_on_from_its_trees(
    rows: pd.DataFrame, tmp_path: Path
) -> None:
    given = settings("lightgbm", "binary", n_estimators="100000", early_stopping_rounds="0")
    roots = laid_out(tmp_path, {"train": [rows[:3000], rows[3000:]]}, ".csv", True, **given)
    (roots[0] / "checkpoints").mkdir()
    grown = []
    for _ in range(2):
        with hosts.started(IMAGE.folder, roots) as started:
            wait_for("trees: ", started[0])
            for host in started:
                host.process.send_signal(signal.SIGTERM)
            done = [host.wait() for host in started]
        assert [one.code for one in done] == [0, 0], "\n".join(one.log for one in done)
        grown.append(int(re.findall(r"([0-9]+) trees trained on", done[0].log)[-1]))
    first_line = re.findall(r"trees: ([0-9]+) trees\n", done[0].log)[0]
    assert grown[1] > int(first_line) > grown[0], "the second run began with the trees of the first"


def wait_for(text: str, host: hosts.Host) -> None:
    deadline = time.monotonic() + 100
    while text not in host.log.partition("configuration: ")[2]:
        assert time.monotonic() < deadline, host.log
        assert host.process.poll() is None, host.log
        time.sleep(0.1)
