"""LightGBM over all series at once, through mlforecast, for panels of many long series.

There is one model per view of the series: scaled levels, and changes from a season ago. A trained model is
LightGBM's own text; mlforecast computes the features from the history at each use.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from slipway import Array

from ..panel.attributes import ItemFeatures
from ..panel.panel import Panel

if TYPE_CHECKING:
    from pandas import DataFrame

MIN_POINTS = 10_000  # in all series; with fewer no model is trained
MAX_POINTS = 3_000_000  # to bound memory, the oldest ones beyond are left out, then series
MAX_ROWS = 200_000  # rows that a model is fitted to, sampled at random: more did not improve it
MAX_LENGTH = 1_000
THREADED = 50_000  # rows from which on several threads are used
_ROUNDS = 300


@dataclass(frozen=True)
class View:
    """How a model sees the series."""

    name: str
    difference: int
    """The lag, in steps, of differences; 0 for levels."""


def views(seasons: Sequence[int]) -> list[View]:
    """The views for these seasons: levels and each season's changes, or with one season changes by step."""
    if len(seasons) > 1:
        return [View("level", 0), *(View(f"season{m}", m) for m in seasons)]
    return [View("change", 1)]


@dataclass
class LightGBMModel:
    """Trained models, one per view."""

    seasons: tuple[int, ...]
    boosters: dict[str, Any]
    item_features: ItemFeatures | None = None
    note: str = ""
    """Describes a sample of the series and of their points; empty if all were used."""

    @classmethod
    def fit(
        cls,
        panel: Panel,
        seasons: Sequence[int],
        seed: int,
        threads: int,
        item_features: ItemFeatures | None = None,
    ) -> "LightGBMModel | None":
        """Train on the series that are long enough; None if there are too few points."""
        import lightgbm

        chosen = np.flatnonzero(panel.lengths >= min_length(seasons))
        if panel.lengths[chosen].sum() < MIN_POINTS:
            return None
        shortest, long = 2 * max(seasons) + 50, len(chosen)
        if long * shortest > MAX_POINTS:
            chosen = np.random.default_rng(seed).choice(chosen, max(1, MAX_POINTS // shortest), replace=False)
            chosen.sort()
        longest = max(shortest, min(MAX_LENGTH, MAX_POINTS // len(chosen)))
        table = _table(panel, chosen, longest)
        boosters: dict[str, Any] = {}
        sampled = f"{len(chosen)} of {long} series" if len(chosen) < long else ""
        note = f"{sampled}, chosen at random" if sampled else ""
        for view in views(seasons):
            frame = _pipeline(view, seasons).preprocess(table, static_features=[], dropna=True)
            if len(frame) > MAX_ROWS:
                some = np.random.default_rng(seed).choice(len(frame), MAX_ROWS, replace=False)
                note = f"{MAX_ROWS} of {len(frame)} points{sampled and f' in {sampled}'}, chosen at random"
                frame = frame.iloc[np.sort(some)]
            features = frame.drop(columns=["unique_id", "ds", "y"]).to_numpy(np.float32)
            categories: list[int] = []
            if item_features is not None:
                known = item_features.of([panel.keys[place] for place in chosen.tolist()])
                categories = list(range(features.shape[1], features.shape[1] + known.shape[1]))
                features = np.hstack([features, known[frame["unique_id"].to_numpy()]]).astype(np.float32)
            data = lightgbm.Dataset(features, frame["y"].to_numpy(), categorical_feature=categories)
            # On small data several threads are slower than one.
            used = threads if len(features) > THREADED else 1
            boosters[view.name] = lightgbm.train(_settings(seed, used), data, _ROUNDS)
        return cls(tuple(seasons), boosters, item_features, note)

    def predict(self, panel: Panel, horizon: int, threads: int = 1) -> dict[str, Array]:
        """A forecast of each view, of shape (series, horizon); NaN for series that are too short."""
        chosen = np.flatnonzero(panel.lengths >= min_length(self.seasons))
        found = {view.name: np.full((len(panel), horizon), np.nan) for view in views(self.seasons)}
        if not len(chosen):
            return found
        known = np.empty((len(chosen), 0))
        if self.item_features is not None:
            known = self.item_features.of([panel.keys[place] for place in chosen.tolist()])
        table = _table(panel, chosen, max(3 * max(self.seasons) + 50, 200))
        for view in views(self.seasons):
            pipeline = _pipeline(view, self.seasons)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                pipeline.preprocess(table, static_features=[], dropna=False)
                pipeline.models_ = {"yhat": _Predictor(self.boosters[view.name], threads, known)}
                means = pipeline.predict(horizon)["yhat"].to_numpy()
            found[view.name][chosen] = means.reshape(len(chosen), horizon)
        return found

    def save(self, folder: Path) -> None:
        for name, booster in self.boosters.items():
            (folder / f"lightgbm_{name}.txt").write_text(booster.model_to_string())
        if self.item_features is not None:
            self.item_features.save(folder / "item_features.npy")

    @classmethod
    def load(cls, folder: Path, seasons: Sequence[int], keys: Sequence[tuple[str, ...]]) -> "LightGBMModel":
        """Read the models as text: LightGBM is imported at first use, which a server should not wait for."""
        names = [view.name for view in views(seasons)]
        boosters = {name: LazyBooster((folder / f"lightgbm_{name}.txt").read_text()) for name in names}
        item_features = folder / "item_features.npy"
        return cls(
            tuple(seasons),
            boosters,
            ItemFeatures.load(item_features, keys) if item_features.exists() else None,
        )


class LazyBooster:
    """A model, as LightGBM's own text, that is parsed at first use."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._booster: Any = None

    def predict(self, *args: Any, **kwargs: Any) -> Array:
        if self._booster is None:
            import lightgbm

            self._booster = lightgbm.Booster(model_str=self._text)
        found: Array = self._booster.predict(*args, **kwargs)
        return found

    def model_to_string(self) -> str:
        return self._text


@dataclass
class _Predictor:
    """A booster with the interface that mlforecast expects."""

    booster: Any
    threads: int
    item_features: Array
    """Shape (series, attributes), in the order of the series in a step's features."""

    def predict(self, features: Any) -> Array:
        rows = np.hstack([np.asarray(features), self.item_features]).astype(np.float32)
        found: Array = self.booster.predict(rows, num_threads=self.threads)
        return found


def min_length(seasons: Sequence[int]) -> int:
    """The points that a series needs: two of the longest season and 20 more."""
    return 2 * max(seasons) + 20


def _settings(seed: int, threads: int) -> dict[str, Any]:
    return {
        "objective": "l1",
        "learning_rate": 0.05,
        "num_leaves": 63,
        "min_data_in_leaf": 50,
        "feature_fraction": 0.8,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "seed": seed,
        "num_threads": threads,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }


def _pipeline(view: View, seasons: Sequence[int]) -> Any:
    """mlforecast's features for one view."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mlforecast import MLForecast
        from mlforecast.lag_transforms import RollingMean, SeasonalRollingMean
        from mlforecast.target_transforms import Differences, LocalStandardScaler

    shortest, longest = min(seasons), max(seasons)
    scale = LocalStandardScaler()
    if len(seasons) == 1:
        lags = sorted({1, 2, 3, 4, 8, longest // 4, longest // 2, longest - 1, longest, longest + 1})
        windows: dict[int, list[Any]] = {
            1: [RollingMean(4), RollingMean(max(longest // 4, 5)), RollingMean(longest)]
        }
    else:
        lags = sorted({1, 2, 3, shortest, shortest + 1, 2 * shortest, 3 * shortest, longest, longest + 1})
        windows = {
            1: [RollingMean(shortest), RollingMean(longest)],
            shortest: [SeasonalRollingMean(shortest, max(longest // shortest - 1, 2))],
        }
    transforms: list[Any] = [Differences([view.difference])] if view.difference else []
    transforms.append(scale)
    return MLForecast(
        models={}, freq=1, lags=lags, lag_transforms=windows, target_transforms=transforms, num_threads=1
    )


def _table(panel: Panel, chosen: Array, longest: int) -> "DataFrame":
    from pandas import DataFrame

    parts = [panel.series(place)[-longest:] for place in chosen]
    lengths = np.array([len(part) for part in parts])
    steps = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return DataFrame(
        {"unique_id": np.repeat(np.arange(len(parts)), lengths), "ds": steps, "y": np.concatenate(parts)}
    )
