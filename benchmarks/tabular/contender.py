"""One contender learns one table, in a process of its own: FOLDER has train.feather, test.feather, task.json.

Every clock that Python code reads is set to the process's CPU time before anything is imported, and there is
one thread: so all have the same budget of CPU seconds, whatever else the machine does, kept by their own
means.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

_WALL = time.time()
time.time = lambda: _WALL + time.process_time()
time.monotonic = time.perf_counter = time.process_time

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

REPEATS = 30
Predict = Callable[[pd.DataFrame], Any]


def ours(train: pd.DataFrame, task: dict[str, Any], folder: Path) -> Predict:
    root = Path(__file__).parents[2]
    sys.path[:0] = [str(root / "images"), str(root / "shared")]
    from automl.automl_handler.predictor import Predictor
    from automl.automl_handler.search.config import SearchConfig
    from automl.automl_handler.search.run import search

    class Quiet:
        def progress(self, text: str) -> None:
            print(text, file=sys.stderr)

        def should_stop(self) -> bool:
            return False

    preset = task.get("preset", "balanced")
    config = SearchConfig(problem_type=task["kind"], time_limit_s=task["seconds"], preset=preset)
    search(train, "target", config, Quiet()).predictor.save(folder)
    loaded = Predictor.load(folder)
    return lambda rows: _in_order(loaded.blend(loaded.design(rows)), loaded.problem.labels, task)


def autogluon(
    train: pd.DataFrame, task: dict[str, Any], folder: Path, preset: str = "medium_quality"
) -> Predict:
    from autogluon.tabular import TabularPredictor

    metric = "root_mean_squared_error" if task["kind"] == "regression" else "log_loss"
    found = TabularPredictor(
        "target", problem_type=task["kind"], eval_metric=metric, path=str(folder / "ag"), verbosity=1
    ).fit(train, presets=preset, time_limit=task["seconds"], num_cpus=1, num_gpus=0)
    found.persist()
    if task["kind"] == "regression":
        return lambda rows: found.predict(rows).to_numpy()[:, None]
    return lambda rows: found.predict_proba(rows).reindex(columns=task["labels"], fill_value=0.0).to_numpy()


def autogluon_high(train: pd.DataFrame, task: dict[str, Any], folder: Path) -> Predict:
    """Bagged and stacked, without the models that want a GPU or PyTorch."""
    return autogluon(train, task, folder, "high_quality")


def flaml(train: pd.DataFrame, task: dict[str, Any], folder: Path) -> Predict:
    from flaml import AutoML

    found = AutoML()
    rows, target = _plain(train.drop(columns="target")), _coded(train["target"], task)
    found.fit(
        rows,
        target,
        task="regression" if task["kind"] == "regression" else "classification",
        metric="rmse" if task["kind"] == "regression" else "log_loss",
        time_budget=task["seconds"],
        n_jobs=1,
        verbose=0,
        seed=0,
        estimator_list=["lgbm", "catboost", "rf", "extra_tree"],
    )
    if task["kind"] == "regression":
        return lambda part: np.asarray(found.predict(_plain(part)))[:, None]
    return lambda part: _in_order(found.predict_proba(_plain(part)), _labels(found, task), task)


def catboost(train: pd.DataFrame, task: dict[str, Any], folder: Path) -> Predict:
    from catboost import CatBoostClassifier, CatBoostRegressor

    rows, target = _filled(train.drop(columns="target")), _coded(train["target"], task)
    kind = CatBoostRegressor if task["kind"] == "regression" else CatBoostClassifier
    words = [name for name in rows if rows[name].dtype == object]
    found = kind(thread_count=1, verbose=False, random_seed=0, allow_writing_files=False, cat_features=words)
    found.fit(rows, target)
    found.save_model(str(folder / "model.cbm"))
    if task["kind"] == "regression":
        return lambda part: np.asarray(found.predict(_filled(part)))[:, None]
    return lambda part: _in_order(found.predict_proba(_filled(part)), _labels(found, task), task)


def lightgbm(train: pd.DataFrame, task: dict[str, Any], folder: Path) -> Predict:
    from lightgbm import LGBMClassifier, LGBMRegressor

    rows, target = _plain(train.drop(columns="target")), _coded(train["target"], task)
    levels = {name: rows[name].cat.categories for name in rows if str(rows[name].dtype) == "category"}

    def read(part: pd.DataFrame) -> pd.DataFrame:
        part = part.drop(columns="target", errors="ignore")
        return part.assign(
            **{name: pd.Categorical(part[name], categories=known) for name, known in levels.items()}
        )

    kind = LGBMRegressor if task["kind"] == "regression" else LGBMClassifier
    found = kind(n_jobs=1, verbose=-1, random_state=0)
    found.fit(read(train), target)
    found.booster_.save_model(str(folder / "model.txt"))
    if task["kind"] == "regression":
        return lambda part: np.asarray(found.predict(read(part)))[:, None]
    return lambda part: _in_order(found.predict_proba(read(part)), _labels(found, task), task)


def lightwood(train: pd.DataFrame, task: dict[str, Any], folder: Path) -> Predict:
    """What MindsDB 25's engine does of itself (run_generate, run_fit, predict), without MindsDB around it."""
    import lightwood
    import torch

    torch.set_num_threads(1)
    problem = {"target": "target", "time_aim": task["seconds"]}
    plan = lightwood.json_ai_from_problem(train, lightwood.ProblemDefinition.from_dict(problem))
    found = lightwood.predictor_from_code(lightwood.code_from_json_ai(plan))
    found.learn(train)
    found.save(str(folder / "predictor"))

    def answer(rows: pd.DataFrame) -> Any:
        answers = found.predict(rows.copy(), {"predict_proba": True})
        if task["kind"] == "regression":
            return answers["prediction"].to_numpy(float)[:, None]
        names = [f"__mdb_proba_{label}" for label in task["labels"]]
        return answers.reindex(columns=names, fill_value=0.0).to_numpy(float)

    return answer


