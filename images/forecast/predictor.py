"""Forecasts at serving time, from the histories stored with the model or sent in the request."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

import slipway
from slipway import Answers, Array, Column, Kind, Table, UserError

from . import request, response
from .data.roles import Roles
from .earlier import EarlierForecasts
from .models.calibration import IntervalCalibration
from .models.demand import Demand
from .models.effects import Effects
from .models.engine import Engine
from .models.ensemble import Forecasts
from .models.foundation import Foundation
from .models.hierarchy import Hierarchy
from .models.learner import Learner
from .models.lightgbm_model import LightGBMModel
from .options import Options
from .panel.frequency import Frequency
from .panel.holidays import Calendar
from .panel.panel import Panel
from .panel.timeline import Timeline
from .pretrained.model import PretrainedModel
from .request import Request
from .response import Response


def _columns(names: Roles, column_kinds: Mapping[str, Kind], timeline: Timeline) -> list[Column]:
    """The columns of a request. All are optional: a request names a series, or sends its points."""
    usual = {names.keys[0]: ["item_id"], names.time: ["timestamp", "start"], names.target: ["target"]}
    everything = (*names.keys, names.time, names.target, *names.covariates)

    def column(name: str, **fields: Any) -> Column:
        aliases = tuple(alias for alias in usual.get(name, ()) if alias not in everything)
        return Column(name=name, optional=True, aliases=aliases, **{"kind": column_kinds.get(name), **fields})

    return [
        *(column(name, role="key") for name in names.keys),
        column(names.time, kind="time", role="time", times=timeline.format),
        column(names.target, lists=True),
        *(column(name) for name in (*names.covariates, names.stockout) if name),
    ]


WEIGHTS = "weights"  # the folder of a pretrained model within that of a model


class Model(slipway.Model):
    """A fitted engine with the histories of its series.

    `reconciled` has the reconciled means and the spreads of all series of a hierarchy, which depend on one
    another; None without a hierarchy. `column_kinds` has the kinds of columns that the training table does
    not have.
    """

    options: ClassVar = Options
    task = "forecasting"
    measures: ClassVar = {"MASE": "mase", "WAPE": ""}

    def __init__(
        self,
        engine: Engine,
        panel: Panel,
        roles: Roles,
        column_kinds: Mapping[str, Kind],
        quantiles: tuple[float, ...],
        hierarchy: Hierarchy | None = None,
        reconciled: Forecasts | None = None,
    ) -> None:
        self.engine = engine
        self.panel = panel
        self.roles = roles
        self.quantiles = quantiles
        self.hierarchy = hierarchy
        self.reconciled = reconciled
        self.column_kinds = dict(column_kinds)
        self.columns = _columns(roles, self.column_kinds, panel.timeline)
        self._earlier = EarlierForecasts(panel, engine.season, self._means)
        keys = roles.keys
        self.layouts = [keys, (*keys, roles.time), (*keys, roles.time, *roles.covariates)]

    def predict(self, table: Table, options: Options) -> Answers:
        """Forecast the rows or series of a request, in the layout of `response.answers`.

        Raises UserError for an invalid option, RowErrors for invalid rows."""
        horizon = self._horizon(options)
        wanted = request.read(table, self.panel, self.roles, horizon)
        forecasts, panel = self._forecasts(wanted)
        levels = options.quantiles or self.quantiles
        quantiles = self.engine.quantiles(forecasts, panel, levels)
        number = options.num_samples if "samples" in options.output_types else 0
        samples = self.engine.samples(forecasts, panel, number)
        means = self.engine.means(forecasts, panel)
        found = Response(
            panel,
            means[:, :horizon],
            quantiles[:, :horizon],
            samples[:, :, :horizon],
            levels,
            options.output_types,
            self._observed(panel, options.anomalies),
        )
        answers = response.answers(wanted, found, options, table.nests)
        if wanted.named:
            answers.outcomes = lambda: self._earlier.compare(panel, means)
        return answers

    def groups(self, table: Table) -> Array | None:
        return request.groups(table, self.roles)

    def keeps(self, options: Options) -> bool:
        """Whether `dynamic_feat` is needed, which has the covariates of the model in their order."""
        return bool(self.roles.covariates)

    def warm(self) -> None:
        """Import the libraries and run each method once."""
        self.engine.forecast(self.panel.take([0]) if len(self.panel) else self.panel, self.engine.horizon)

    def _horizon(self, options: Options) -> int:
        most = self.engine.horizon
        if options.horizon is not None and options.horizon > most:
            raise UserError(
                f"option horizon: expected at most {most}, the horizon of training, got {options.horizon}"
            )
        step = self.panel.timeline.frequency
        if options.freq and Frequency.parse(options.freq) != step:
            raise UserError(f"option freq: expected {step.alias} as in training, got {options.freq}")
        return options.horizon or most

    def _forecasts(self, wanted: Request) -> tuple[Forecasts, Panel]:
        """Forecasts of the whole horizon, so that a step's forecast does not depend on which others are
        requested.
        """
        if self.hierarchy is None:
            # A series without a name has no attributes, even if its place in the request is a known key.
            panel = wanted.panel if wanted.named else replace(wanted.panel, keys=[()] * len(wanted.panel))
            return self.engine.forecast(panel, self.engine.horizon, wanted.ahead), wanted.panel
        return self._coherent(wanted)

    def stored(self, places: Sequence[int]) -> tuple[Forecasts, Panel]:
        """Forecasts of some of the stored histories, as a request that names their series has them."""
        panel = self.panel.take(places)
        ahead = request.future_covariates(panel, self.engine.horizon)
        return self._forecasts(Request("ids", panel, np.arange(len(panel)), ahead=ahead))

    def _means(self, places: list[int]) -> tuple[Panel, Array]:
        """Some of the stored histories, and the means that are forecast from them."""
        forecasts, panel = self.stored(places)
        return panel, self.engine.means(forecasts, panel)

    def _coherent(self, wanted: Request) -> tuple[Forecasts, Panel]:
        """Series of a hierarchy: as reconciled in training, or reconciled again with the data sent."""
        assert self.hierarchy is not None
        assert self.reconciled is not None
        everything, reconciled = self.panel, self.reconciled
        covaried = self.engine.covaried and self._other_covariates(wanted)
        if wanted.form not in {"points", "ids"} or covaried:
            everything = self.hierarchy.aggregate(self._renewed(wanted))
            reconciled = self.engine.forecast(everything, self.engine.horizon)
            reconciled = self.hierarchy.reconcile(
                reconciled, everything, self.engine.lower_bounds(everything)
            )
        places = np.array([everything.where[key] for key in wanted.panel.keys], dtype=np.int64)
        return reconciled.take(places), everything.take(places)

    def _other_covariates(self, wanted: Request) -> bool:
        """Whether the future covariates differ from those stored."""
        return any(
            not np.array_equal(ahead, stored, equal_nan=True)
            for ahead, stored in zip(
                wanted.ahead or (), request.future_covariates(wanted.panel, self.engine.horizon), strict=True
            )
        )

    def _renewed(self, wanted: Request) -> Panel:
        """The lowest series, each as sent, or else as stored."""
        stored, sent = self.panel, wanted.panel
        given = [place for place, key in enumerate(sent.keys) if "" not in key]
        new = wanted.form not in {"points", "ids"}
        if len(given) < len(sent) and (new or not given):
            what = "histories" if new else "covariates"
            raise UserError(f"a total is forecast from its parts; send the {what} of the parts")
        kept = [place for place, key in enumerate(stored.keys) if "" not in key and key not in sent.where]
        known = [
            np.concatenate([sent.known(place)[: len(sent.series(place))], wanted.ahead[place]])
            for place in given
            if wanted.ahead is not None
        ]
        fresh = sent.take(given)
        parts = [stored.take(kept), fresh]
        keys = [key for part in parts for key in part.keys]
        first = np.concatenate([part.first for part in parts])
        covariates = [*(stored.known(place) for place in kept), *known] if stored.covariate_names else ()
        return Panel.of(stored, keys, first, [y for part in parts for y in part], covariates)

    def _observed(self, panel: Panel, last: int) -> Array:
        if not last:
            return np.empty((4, len(panel), 0))
        from .models.anomalies import flags

        values = np.full((len(panel), last), np.nan)
        for place, y in enumerate(panel):
            values[place, max(last - len(y), 0) :] = y[-last:] if len(y) else np.empty(0)
        return np.stack([values, *flags(self.engine, panel, last)])

    def save(self, folder: Path) -> None:
        """Write histories as Parquet, numbers as arrays, LightGBM models as text, the rest as JSON."""
        engine, effects = self.engine, self.engine.effects
        facts = {
            "horizon": engine.horizon,
            "seasons": engine.seasons,
            "preset": engine.preset,
            "non_negative": engine.non_negative,
            "log_classes": engine.log_classes,
            "quantiles": self.quantiles,
            "timeline": self.panel.timeline.as_dict(),
            **asdict(self.roles),
            "used": self.panel.covariate_names,
            "column_kinds": self.column_kinds,
            "levels": self.hierarchy.levels if self.hierarchy else (),
            "lightgbm": engine.lightgbm_model is not None,
            "level_shifts": engine.level_shifts,
            "shares": engine.foundation.shares if engine.foundation else {},
        }
        (folder / "forecast.json").write_text(json.dumps(facts, indent=2) + "\n")
        arrays = {"calibration": engine.calibration.table, "pooled": engine.calibration.pooled}
        arrays["correlations"] = engine.calibration.correlations
        if engine.demand is not None:
            arrays |= engine.demand.as_arrays()
        if effects is not None:
            arrays |= effects.as_arrays()
        if self.reconciled is not None:
            arrays |= {
                "mean": self.reconciled.mean,
                "spread": self.reconciled.spread,
                "classes": self.reconciled.classes,
            }
        np.savez(folder / "engine.npz", allow_pickle=False, **arrays)
        self.panel.save(folder)
        for part in (engine.lightgbm_model, engine.learner, engine.calendar):
            if part is not None:
                part.save(folder)
        if engine.foundation is not None:
            engine.foundation.model.save(folder / WEIGHTS)

    @classmethod
    def load(cls, folder: Path) -> Self:
        facts = json.loads((folder / "forecast.json").read_text())
        with np.load(folder / "engine.npz", allow_pickle=False) as stored:
            arrays = dict(stored)
        seasons = tuple(facts["seasons"])
        names = Roles(
            tuple(facts["keys"]),
            facts["time"],
            facts["target"],
            tuple(facts["covariates"]),
            categories={name: tuple(values) for name, values in facts["categories"].items()},
            stockout=facts["stockout"],
        )
        timeline = Timeline.from_dict(facts["timeline"])
        panel = Panel.load(folder, timeline, names.keys, tuple(facts["used"]))
        engine = Engine(
            facts["horizon"],
            seasons,
            facts["preset"],
            facts["non_negative"],
            IntervalCalibration(arrays["calibration"], arrays["pooled"], arrays["correlations"]),
            LightGBMModel.load(folder, seasons, panel.keys) if facts["lightgbm"] else None,
            Effects.from_arrays(arrays),
            tuple(facts["log_classes"]),
            Foundation(PretrainedModel.load(folder / WEIGHTS), facts["shares"]) if facts["shares"] else None,
            Learner.load(folder, panel.keys),
            Calendar.load(folder),
            Demand.from_arrays(arrays),
            facts["level_shifts"],
        )
        levels = tuple(facts["levels"])
        reconciled = (
            Forecasts(arrays["mean"], arrays["spread"], arrays["classes"]) if "mean" in arrays else None
        )
        return cls(
            engine,
            panel,
            names,
            facts["column_kinds"],
            tuple(facts["quantiles"]),
            Hierarchy(levels) if levels else None,
            reconciled,
        )
