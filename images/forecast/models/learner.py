"""A global learner, with covariates or without: LightGBM over all series.

It learns how far a point is from the mean of the points before the forecast begins, from lags, the season,
and covariates, if there are any, at the step, before it and after it. The steps ahead are a feature, so one
model forecasts all steps at once, and no error is fed back. It sees series without the effects of the
regression, if any.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from slipway import Array

from ..panel.attributes import ItemFeatures
from ..panel.panel import Panel
from .classes import CLASSES, SeriesClass, classes_of
from .effects import carried, padded
from .ensemble import Forecasts
from .foundation import blended
from .lagged import Lagged, base_window
from .lightgbm_model import LazyBooster

TRIED: tuple[SeriesClass, ...] = ("seasonal", "long seasons")
MIN_POINTS = 2_000  # in all series of these classes; with fewer there is no model
MAX_SERIES = 2_000  # that a model is fitted to, sampled at random
MAX_ROWS = 30_000  # rows that a model is fitted to, likewise; too few for a second thread to help
DRAWS = 2  # rows of each point, at most, each a number of steps after the forecast began
ROUNDS = 200
_SETTINGS = {
    "objective": "l2",
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 20,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


@dataclass(frozen=True)
class Modelled:
    """Histories as they are modelled."""

    panel: Panel
    """In logarithms where these are used, without the effects of the regression, without covariates."""
    covariates: Panel
    """The same series with their covariates."""
    logs: Array
    """Whether each series is in logarithms."""
    ahead: Sequence[Array] | None = None
    """Future covariates, as in `Effects.split`; by default those of `covariates`."""


@dataclass(frozen=True)
class Learner:
    """A trained model, and its share in the forecasts of each class, above 0 and at most 1."""

    booster: LazyBooster
    horizon: int
    seasons: tuple[int, ...]
    ratios: Array
    """Whether each covariate is taken as a ratio to what is usual in its series."""
    item_features: ItemFeatures | None = None
    shares: Mapping[SeriesClass, float] = field(default_factory=dict)
    """The shares chosen; empty before the choice."""

    @classmethod
    def fit(
        cls,
        histories: Modelled,
        horizon: int,
        seasons: Sequence[int],
        ratios: Array,
        seed: int,
        item_features: ItemFeatures | None = None,
    ) -> "Learner | None":
        """Train on histories, without covariates if `ratios` is empty; None if they have too few points."""
        import lightgbm

        panel, covariates = histories.panel, histories.covariates
        random = np.random.default_rng(seed)
        places = _places(panel, seasons)
        if len(places) > MAX_SERIES:
            places = np.sort(random.permutation(places)[:MAX_SERIES]).tolist()
        known = [np.empty((0, 0))] * len(places)
        if len(ratios):
            known = [carried(rows, rows[:0]) for rows in (covariates.known(place) for place in places)]
        lagged = Lagged.of(panel, places, seasons, horizon, histories.logs, known, ratios)
        least = 2 * base_window(seasons)
        usable = np.maximum(lagged.lengths - least, 0)
        if usable.sum() < MIN_POINTS:
            return None
        rows = np.tile(np.repeat(np.arange(len(places)), usable), DRAWS)
        steps = least + np.tile(np.concatenate([np.arange(number) for number in usable]), DRAWS)
        if len(rows) > MAX_ROWS:
            some = np.sort(random.permutation(len(rows))[:MAX_ROWS])
            rows, steps = rows[some], steps[some]
        ahead = random.integers(1, np.minimum(horizon, steps - least // 2) + 1)
        features, base = lagged.features(rows, steps, ahead)
        features, categories = _with_items(features, item_features, panel, places, rows)
        data = lightgbm.Dataset(features, lagged.at(rows, steps) - base, categorical_feature=categories)
        settings = {**_SETTINGS, "seed": seed}
        booster = LazyBooster(lightgbm.train(settings, data, ROUNDS).model_to_string())
        return cls(booster, horizon, tuple(seasons), ratios, item_features)

    def predict(self, histories: Modelled) -> Array:
        """Means of the next steps, shape (series, horizon), as the histories are modelled; NaN for series of
        other classes and, if it is of covariates, those without any future ones.
        """
        panel, covariates, ahead = histories.panel, histories.covariates, histories.ahead
        found = np.full((len(panel), self.horizon), np.nan)
        places, known = [], []
        for place in _places(panel, self.seasons):
            if not self.covaried:
                places.append(place)
                known.append(np.empty((0, 0)))
                continue
            points = len(panel.series(place))
            past = covariates.known(place)[:points]
            future = covariates.known(place)[points:] if ahead is None else ahead[place]
            if len(past) == points and np.isfinite(future).any():
                places.append(place)
                later = carried(padded(future, self.horizon), past)
                known.append(np.vstack([carried(past, past[:0]), later]))
        if not places:
            return found
        lagged = Lagged.of(panel, places, self.seasons, self.horizon, histories.logs, known, self.ratios)
        rows = np.repeat(np.arange(len(places)), self.horizon)
        steps_ahead = np.tile(np.arange(1, self.horizon + 1), len(places))
        features, base = lagged.features(rows, lagged.lengths[rows] + steps_ahead - 1, steps_ahead)
        features, _ = _with_items(features, self.item_features, panel, places, rows)
        scaled = base + self.booster.predict(features, num_threads=1)
        found[places] = scaled.reshape(-1, self.horizon) * lagged.scales[:, None]
        return found

    def blend(self, forecasts: Forecasts, histories: Modelled, added: Array | float = 0.0) -> Forecasts:
        """The forecasts with the learner's share in them; `added`, the effect of the regression, is already
        in `forecasts`."""
        steps = forecasts.mean.shape[1]
        means = self.predict(histories)[:, :steps] + added
        return blended(forecasts, means, forecasts.spread, self.shares_of(forecasts))

    @property
    def covaried(self) -> bool:
        """Whether it has covariates."""
        return len(self.ratios) > 0

    def shares_of(self, forecasts: Forecasts) -> Array:
        """The share in the forecast of each series; shape (series,)."""
        found: Array = np.array([self.shares.get(label, 0.0) for label in CLASSES])[forecasts.classes]
        return found

    def with_shares(self, shares: Mapping[SeriesClass, float]) -> "Learner":
        return replace(self, shares=shares)

    def save(self, folder: Path) -> None:
        (folder / "learner.txt").write_text(self.booster.model_to_string())
        facts = {
            "horizon": self.horizon,
            "seasons": self.seasons,
            "ratios": self.ratios.tolist(),
            "shares": dict(self.shares),
        }
        (folder / "learner.json").write_text(json.dumps(facts) + "\n")
        if self.item_features is not None:
            self.item_features.save(folder / "learner_items.npy")

    @classmethod
    def load(cls, folder: Path, keys: Sequence[tuple[str, ...]]) -> "Learner | None":
        """Read what `save` wrote; None if there is nothing."""
        path, items = folder / "learner.json", folder / "learner_items.npy"
        if not path.exists():
            return None
        facts = json.loads(path.read_text())
        return cls(
            LazyBooster((folder / "learner.txt").read_text()),
            facts["horizon"],
            tuple(facts["seasons"]),
            np.array(facts["ratios"], dtype=bool),
            ItemFeatures.load(items, keys) if items.exists() else None,
            facts["shares"],
        )


def _places(panel: Panel, seasons: Sequence[int]) -> list[int]:
    """The series of the classes TRIED that have enough points for the features."""
    classes = classes_of(panel.values, panel.ends, seasons)
    least = 2 * base_window(seasons)
    return [place for place, label in enumerate(classes) if label in TRIED and panel.lengths[place] >= least]


def _with_items(
    features: Array,
    item_features: ItemFeatures | None,
    panel: Panel,
    places: Sequence[int],
    rows: Array,
) -> tuple[Array, list[int]]:
    """The features with the attributes of items, and the columns that are categories."""
    if item_features is None:
        return features, []
    known = item_features.of([panel.keys[place] for place in places])[rows]
    width = features.shape[1]
    return np.hstack([features, known]), list(range(width, width + known.shape[1]))
