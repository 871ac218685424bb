"""Forecasts with covariates on generated weekly demand, beside the expected value that the generator knows.

    PYTHONPATH=shared .slipway/envs/forecast/bin/python -m benchmarks.promotions [--draws 2] [--kinds none]

Panels of weekly series with prices and promotions that are known ahead. Each is forecast at two cutoffs: the
earlier is for choosing settings, the later tells what they are worth. No public set is read.
"""

import argparse
import contextlib
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .forecast import ROOT
from .series import CONFIDENCE, DECILES, Result, Series, Set, cpu_s
from .skill import Losses

SERIES, POINTS, HORIZON, SEASON = 40, 130, 8, 52
NAMES = ("price", "promo", "display", "rival_promo")


@dataclass
class Drawn:
    """Series of POINTS and two horizons, with their covariates, and the expected demand of each step."""

    values: Series
    covariates: Series
    """Shape (series, steps, covariates)."""
    expected: Callable[[int], Series]
    """The mean of the steps from one on, given what is known before it; shape (series, HORIZON)."""


@dataclass
class _World:
    """What the effects of one draw depend on; arrays of shape (series, steps) or (series, 1)."""

    discount: Series
    promo: Series
    display: Series
    rival: Series
    elasticity: Series
    uplift: Series


def _none(world: _World) -> Series:
    return np.zeros_like(world.discount)


def _elastic(world: _World) -> Series:
    return world.elasticity * np.log1p(-world.discount) + world.uplift * world.promo


def _interaction(world: _World) -> Series:
    """A discount that is not told of does little."""
    told = 0.3 + 0.9 * world.promo + 0.6 * world.promo * world.display
    return world.elasticity * np.log1p(-world.discount) * told


def _threshold(world: _World) -> Series:
    """Only large discounts count, and more than that is not bought."""
    steps = 0.9 * (world.discount > 0.12) + 0.5 * (world.discount > 0.27)
    return world.uplift / 0.4 * steps + 0.15 * world.promo


def _cannibalised(world: _World) -> Series:
    """A promotion of the rival takes demand away, unless there is one here."""
    return _elastic(world) - 0.7 * world.rival * (1 - world.promo)


def _fatigue(world: _World) -> Series:
    """Weeks after a promotion sell less, and its first week sells most."""
    before = np.pad(world.promo, ((0, 0), (1, 0)))[:, :-1]
    return _elastic(world) + 0.4 * world.promo * (1 - before) - 0.45 * before * (1 - world.promo)


KINDS: dict[str, Callable[[_World], Series]] = {
    "elastic": _elastic,
    "interaction": _interaction,
    "threshold": _threshold,
    "cannibalised": _cannibalised,
    "fatigue": _fatigue,
    "none": _none,
}


def demand(kind: str, seed: int, series: int = SERIES, points: int = POINTS) -> Drawn:
    """A level that wanders about a mean, a yearly season, effects, and noise of 20 % and of counts."""
    random = np.random.default_rng(seed)
    shape = (series, points + 2 * HORIZON)
    promo = (random.random(shape) < random.uniform(0.08, 0.25, (series, 1))).astype(float)
    display = promo * (random.random(shape) < 0.4)
    rival = (random.random(shape) < 0.15).astype(float)
    depth = random.choice([0.05, 0.1, 0.15, 0.2, 0.3, 0.4], shape)
    discount = depth * np.where(random.random(shape) < 0.85, promo, 1 - promo)
    discount = np.where(random.random(shape) < 0.7, discount, 0.0) * (
        (promo > 0) | (random.random(shape) < 0.2)
    )
    world = _World(
        discount,
        promo,
        display,
        rival,
        random.normal(-2.2, 0.6, (series, 1)),
        random.uniform(0.2, 0.6, (series, 1)),
    )
    effect = KINDS[kind](world)
    season = random.uniform(0, 0.3, (series, 1)) * np.sin(
        2 * np.pi * (np.arange(shape[1]) / SEASON + random.normal(0, 0.08, (series, 1)))
    )
    stays, moves = 0.95, 0.05
    state = np.zeros(shape)
    for step in range(1, shape[1]):
        state[:, step] = stays * state[:, step - 1] + moves * random.standard_normal(series)
    level = random.lognormal(4.0, 0.8, (series, 1))
    rate = level * np.exp(effect + season + state)
    noisy = rate * np.exp(0.2 * random.standard_normal(shape) - 0.02)
    values = random.poisson(noisy).astype(float)
    price = random.lognormal(1.5, 0.7, (series, 1)) * (1 - discount)

    def expected(start: int) -> Series:
        steps = np.arange(1, HORIZON + 1)
        ahead = slice(start, start + HORIZON)
        known = state[:, start - 1 : start] * stays**steps
        spread = moves**2 * (1 - stays ** (2 * steps)) / (1 - stays**2)
        found: Series = level * np.exp(effect[:, ahead] + season[:, ahead] + known + spread / 2)
        return found

    return Drawn(values, np.stack([price, promo, display, rival], axis=2), expected)


