"""Trained trees, one class per engine: scores, leaves, SHAP values and importance."""

import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from slipway import Array, Table
from slipway.kit.imports import lean

from .features import Features

if TYPE_CHECKING:
    from .row_view import View

THREADS = 1  # per worker process, of which there is one per CPU


class Booster(ABC):
    """Trees of one engine. `data` below is the result of `data()`, n rows in the engine's own form."""

    suffix: ClassVar[str]
    """Suffix of the engine's model file."""

    def __init__(self, features: Features) -> None:
        self.features = features
        self.threads = THREADS

    @abstractmethod
    def data(self, rows: "Table | View") -> Any:
        """Rows of a request, or of a split of the training table, in the engine's own form."""

    @abstractmethod
    def score(self, data: Any) -> Array:
        """The engine's prediction: probabilities, shape (n,) or (n, classes), or numbers, shape (n,)."""

    @abstractmethod
    def raw(self, data: Any) -> Array:
        """Sums of leaf values, shape (n,) or (n, classes)."""

    @abstractmethod
    def leaves(self, data: Any) -> Array:
        """Index of the leaf of each tree that a row falls into, shape (n, trees)."""

    @abstractmethod
    def contributions(self, data: Any) -> Array:
        """SHAP values of the raw score, base value last: (n, features + 1) or (n, classes, features + 1)."""

    @abstractmethod
    def importance(self) -> Array:
        """Importance of each feature by the engine's own measure, shape (features,), with sum 1."""

    @property
    @abstractmethod
    def trees(self) -> int:
        """Number of boosting rounds."""

    @abstractmethod
    def save(self, path: Path) -> None: ...

    @classmethod
    @abstractmethod
    def load(cls, path: Path, features: Features) -> Self: ...

    def reloaded(self) -> Self:
        """Saved and loaded once, so that training evaluates the very model that will be served."""
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
            cat_features=self.features.positions("category") or None,
            text_features=self.features.positions("text") or None,
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
        return _normalised(self.model.get_feature_importance(type="PredictionValuesChange"))

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
        return _normalised(self.model.feature_importance("gain"))

    @property
    def trees(self) -> int:
        return int(self.model.current_iteration())

    def save(self, path: Path) -> None:
        path.write_text(self.model.model_to_string(num_iteration=-1))

    @classmethod
    def load(cls, path: Path, features: Features) -> Self:
        with lean():
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
        return _normalised([_one(gains.get(f"f{index}", 0.0)) for index in range(len(self.features.columns))])

    @property
    def trees(self) -> int:
        return int(self.model.num_boosted_rounds())

    def save(self, path: Path) -> None:
        self.model.save_model(path.with_suffix(self.suffix))

    @classmethod
    def load(cls, path: Path, features: Features) -> Self:
        with lean():
            import xgboost

        return cls(xgboost.Booster(model_file=str(path)), features)

    def _pool(self, data: Array) -> Any:
        return dmatrix(data, self.features, nthread=self.threads)


BOOSTERS: dict[str, type[Booster]] = {"catboost": CatBoost, "lightgbm": LightGBM, "xgboost": XGBoost}


def dmatrix(matrix: Array, features: Features, **more: Any) -> Any:
    """XGBoost's own form of `matrix`, shape (n, features); `more` are labels, weights and the like."""
    import xgboost  # which trained or loaded the model

    kinds = ["c" if column.role == "category" else "q" for column in features.columns]
    return xgboost.DMatrix(
        matrix, feature_types=kinds, enable_categorical=True, feature_names=None, missing=np.nan, **more
    )


def _flat(found: Any) -> Array:
    """float64; shape (n, 1) becomes (n,)."""
    numbers: Array = np.asarray(found, dtype=np.float64)
    return numbers[:, 0] if numbers.ndim == 2 and numbers.shape[1] == 1 else numbers


def _normalised(values: Any) -> Array:
    """Absolute values divided by their sum."""
    found: Array = np.abs(np.asarray(values, dtype=np.float64))
    return found / max(float(found.sum()), 1e-300)


def _by_class(found: Array, columns: int) -> Array:
    """LightGBM's values of all classes, side by side, as shape (n, classes, features + 1)."""
    return found if found.shape[1] == columns + 1 else found.reshape(len(found), -1, columns + 1)


def _one(value: Any) -> float:
    return float(value[0]) if isinstance(value, list) else float(value)
