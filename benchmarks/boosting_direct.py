"""The three libraries called directly, as one would without Slipway; see boosting.py."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

TABLES = {
    "adult": ("income", "binary"),
    "credit_g": ("risk", "binary"),
    "pima": ("Class", "binary"),
    "winequality": ("quality", "multiclass"),
    "abalone": ("rings", "regression"),
}
ENGINES = ("catboost", "lightgbm", "xgboost")
RATE = 0.1
PATIENCE = 50


@dataclass
class Parts:
    """A table's rows by use."""

    train: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame
    target: str
    problem: str

    @classmethod
    def read(cls, folder: Path, name: str) -> "Parts":
        target, problem = TABLES[name]
        train, test = (pd.read_csv(folder / f"{name}.{part}.csv.gz") for part in ("train", "test"))
        held = np.random.default_rng(0).random(len(train)) < 0.15
        return cls(train[~held], train[held], test, target, problem)


def direct(
    parts: Parts, engine: str, trees: int, folder: Path
) -> tuple[Callable[[pd.DataFrame], Any], Any, float]:
    """The library by itself, from the same files: its predict, the classes, and growing alone."""
    frames = {name: pd.read_csv(folder / name / "rows.csv") for name in ("train", "validation")}
    started = time.process_time()
    features = [name for name in frames["train"] if name != parts.target]
    words = [name for name in features if frames["train"][name].dtype == object]
    classes = np.sort(frames["train"][parts.target].unique()) if parts.problem != "regression" else None

    def encoded(frame: pd.DataFrame) -> Any:
        column = frame[parts.target]
        return column if classes is None else np.searchsorted(classes, column)

    y, y_stop = encoded(frames["train"]), encoded(frames["validation"])
    if engine == "catboost":
        import catboost

        def pool(frame: pd.DataFrame, target: Any = None) -> Any:
            frame = frame[features].copy()
            frame[words] = frame[words].fillna("")
            return catboost.Pool(frame, target, cat_features=words, thread_count=1)

        loss = {"binary": "Logloss", "multiclass": "MultiClass", "regression": "RMSE"}[parts.problem]
        model = catboost.CatBoost(
            {
                "loss_function": loss,
                "eval_metric": loss,
                "iterations": trees,
                "learning_rate": RATE,
                "thread_count": 1,
                "logging_level": "Silent",
                "allow_writing_files": False,
                "random_seed": 0,
            }
        )
        model.fit(
            pool(frames["train"], y),
            eval_set=pool(frames["validation"], y_stop),
            early_stopping_rounds=PATIENCE,
        )
        kind = "RawFormulaVal" if classes is None else "Probability"
        took = time.process_time() - started
        return lambda frame: model.predict(pool(frame), prediction_type=kind, thread_count=1), classes, took
    categories = {
        name: pd.CategoricalDtype(np.sort(frames["train"][name].dropna().unique())) for name in words
    }

    def typed(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[features].astype(categories)

    if engine == "lightgbm":
        import lightgbm

        loss = {"binary": "binary", "multiclass": "multiclass", "regression": "regression"}[parts.problem]
        params: dict[str, Any] = {
            "objective": loss,
            "learning_rate": RATE,
            "num_threads": 1,
            "verbosity": -1,
            "seed": 0,
            "deterministic": True,
            "force_row_wise": True,
        }
        if parts.problem == "multiclass":
            params["num_class"] = len(classes)  # type: ignore[arg-type]
        train = lightgbm.Dataset(typed(frames["train"]), y)
        stop = lightgbm.Dataset(typed(frames["validation"]), y_stop, reference=train)
        booster = lightgbm.train(
            params,
            train,
            trees,
            valid_sets=[train, stop],
            valid_names=["train", "stop"],
            callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
        )
        took = time.process_time() - started
        return lambda frame: booster.predict(typed(frame), num_threads=1), classes, took
    import xgboost

    objective = {
        "binary": "binary:logistic",
        "multiclass": "multi:softprob",
        "regression": "reg:squarederror",
    }
    params = {"objective": objective[parts.problem], "learning_rate": RATE, "nthread": 1, "seed": 0}
    if parts.problem == "multiclass":
        params["num_class"] = len(classes)  # type: ignore[arg-type]
    train = xgboost.DMatrix(typed(frames["train"]), y, enable_categorical=True, nthread=1)
    stop = xgboost.DMatrix(typed(frames["validation"]), y_stop, enable_categorical=True, nthread=1)
    grown = xgboost.train(
        params,
        train,
        trees,
        evals=[(train, "train"), (stop, "stop")],
        verbose_eval=False,
        callbacks=[xgboost.callback.EarlyStopping(rounds=PATIENCE, save_best=True)],
    )
    took = time.process_time() - started
    return lambda frame: grown.inplace_predict(typed(frame)), classes, took
