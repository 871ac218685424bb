"""Boosted trees next to the three libraries called directly: the same rows, the same parameters, one CPU.

    .slipway/envs/boosting/bin/python -m benchmarks.boosting DATA_FOLDER [--trees 300] [--rounds 3]

DATA_FOLDER holds <table>.train.csv.gz and <table>.test.csv.gz. What is counted is CPU time; both take turns,
a ratio is the median of the rounds' ratios. Nothing asserts a time.
"""

# ruff: noqa: E402

import argparse
import contextlib
import gzip
import io
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "shared"), str(ROOT / "images")]

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss, roc_auc_score, root_mean_squared_error

from slipway import Channel, Job
from slipway.image import Image
from slipway.manifest import Manifest
from slipway.paths import Paths
from slipway.serving.endpoint import Endpoint
from slipway.settings import Settings
from slipway.training import run

from .boosting_direct import ENGINES, PATIENCE, RATE, TABLES, Parts, direct

IMAGE = Image.read(ROOT / "images/boosting")


def ours(parts: Parts, engine: str, trees: int, folder: Path, report: bool) -> Any:
    """Model and data of a training job, and CPU seconds of training alone; with a report if `report`."""
    from boosting import fitting
    from boosting import report as pages
    from boosting import train as trainer
    from boosting.hyperparameters import Hyperparameters

    data = {name: Channel(name, folder / name) for name in ("train", "validation", "test")}
    for name in ("validation", "test"):
        data[name].read_like(data["train"])  # as a job sets it
    given = {
        "engine": engine,
        "target": parts.target,
        "problem": parts.problem,
        "n_estimators": trees,
        "learning_rate": RATE,
        "early_stopping_rounds": PATIENCE,
    }
    params = Hyperparameters.read(given)
    write, grow, grown = pages.write, fitting.Trainer._train, []

    def watched(*given: Any) -> Any:
        took, found = cpu(lambda: grow(*given))
        grown.append(took)
        return found

    fitting.Trainer._train = watched
    if not report:
        pages.write = lambda *_: None
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            model = trainer.fit(data, params, Job(IMAGE, Paths(folder), params))
    finally:
        pages.write, fitting.Trainer._train = write, grow
    return model, data, sum(grown)


def score(parts: Parts, said: Any, classes: Any) -> str:
    """AUC and log loss, log loss, or RMSE, of the test rows."""
    said, truth = np.asarray(said), parts.test[parts.target]
    if parts.problem == "regression":
        return f"RMSE {root_mean_squared_error(truth, said):.4f}"
    if parts.problem == "binary":
        chance = said if said.ndim == 1 else said[:, 1]
        hit = (truth == classes[1]).to_numpy()
        return f"AUC {roc_auc_score(hit, chance):.4f}, log loss {log_loss(hit, chance):.4f}"
    said = said.astype(float) / said.sum(axis=1, keepdims=True)
    return f"log loss {log_loss(truth, said, labels=classes):.4f}"


def cpu(action: Callable[[], Any]) -> tuple[float, Any]:
    started = time.process_time()
    found = action()
    return time.process_time() - started, found


def measure(parts: Parts, engine: str, trees: int, rounds: int) -> dict[str, Any]:
    """One table, one engine."""
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root)
        for name in ("train", "validation", "test"):
            (folder / name).mkdir()
            getattr(parts, name).to_csv(folder / name / "rows.csv", index=False)
        ours(parts, engine, 2, folder, report=True)  # imports are not the trees' affair
        predict, _, _ = direct(parts, engine, 2, folder)
        predict(parts.test)
        learning, plain, ratios, growing, more = [], [], [], [], []
        for _ in range(rounds):
            took, (model, data, grown) = cpu(lambda: ours(parts, engine, trees, folder, report=False))
            alone, (predict, classes, bare) = cpu(lambda: _and_ask(parts, engine, trees, folder))
            whole, _ = cpu(lambda: ours(parts, engine, trees, folder, report=True))
            learning.append(took)
            plain.append(alone)
            ratios.append(took / alone)
            growing.append(grown / bare)
            more.append(whole - took)
        requests = folder / "served"
        manifest = run.save(
            model,
            requests,
            table=None,
            image=IMAGE.name,
            version=IMAGE.version,
            reads=run.schema_of(model, {"train": data["train"]}),
            hyperparameters={},
            metrics={},
        )
        assert isinstance(manifest, Manifest)
        endpoint = Endpoint(IMAGE.predictor().load(requests), manifest, Settings.read({}))
        rows = parts.test[model.names]
        body = rows.to_csv(index=False).encode()
        wanted = "probabilities" if parts.problem == "multiclass" else "score"
        attributes = f"outputs={wanted}"
        answer = endpoint.answer(body, "text/csv", "application/json", attributes)
        answered = np.array([row[wanted] for row in json.loads(answer.body)["predictions"]])
        asking = []
        for _ in range(max(rounds, 5)):
            mine, _ = cpu(lambda: endpoint.answer(body, "text/csv", "text/csv", attributes))
            theirs, _ = cpu(lambda: _csv(predict, body))
            asking.append((mine, theirs))
        own = predict(parts.test)
        return {
            "engine": engine,
            "trees": model.booster.trees,
            "ours": score(parts, answered, classes),
            "direct": score(parts, own, classes),
            "growing, ratio": f"{statistics.median(growing):.3f}",
            "whole, CPU s": f"{statistics.median(learning):.2f}",
            "direct, CPU s": f"{statistics.median(plain):.2f}",
            "whole, ratio": f"{statistics.median(ratios):.3f}",
            "report, CPU s": f"{statistics.median(more):.2f}",
            "predict, ratio": f"{statistics.median(mine / theirs for mine, theirs in asking):.2f}",
        }


def _and_ask(parts: Parts, engine: str, trees: int, folder: Path) -> Any:
    """Learns, and measures on the test rows, as ours does."""
    predict, classes, took = direct(parts, engine, trees, folder)
    score(parts, predict(pd.read_csv(folder / "test" / "rows.csv")), classes)
    return predict, classes, took


def _csv(predict: Callable[[pd.DataFrame], Any], body: bytes) -> bytes:
    """What a server of one's own would do: read, predict, write."""
    said = np.asarray(predict(pd.read_csv(io.BytesIO(body))))
    return pd.DataFrame(said).to_csv(index=False, header=False).encode()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the tables are")
    parser.add_argument("--trees", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--table", action="append", choices=list(TABLES))
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    first = True
    for name in options.table or TABLES:
        try:
            parts = Parts.read(options.folder, name)
        except (FileNotFoundError, gzip.BadGzipFile) as error:
            print(f"{name}: left out: {error}", file=sys.stderr)
            continue
        for engine in ENGINES:
            found = {"table": name, **measure(parts, engine, options.trees, options.rounds)}
            if first:
                print("| " + " | ".join(found) + " |\n|" + " --- |" * len(found))
                first = False
            print("| " + " | ".join(map(str, found.values())) + " |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
