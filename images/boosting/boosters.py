"""Grown trees at serving, one class an engine: scores, leaves, and what each column added to a score."""

import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from slipway import Array, Table

from .features import Features

if TYPE_CHECKING:
    from .row_view import View

THREADS = 1  # of a worker, of which there is one a CPU


class Booster(ABC):
    """Trees of one engine, with the best number of them. `data` below is what `data()` made of rows."""

    suffix: ClassVar[str]
    """How the engine's own file of them ends."""

    def __init__(self, features: Features) -> None:
        self.features = features
        self.threads = THREADS

    @abstractmethod
    def data(self, rows: "Table | View") -> Any:
        """Rows of a request, or those of a part of a job's table, as the engine takes them."""

    @abstractmethod
    def score(self, data: Any) -> Array:
        """What the engine's own predict gives: probabilities, (n,) or (n, classes), or numbers, (n,)."""

    @abstractmethod
    def raw(self, data: Any) -> Array:
        """Sums of leaf values, shape (n,) or (n, classes)."""

    @abstractmethod
    def leaves(self, data: Any) -> Array:
        """Which leaf of each tree a row falls into, shape (n, trees)."""

    @abstractmethod
    def contributions(self, data: Any) -> Array:
        """SHAP values of the raw score and, last, its mean: (n, columns + 1) or (n, classes, columns + 1)."""

    @abstractmethod
    def importance(self) -> Array:
        """How much each column brought, in shares that sum to 1."""

    @property
    @abstractmethod
    def trees(self) -> int:
        """How many rounds of trees there are."""

    @abstractmethod
    def save(self, path: Path) -> None: ...

    @classmethod
    @abstractmethod
    def load(cls, path: Path, features: Features) -> Self: ...

    def reloaded(self) -> Self:
        """As it will be once saved and loaded: what is measured in training is what will answer."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"model{self.suffix}"
            self.save(path)
            return type(self).load(path, self.features)


class CatBoost(Booster):
    """CatBoost's own binary format."""

    suffix = ".cbm"

    def __init__(self, model: Any, features: Features) -> None:
        super().__init__(features)
        self.model = model
        loss = model.get_all_params().get("loss_function", "") if model.is_fitted() else ""
        kind = str(loss).partition(":")[0]
        self._type = (
            "Probability"
            if kind in {"Logloss", "CrossEntropy", "MultiClass", "MultiClassOneVsAll"}
            else "Exponent"
            if kind in {"Poisson", "Tweedie"}
            else "RawFormulaVal"
        )

    def data(self, rows: "Table | View") -> Any:
        from catboost import Pool

        return Pool(
            self.features.frame(rows),
            cat_features=self.features.places("category") or None,
            text_features=self.features.places("text") or None,
            thread_count=self.threads,
        )

    def score(self, data: Any) -> Array:
        found = self._predict(data, self._type)
        return found[:, 1] if self._type == "Probability" and found.shape[1] == 2 else _flat(found)

    def raw(self, data: Any) -> Array:
        return _flat(self._predict(data, "RawFormulaVal"))

    def leaves(self, data: Any) -> Array:
        found = self.model.calc_leaf_indexes(data, thread_count=self.threads)
        return np.asarray(found, dtype=np.int64)

    def contributions(self, data: Any) -> Array:
        return np.asarray(
            self.model.get_feature_importance(data, type="ShapValues", thread_count=self.threads)
        )

    def importance(self) -> Array:
        return _shares(self.model.get_feature_importance(type="PredictionValuesChange"))

    @property
    def trees(self) -> int:
        return int(self.model.tree_count_)

    def save(self, path: Path) -> None:
        self.model.save_model(str(path), format="cbm")

    @classmethod
    def load(cls, path: Path, features: Features) -> Self:
        from catboost import CatBoost as Trees

        return cls(Trees().load_model(str(path), format="cbm"), features)

    def _predict(self, data: Any, kind: str) -> Array:
        found = np.asarray(self.model.predict(data, prediction_type=kind, thread_count=self.threads))
        return found[:, None] if found.ndim == 1 else found