def _labels(found: Any, task: dict[str, Any]) -> list[str]:
    """What each column of a library's probabilities is of."""
    return [task["labels"][place] for place in found.classes_]


def _in_order(answers: Any, labels: Sequence[str], task: dict[str, Any]) -> Any:
    """Columns as the task has its labels; 0 for one that was not among the rows to learn from."""
    answers = np.asarray(answers)
    if task["kind"] == "regression":
        return answers
    return pd.DataFrame(answers, columns=list(labels)).reindex(columns=task["labels"], fill_value=0.0)


def _coded(target: pd.Series, task: dict[str, Any]) -> Any:
    """Labels as places, so that every library has them in the same order."""
    if task["kind"] == "regression":
        return target.to_numpy(float)
    return target.map({label: place for place, label in enumerate(task["labels"])}).to_numpy(int)


def _plain(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.drop(columns="target", errors="ignore").apply(
        lambda column: column.astype("category") if column.dtype == object else column
    )


def _filled(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.drop(columns="target", errors="ignore").apply(
        lambda column: (
            column.fillna("missing").astype(str).astype(object) if column.dtype == object else column
        )
    )


def main() -> None:
    name, folder = sys.argv[1], Path(sys.argv[2])
    task = json.loads((folder / "task.json").read_text())
    train, test = (pd.read_feather(folder / f"{part}.feather") for part in ("train", "test"))
    place = folder / name
    place.mkdir()
    started = time.process_time()
    predict = {
        "ours": ours,
        "autogluon": autogluon,
        "autogluon-high": autogluon_high,
        "flaml": flaml,
        "catboost": catboost,
        "lightgbm": lightgbm,
        "lightwood": lightwood,
    }[name](train, task, place)
    spent = time.process_time() - started
    rows = test.drop(columns="target")
    answers = np.asarray(predict(rows), float)
    one = rows.iloc[[0]]
    predict(one)
    started = time.process_time()
    for _ in range(REPEATS):
        predict(one)
    latency = (time.process_time() - started) / REPEATS
    size = sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
    np.save(folder / f"{name}.npy", answers)
    print(json.dumps({"seconds": spent, "row_ms": 1e3 * latency, "bytes": size}))


if __name__ == "__main__":
    main()
