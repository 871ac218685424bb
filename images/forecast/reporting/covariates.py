"""What covariates did: their gain in the backtest, and their effects in the units of the target.

Effects are found by asking the model, not read from its coefficients: backtest forecasts are made again by
the model that is served, with one covariate changed in the steps ahead.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from pandas import DataFrame

from slipway import Array, Report
from slipway.kit.charts import bars

from ..backtesting.backtest import Backtest, CovariateTrial, evaluate
from ..backtesting.scores import mase
from ..models.classes import CLASSES
from ..panel.panel import Panel
from .charts import label

if TYPE_CHECKING:
    from ..data.roles import Roles
    from ..predictor import Model

MOST_ASKED = 30  # forecasts of each class that are made again: their cost is that of as many in the backtest
MOST_ROWS = 40  # of a table
MOST_COVARIATES = 12  # of which the backtest is evaluated again
_MOST_TOLD = 6  # effects of a class that the text has
_MOST_BARS = 12
_WITHOUT_EFFECTS = ("empty", "constant", "tiny")


@dataclass(frozen=True)
class Change:
    """A change of one covariate: from one value to another in each series."""

    covariate: str
    words: str
    columns: Sequence[int]
    """The encoded columns that are changed."""
    low: Array
    """Their values before; shape (series, columns), NaN for a series in which the covariate does not vary."""
    high: Array
    by_unit: bool = False

    def ahead(self, known: Sequence[Array], values: Array) -> list[Array]:
        """Future covariates with `values`, shape (series, columns), in all steps."""
        found = [rows.copy() for rows in known]
        for rows, row in zip(found, values, strict=True):
            rows[:, self.columns] = row
        return found


def write(page: Report, model: "Model", tested: Backtest, seed: int, stop: Callable[[], bool]) -> None:
    """Add the sections on covariates, if any were tried."""
    trial = tested.covariates
    if trial is None:
        return
    _gain(page, model, tested, trial)
    if not trial.used:
        return
    _each(page, _with_holidays(model), tested, trial)
    if stop():
        page.add("Effects of covariates", "The time was up before the model could be asked for them.")
    else:
        _effects(page, model, tested, trial, seed)


def _with_holidays(model: "Model") -> "Roles":
    """The covariates of requests, and the holidays, which requests do not have."""
    calendar = model.engine.calendar
    names = calendar.names if calendar is not None else ()
    return replace(model.roles, covariates=(*model.roles.covariates, *names))


def _gain(page: Report, model: "Model", tested: Backtest, trial: CovariateTrial) -> None:
    classes = tested.forecasts.classes
    rows = [("all", np.arange(len(classes)))]
    rows += [(name, np.flatnonzero(classes == place)) for place, name in enumerate(CLASSES)]
    rows = [(name, places) for name, places in rows if np.isfinite(trial.without[places]).any()]
    pairs = [
        [float(np.nanmean(part[places])) for part in (trial.with_them, trial.without)] for _, places in rows
    ]
    table = DataFrame(
        {
            "class": [name for name, _ in rows],
            "forecasts": [len(places) for _, places in rows],
            "MASE with covariates": [with_them for with_them, _ in pairs],
            "MASE without": [without for _, without in pairs],
            "gain in %": [_percent(*pair) for pair in pairs],
        }
    )
    decision = (
        "They are used in all classes, as the expected gain is large enough."
        if trial.used
        else "They are declined in all classes, as the expected gain is too small to be worth sending them."
    )
    page.add("Covariates", f"The backtest with all covariates and without any. {decision}", table)


def _each(page: Report, roles: "Roles", tested: Backtest, trial: CovariateTrial) -> None:
    """The backtest as it is if one covariate is not told for the steps ahead."""
    panel = tested.panel
    groups = list(_groups(roles).items())[:MOST_COVARIATES]
    known = np.array(
        [[np.isfinite(rows[:, columns]).any() for _, columns in groups] for rows in trial.ahead]
    ).reshape(len(trial.ahead), len(groups))
    errors = []
    for _, columns in groups:
        usual = _usual(panel, columns)
        others = [rows.copy() for rows in trial.ahead]
        for rows, row in zip(others, usual, strict=True):
            rows[:, columns] = np.where(np.isfinite(rows).any(), row, np.nan)
        forecasts = trial.engine.with_other_covariates(tested.forecasts, panel, trial.ahead, others)
        found = evaluate(forecasts, panel, tested.evaluation.actual, trial.engine)
        errors.append(float(np.nanmean(mase(found.actual, found.mean, found.change))))
    least = float(np.nanmean(trial.with_them))
    table = DataFrame(
        {
            "covariate": [label((name,)) for name, _ in groups],
            "forecasts with it": known.sum(axis=0),
            "forecasts without it": (~known).sum(axis=0),
            "MASE with it": [least] * len(groups),
            "MASE without it": errors,
            "gain in %": [_percent(least, error) for error in errors],
        }
    )
    text = (
        "How often each covariate was known for the steps ahead of a backtest forecast, and what all "
        "forecasts lose if it is taken as its mean in the history instead."
    )
    if len(groups) < len(roles.covariates):
        text += f" The first {len(groups)} of {len(roles.covariates)} covariates."
    page.add("Gain of each covariate", text, table)


def _effects(page: Report, model: "Model", tested: Backtest, trial: CovariateTrial, seed: int) -> None:
    asked = [
        row
        for name, places in _sampled(tested, trial, seed)
        for row in _asked(model, name, tested.panel.take(places), [trial.ahead[place] for place in places])
    ]
    if not asked:
        page.add("Effects of covariates", "In no backtest forecast was a covariate that varies known ahead.")
        return
    shown = asked[:MOST_ROWS]
    target = label((model.roles.target,))
    text = (
        f"How the forecast of {target} changes, per step and on average, if the model is asked with "
        f"another value of one covariate in all steps ahead, in at most {MOST_ASKED} backtest forecasts of "
        f"each class. {_told(asked)} A change from low to high is from the 10 % to the 90 % quantile of each "
        "series."
    )
    if model.hierarchy is not None:
        text += " Forecasts are those before they are reconciled."
    if len(shown) < len(asked):
        text += f" The table has {len(shown)} of {len(asked)} effects."
    first = [row for row in asked if row["class"] == asked[0]["class"]][:_MOST_BARS]
    names = [f"{row['covariate']}: {row['change'].partition(' instead of ')[0]}" for row in first]
    drawn = bars(
        names, [row["per step"] for row in first], f"change of {target} per step, class {asked[0]['class']}"
    )
    page.add("Effects of covariates", text, DataFrame(shown), drawn)


def _told(asked: Sequence[dict[str, Any]]) -> str:
    """The strongest effects of each class as sentences."""
    found: dict[str, list[str]] = {}
    for row in asked:
        told = f"{row['covariate']}: {row['per step']:+.3g} per step when {row['change']}"
        if np.isfinite(row["per unit"]):
            told = f"{row['covariate']}: {row['per unit']:+.3g} per unit"
        found.setdefault(row["class"], []).append(told)
    return " ".join(f"Class {name}: {'; '.join(parts[:_MOST_TOLD])}." for name, parts in found.items())


def _sampled(tested: Backtest, trial: CovariateTrial, seed: int) -> list[tuple[str, Array]]:
    """Some forecasts of each class with known covariates, chosen at random; the largest class first."""
    known = np.array([np.isfinite(rows).any() for rows in trial.ahead], dtype=bool)
    found = []
    for number, name in enumerate(CLASSES):
        places = np.flatnonzero((tested.forecasts.classes == number) & known)
        if len(places) and name not in _WITHOUT_EFFECTS:
            some = np.random.default_rng(seed).permutation(len(places))[:MOST_ASKED]
            found.append((len(places), name, places[np.sort(some)]))
    found.sort(key=lambda part: -part[0])
    return [(name, places) for _, name, places in found]


def _asked(model: "Model", name: str, panel: Panel, ahead: Sequence[Array]) -> list[dict[str, Any]]:
    """The effect of each change in one class, the strongest first."""
    engine = model.engine
    forecasts = engine.forecast(panel, engine.horizon, ahead)
    found = []
    everything = model.panel
    if engine.calendar is not None:
        everything, _ = engine.calendar.extended(everything, engine.horizon)
    for change in changes(_with_holidays(model), everything, panel, ahead):
        asked = np.isfinite(change.low).all(axis=1)
        if not asked.any():
            continue
        before, after = (
            engine.means(
                engine.with_other_covariates(forecasts, panel, ahead, change.ahead(ahead, values)), panel
            )[asked]
            for values in (change.low, change.high)
        )
        moved = (after - before).mean(axis=1)
        low, high = np.quantile(moved, [0.1, 0.9])
        usual = np.abs(before).mean()
        width = (change.high - change.low)[asked, 0]
        found.append(
            {
                "class": name,
                "covariate": label((change.covariate,)),
                "change": change.words,
                "per step": float(moved.mean()),
                "10 % quantile": float(low),
                "90 % quantile": float(high),
                "in % of the forecast": float(100 * moved.mean() / usual) if usual else float("nan"),
                "per unit": float((moved / width).mean()) if change.by_unit else float("nan"),
                "forecasts asked": int(asked.sum()),
            }
        )
    return sorted(found, key=lambda row: -abs(row["per step"]))


def changes(roles: "Roles", everything: Panel, panel: Panel, ahead: Sequence[Array]) -> Iterator[Change]:
    """What to ask: categories instead of the most frequent one, the other of two values, high instead of low.

    `everything` tells which values a covariate has, `panel` and `ahead` what is usual in each series.
    """
    for name, columns in _groups(roles).items():
        if name in roles.categories:
            often = np.nansum(everything.covariates[:, columns], axis=0)
            usual = int(often.argmax())
            words = roles.categories[name]
            known = np.array([np.isfinite(rows[:, columns]).any() for rows in ahead])[:, None]
            one = np.eye(len(columns))
            for place in np.flatnonzero(often > 0).tolist():
                if place != usual:
                    said = f"{label((words[place],))} instead of {label((words[usual],))}"
                    low, high = (np.where(known, one[row], np.nan) for row in (usual, place))
                    yield Change(name, said, columns, low, high)
            continue
        (column,) = columns
        values = everything.covariates[:, column]
        values = values[np.isfinite(values)]
        if not len(values) or np.ptp(values) == 0:
            continue
        least, most = values.min(), values.max()
        if ((values == least) | (values == most)).all():
            known = np.array([np.isfinite(rows[:, column]).any() for rows in ahead])[:, None]
            low, high = (np.where(known, value, np.nan) for value in (least, most))
            yield Change(name, f"{most:.4g} instead of {least:.4g}", columns, low, high)
        else:
            ends = np.array([_ends(panel, place, rows, column) for place, rows in enumerate(ahead)])
            yield Change(name, "high instead of low", columns, ends[:, :1], ends[:, 1:], by_unit=True)


def _ends(panel: Panel, place: int, ahead: Array, column: int) -> Array:
    """The 10 % and the 90 % quantile of a covariate in one series, or its extremes where these are equal; NaN
    where it does not vary or is unknown ahead."""
    past = panel.known(place)[: len(panel.series(place)), column]
    values = np.r_[past, ahead[:, column]]
    values = values[np.isfinite(values)]
    if not np.isfinite(ahead[:, column]).any() or np.ptp(values) == 0:
        return np.full(2, np.nan)
    found = np.quantile(values, [0.1, 0.9])
    return found if found[0] < found[1] else np.array([values.min(), values.max()])


def _percent(after: float, before: float) -> float:
    """How much smaller an error is; NaN where there was none to gain."""
    return 100 * (1 - after / before) if before else float("nan")


def _groups(roles: "Roles") -> dict[str, list[int]]:
    """The encoded columns of each covariate."""
    found, start = {}, 0
    for name in roles.covariates:
        width = len(roles.categories.get(name, ("",)))
        found[name] = list(range(start, start + width))
        start += width
    return found


def _usual(panel: Panel, columns: Sequence[int]) -> Array:
    """The mean of covariates in each history; shape (series, columns), NaN without values."""
    found = np.full((len(panel), len(columns)), np.nan)
    for place in range(len(panel)):
        past = panel.known(place)[: len(panel.series(place)), columns]
        known = np.isfinite(past)
        total = np.where(known, past, 0.0).sum(axis=0)
        found[place] = np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)
    return found