def ours(drawn: Drawn, end: int, covariates: bool, **settings: Any) -> tuple[Result, list[str]]:
    """What the image forecasts from `end` on, with the covariates or without, and the notes of its report."""
    from forecast.backtesting.fit import fit_engine
    from forecast.hyperparameters import Hyperparameters
    from forecast.panel.frequency import Frequency
    from forecast.panel.panel import Panel
    from forecast.panel.timeline import Timeline

    from slipway.image import Image
    from slipway.paths import Paths
    from slipway.training.job import Job

    began = cpu_s()
    number, names = len(drawn.values), NAMES if covariates else ()
    empty = np.zeros(number, dtype=np.int64)
    like = Panel(Timeline(Frequency.parse("W"), 0), ("item_id",), [], empty, empty, np.empty(0), names)
    keys = [(str(place),) for place in range(number)]
    known = list(drawn.covariates[:, : end + HORIZON]) if covariates else ()
    panel = Panel.of(like, keys, empty, list(drawn.values[:, :end]), known)
    params = Hyperparameters.read({"horizon": HORIZON, "freq": "W", **settings})
    job = Job(Image.read(ROOT / "images/forecast"), Paths(ROOT / ".slipway/benchmark"))
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        engine, _, notes = fit_engine(panel, params, job)
    found = engine.forecast(panel, HORIZON)
    quantiles = engine.quantiles(found, panel, (*CONFIDENCE, *DECILES))
    return Result(engine.means(found, panel), quantiles, cpu_s() - began), notes


def measured(kinds: list[str], draws: int, series: int, points: int) -> Iterator[dict[str, Any]]:
    for seed in range(draws):
        for kind in kinds:
            drawn = demand(kind, 100 * seed + [*KINDS].index(kind), series, points)
            for part, end in (("choice", points), ("test", points + HORIZON)):
                pairs = [(y[:end], y[end : end + HORIZON]) for y in drawn.values]
                data = Set(kind, "W", SEASON, pairs)
                best = drawn.expected(end)
                flat = np.repeat(best[:, :, None], 2 + len(DECILES), axis=2)
                results = {
                    "optimal": (Result(best, flat, 0.0), []),
                    "without covariates": ours(drawn, end, False),
                    "with covariates": ours(drawn, end, True),
                }
                for name, (result, notes) in results.items():
                    losses = Losses.measure(data, result)
                    assert result.quantiles is not None
                    futures = np.array([future for _, future in pairs])
                    inside = (futures >= result.quantiles[:, :, 0]) & (futures <= result.quantiles[:, :, 1])
                    yield {
                        "kind": kind,
                        "draw": seed,
                        "part": part,
                        "method": name,
                        "MASE": float(np.nanmean(losses.mase)),
                        "SQL": float(np.nanmean(losses.sql)),
                        "coverage95": float(inside.mean()),
                        "cpu_s": result.cpu_s,
                        "notes": notes,
                    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--series", type=int, default=SERIES)
    parser.add_argument("--points", type=int, default=POINTS)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    rows = list(measured(asked.kinds.split(","), asked.draws, asked.series, asked.points))
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1) + "\n")
    for part in ("choice", "test"):
        for kind in asked.kinds.split(","):
            for name in dict.fromkeys(row["method"] for row in rows):
                some = [r for r in rows if (r["part"], r["kind"], r["method"]) == (part, kind, name)]
                told = []
                for measure in ("MASE", "SQL", "coverage95", "cpu_s"):
                    values = np.array([row[measure] for row in some])
                    error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
                    told.append(f"{measure} {values.mean():.3f} ± {error:.3f}")
                print(part, kind, f"{name}: {', '.join(told)}")


if __name__ == "__main__":
    main()
