"""Public holidays as covariates that are known ahead, from the package holidays.

A model stores the dates, so that serving never imports the package.
"""

import json
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from slipway import Array, UserError

from .panel import Panel
from .timeline import Timeline

YEARS_BEFORE, YEARS_AFTER = 5, 20  # years beyond the training data whose holidays a model knows
MIN_TIMES = 2  # times that a holiday must have been to have an effect of its own
_BRACKETS = re.compile(r"\s*\([^)]*\)$")  # "(observed)", "(substituted from 02/04/2024)"
_SATURDAY = 5
FILE = "holidays.json"  # in a model's folder


@dataclass(frozen=True)
class Calendar:
    """Days by the name of their holiday; each name is a covariate."""

    days: dict[str, Array]
    """Sorted dates, datetime64[D]."""
    neighbours: bool
    """Whether the days before and after a holiday are covariates, too."""

    @classmethod
    def of(cls, places: Sequence[str], panel: Panel) -> "Calendar":
        """The holidays of countries and their parts, such as US and DE-BY. Raises UserError."""
        frequency = panel.timeline.frequency
        if frequency.unit not in {"day", "business day"}:
            raise UserError(
                f"hyperparameter holidays: expected steps of days or weeks, got {frequency.alias}"
            )
        some = panel.lengths > 0
        first, last = panel.timeline.times(
            np.array([panel.first[some].min(), panel.after[some].max()])
        ).astype("M8[D]")
        found: dict[str, list[date]] = defaultdict(list)
        for place in dict.fromkeys(place.strip().upper() for place in places):
            for day, names in _of_place(
                place, _year(first) - YEARS_BEFORE, _year(last) + YEARS_AFTER
            ).items():
                for name in names.split("; "):
                    found[f"{_BRACKETS.sub('', name)} ({place})"].append(day)
        days = {name: np.unique(np.array(dates, dtype="M8[D]")) for name, dates in found.items()}
        often = {name: int(((dates >= first) & (dates < last)).sum()) for name, dates in days.items()}
        named = {name: dates for name, dates in sorted(days.items()) if often[name] >= MIN_TIMES}
        rare = [dates for name, dates in days.items() if name not in named]
        if rare:
            named["other holidays"] = np.unique(np.concatenate(rare))
        return cls(named, frequency.unit != "day" or frequency.count == 1)

    @property
    def names(self) -> tuple[str, ...]:
        """The covariates."""
        return (*self.days, *(("day before a holiday", "day after a holiday") if self.neighbours else ()))

    def columns(self, timeline: Timeline, steps: Array) -> Array:
        """How many days of each step are each holiday; shape (steps, names)."""
        days = timeline.times(steps).astype("M8[D]")
        frequency = timeline.frequency
        length = np.timedelta64(frequency.count if frequency.unit == "day" else 1, "D")
        # A week that is named by its Saturday or Sunday ends then; others begin with the day that names them.
        weekday = (days.astype(np.int64) + 3) % 7
        ends_then = (length == np.timedelta64(7, "D")) & (weekday >= _SATURDAY)
        begins = np.where(ends_then, days - length + 1, days)

        def within(dates: Array, from_: Array) -> Array:
            return np.searchsorted(dates, from_ + length) - np.searchsorted(dates, from_)

        parts = [within(dates, begins) for dates in self.days.values()]
        if self.neighbours:
            every = np.unique(np.concatenate([np.empty(0, "M8[D]"), *self.days.values()]))
            parts += [within(every, begins + 1), within(every, begins - 1)]
        return np.column_stack(parts).astype(np.float64) if parts else np.empty((len(steps), 0))

    def extended(
        self, panel: Panel, horizon: int, ahead: Sequence[Array] | None = None
    ) -> tuple[Panel, Sequence[Array] | None]:
        """The panel with the holidays as its last covariates, from each first point to `horizon` steps after
        the last, and future covariates likewise. One that has them is left as it is.
        """
        names = self.names
        if not names or panel.covariate_names[-len(names) :] == names or not len(panel):
            return panel, ahead
        width = len(panel.covariate_names)
        lowest = int(panel.first.min())
        known = [panel.known(place) for place in range(len(panel))]
        reach = np.maximum(panel.lengths + horizon, [len(rows) for rows in known])
        every = self.columns(panel.timeline, np.arange(lowest, int((panel.first + reach).max())))
        parts, futures = [], []
        for place, rows in enumerate(known):
            begin = int(panel.first[place]) - lowest
            whole = np.full((int(reach[place]), width + len(names)), np.nan)
            whole[: len(rows), :width] = rows
            whole[:, width:] = every[begin : begin + len(whole)]
            parts.append(whole)
            if ahead is not None:
                end = begin + int(panel.lengths[place])
                future = ahead[place].reshape(len(ahead[place]), width)
                futures.append(np.hstack([future, every[end : end + len(future)]]))
        of = Panel.of(panel, panel.keys, panel.first, list(panel))
        wide = Panel(
            of.timeline,
            of.key_names,
            of.keys,
            of.first,
            of.ends,
            of.values,
            (*panel.covariate_names, *names),
            np.concatenate(parts),
            np.cumsum(reach),
        )
        return wide, None if ahead is None else futures

    def save(self, folder: Path) -> None:
        days = {name: dates.astype(str).tolist() for name, dates in self.days.items()}
        (folder / FILE).write_text(json.dumps({"days": days, "neighbours": self.neighbours}) + "\n")

    @classmethod
    def load(cls, folder: Path) -> "Calendar | None":
        """Read what `save` wrote; None if there is nothing."""
        if not (folder / FILE).exists():
            return None
        facts = json.loads((folder / FILE).read_text())
        days = {name: np.array(dates, dtype="M8[D]") for name, dates in facts["days"].items()}
        return cls(days, facts["neighbours"])


def _of_place(place: str, first_year: int, last_year: int) -> dict[date, str]:
    """The holidays of one place by date. Raises UserError for an unknown one."""
    import holidays

    country, _, part = place.partition("-")
    known = holidays.list_supported_countries()
    if country not in known:
        raise UserError(
            f'hyperparameter holidays: unknown country "{country}"; expected codes such as US, FR or DE-BY'
        )
    if part and part not in known[country]:
        raise UserError(
            f'hyperparameter holidays: {country} has no part "{part}"; known: {", ".join(known[country])}'
        )
    years = range(first_year, last_year + 1)
    found = holidays.country_holidays(country, subdiv=part or None, years=years, language="en_US")
    return {day: str(name) for day, name in found.items()}


def _year(day: "np.datetime64") -> int:
    return int(day.astype("M8[Y]").astype(int)) + 1970
