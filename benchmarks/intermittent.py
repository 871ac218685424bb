"""Croston's kin as members of the ensemble of intermittent series, on generated demand.

    PYTHONPATH=shared .slipway/envs/forecast/bin/python -m benchmarks.intermittent [--series 100] [--draws 3]

Each kind of demand is drawn several times. Candidates are compared on the horizon before the last, on which
one may be chosen, and on the last, which tells what the choice was worth. No public set is read.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from .forecast import ours, seasonal_naive
from .series import DECILES, Result, Set, scores

POINTS, HORIZON, SEASON = 60, 6, 12
Chances = Callable[[Any, Any], Any]


def _constant(random: Any, steps: Any) -> Any:
    return np.full(len(steps), random.uniform(0.1, 0.5))


def _dying(random: Any, steps: Any) -> Any:
    return random.uniform(0.3, 0.6) * np.where(steps < random.integers(30, POINTS), 1, 0.15)


def _growing(random: Any, steps: Any) -> Any:
    return random.uniform(0.3, 0.6) * (0.2 + 0.8 * steps / len(steps))


def _seasonal(random: Any, steps: Any) -> Any:
    return random.uniform(0.2, 0.4) * (1 + np.sin(2 * np.pi * (steps + random.integers(SEASON)) / SEASON))


def _clustered(random: Any, steps: Any) -> Any:
    """Spells of demand and of none, as where one order brings the next."""
    on, found = False, []
    for _ in steps:
        on = random.random() < (0.8 if on else 0.12)
        found.append(0.8 if on else 0.03)
    return np.array(found)


KINDS: dict[str, Chances] = {
    "constant": _constant,
    "dying": _dying,
    "growing": _growing,
    "seasonal": _seasonal,
    "clustered": _clustered,
}


def demand(kind: str, series: int, seed: int) -> list[Any]:
    """Monthly series of POINTS and two horizons: half of them zeros, some demand early and late."""
    random = np.random.default_rng(seed)
    steps, found = np.arange(POINTS + 2 * HORIZON), []
    while len(found) < series:
        chances = KINDS[kind](random, steps)
        mean = random.lognormal(1.0, 0.8)
        sizes = 1 + random.negative_binomial(1.5, 1.5 / (1.5 + mean), len(steps))
        y = np.where(random.random(len(steps)) < chances, sizes, 0).astype(float)
        if np.mean(y[:POINTS] == 0) >= 0.5 and y[: POINTS // 2].any() and y[POINTS:].any():
            found.append(y)
    return found


def candidates() -> dict[str, tuple[Any, ...]]:
    from forecast.models import members

    def method(make: Callable[[Any], Any]) -> Any:
        def run(y: Any, horizon: int, seasons: Any) -> tuple[Any, None]:
            found = make(members.library()).forecast(y=y, h=horizon)["mean"]
            return np.asarray(found, np.float64), None

        return run

    sba = method(lambda models: models.CrostonSBA())
    optimized = method(lambda models: models.CrostonOptimized())
    tsb = method(lambda models: models.TSB(0.1, 0.1))
    present = (members.adida, members.imapa)
    return {
        "ADIDA, IMAPA": present,
        "with TSB": (*present, tsb),
        "with SBA": (*present, sba),
        "with TSB and SBA": (*present, tsb, sba),
        "TSB": (tsb,),
        "SBA": (sba,),
        "Croston, optimized": (optimized,),
    }


def _with(methods: tuple[Any, ...], data: Set) -> Result:
    """What the image forecasts if its intermittent series have these methods."""
    from forecast.models import ensemble

    def chosen(kind: Any, *others: Any) -> Any:
        return ensemble.Ensemble(methods) if kind == "intermittent" else usual(kind, *others)

    usual = ensemble.ensemble_for
    with mock.patch.object(ensemble, "ensemble_for", chosen):
        return ours(data, "balanced")


def _naive(data: Set) -> Result:
    """Seasonal naive, each of whose quantiles is the point."""
    found = seasonal_naive(data)
    return Result(found.means, np.repeat(found.means[:, :, None], 2 + len(DECILES), axis=2), found.cpu_s)


def measured(series: int, draws: int) -> Iterator[dict[str, Any]]:
    methods = candidates()
    for seed in range(draws):
        for kind in KINDS:
            drawn = demand(kind, series, 100 * seed + [*KINDS].index(kind))
            for part, end in (("choice", POINTS), ("test", POINTS + HORIZON)):
                data = Set(kind, "MS", SEASON, [(y[:end], y[end : end + HORIZON]) for y in drawn])
                results = {name: _with(some, data) for name, some in methods.items()}
                for name, result in {**results, "seasonal naive": _naive(data)}.items():
                    found = scores(data, result)
                    yield {"kind": kind, "draw": seed, "part": part, "method": name, **found}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--series", type=int, default=100)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    rows = list(measured(asked.series, asked.draws))
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1) + "\n")
    names = list(dict.fromkeys(row["method"] for row in rows))
    for part in ("choice", "test"):
        for measure in ("WQL", "MASE"):
            table = {
                name: np.array(
                    [row[measure] for row in rows if row["part"] == part and row["method"] == name]
                )
                for name in names
            }
            for name, values in table.items():
                ratios = np.log(values / table[names[0]])
                error = ratios.std(ddof=1) / np.sqrt(len(ratios))
                by_kind = {
                    kind: round(float(np.exp(ratios[place :: len(KINDS)].mean())), 3)
                    for place, kind in enumerate(KINDS)
                }
                print(
                    part,
                    measure,
                    f"{name}: {values.mean():.4f}, relative {np.exp(ratios.mean()):.4f} ± {error:.4f}",
                    by_kind,
                )


if __name__ == "__main__":
    main()