class LightGBM(Booster):
    """LightGBM's own text format."""

    suffix = ".txt"

    def __init__(self, model: Any, features: Features) -> None:
        super().__init__(features)
        self.model = model

    def data(self, rows: "Table | View") -> Any:
        return self.features.matrix(rows)

    def score(self, data: Any) -> Array:
        return _flat(self._predict(data))

    def raw(self, data: Any) -> Array:
        return _flat(self._predict(data, raw_score=True))

    def leaves(self, data: Any) -> Array:
        return self._predict(data, pred_leaf=True).astype(np.int64).reshape(len(data), -1)

    def contributions(self, data: Any) -> Array:
        return _by_class(self._predict(data, pred_contrib=True), len(self.features.columns))

    def importance(self) -> Array:
        return _shares(self.model.feature_importance("gain"))

    @property
    def trees(self) -> int:
        return int(self.model.current_iteration())

    def save(self, path: Path) -> None:
        path.write_text(self.model.model_to_string(num_iteration=-1))

    @classmethod
    def load(cls, path: Path, features: Features) -> Self:
        import lightgbm

        return cls(lightgbm.Booster(params={"num_threads": THREADS}, model_str=path.read_text()), features)

    def _predict(self, data: Array, **kind: bool) -> Array:
        found = self.model.predict(data, num_threads=self.threads, **kind)
        return np.asarray(found)


class XGBoost(Booster):
    """XGBoost's own binary JSON."""

    suffix = ".ubj"

    def __init__(self, model: Any, features: Features) -> None:
        super().__init__(features)
        self.model = model
        self.model.set_param({"nthread": THREADS})

    def data(self, rows: "Table | View") -> Any:
        return self.features.matrix(rows)

    def score(self, data: Any) -> Array:
        return _flat(self.model.inplace_predict(data))

    def raw(self, data: Any) -> Array:
        return _flat(self.model.inplace_predict(data, predict_type="margin"))

    def leaves(self, data: Any) -> Array:
        found: Array = np.asarray(self.model.predict(self._pool(data), pred_leaf=True), dtype=np.int64)
        return found.reshape(len(data), -1)

    def contributions(self, data: Any) -> Array:
        return np.asarray(self.model.predict(self._pool(data), pred_contribs=True), dtype=np.float64)

    def importance(self) -> Array:
        gains = self.model.get_score(importance_type="total_gain")
        return _shares([_one(gains.get(f"f{place}", 0.0)) for place in range(len(self.features.columns))])

    @property
    def trees(self) -> int:
        return int(self.model.num_boosted_rounds())

    def save(self, path: Path) -> None:
        self.model.save_model(path.with_suffix(self.suffix))

    @classmethod
    def load(cls, path: Path, features: Features) -> Self:
        import xgboost

        return cls(xgboost.Booster(model_file=str(path)), features)

    def _pool(self, data: Array) -> Any:
        return dmatrix(data, self.features, nthread=self.threads)


BOOSTERS: dict[str, type[Booster]] = {"catboost": CatBoost, "lightgbm": LightGBM, "xgboost": XGBoost}


def dmatrix(matrix: Array, features: Features, **more: Any) -> Any:
    """XGBoost's own table of rows."""
    import xgboost

    kinds = ["c" if column.role == "category" else "q" for column in features.columns]
    return xgboost.DMatrix(
        matrix, feature_types=kinds, enable_categorical=True, feature_names=None, missing=np.nan, **more
    )


def _flat(found: Any) -> Array:
    """(n, 1) as (n,), of float64."""
    numbers: Array = np.asarray(found, dtype=np.float64)
    return numbers[:, 0] if numbers.ndim == 2 and numbers.shape[1] == 1 else numbers


def _shares(values: Any) -> Array:
    """Values from 0, or what is left of them, as shares that sum to 1."""
    found: Array = np.abs(np.asarray(values, dtype=np.float64))
    return found / max(float(found.sum()), 1e-300)


def _by_class(found: Array, columns: int) -> Array:
    """LightGBM puts the classes side by side."""
    return found if found.shape[1] == columns + 1 else found.reshape(len(found), -1, columns + 1)


def _one(value: Any) -> float:
    return float(value[0]) if isinstance(value, list) else float(value)
