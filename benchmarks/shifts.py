"""Level shifts on generated series: how often they are found, and what forecasts gain, with errors.

    PYTHONPATH=shared .slipway/envs/forecast/bin/python -m benchmarks.shifts [--series 60] [--draws 3]

Monthly series with a season and a trend whose level changes once, so many points before the end, are forecast
as they are, as the image has them, and with the change known. Then series without any shift, of many kinds:
how many are taken to have one. No public set is read.
"""

import argparse
from typing import Any

import numpy as np

from .forecast import ROOT
from .series import Series

assert ROOT
POINTS, HORIZON, SEASON = 72, 12, 12
CASES = ((12, 0.4), (12, -0.4), (3, 0.4), (3, -0.4), (12, 0.2), (24, 0.4), (6, 0.25), (0, 0.0))
UNSHIFTED = ((72, 12, "MS"), (36, 12, "MS"), (40, 4, "QS"), (60, 1, "YS"), (120, 52, "W"), (96, 7, "D"))
SEED = 1_000  # settings were chosen on other draws


def shifted(series: int, after: int, size: float, seed: int) -> Series:
    """POINTS and a horizon; the level is 1 + `size` times what it was in the last `after` points."""
    random, steps = np.random.default_rng(seed), np.arange(POINTS + HORIZON)
    season = np.sin(2 * np.pi * steps / SEASON) * random.uniform(0.05, 0.3, (series, 1))
    trend = random.uniform(-0.002, 0.006, (series, 1)) * steps
    noise = 0.08 * random.standard_normal((series, POINTS + HORIZON))
    values = random.lognormal(4, 0.5, (series, 1)) * np.exp(season + trend + noise)
    found: Series = values * np.where(steps >= POINTS - after, 1 + size, 1.0)
    return found


def unshifted(series: int, points: int, season: int, seed: int) -> dict[str, Series]:
    """Series without a shift of their level, by kind."""
    random, steps = np.random.default_rng(seed), np.arange(points)

    def noise() -> Series:
        return random.standard_normal((series, points))

    turn = 2 * np.pi * steps / season
    wave = 0.2 * np.sin(turn) + 0.1 * np.cos(2 * turn) if season > 1 else np.zeros(points)
    slope = random.uniform(-0.02, 0.02, (series, 1))
    bends = np.maximum(steps - random.integers(points // 3, points - 4, (series, 1)), 0)
    autocorrelated = np.zeros((series, points))
    for step in range(1, points):
        autocorrelated[:, step] = 0.6 * autocorrelated[:, step - 1] + random.standard_normal(series)
    return {
        "noise": 2 + 0.1 * noise() + wave,
        "trend": 2 + 0.1 * noise() + slope * steps + wave,
        "bent trend": 2 + 0.1 * noise() + random.normal(0, 0.02, (series, 1)) * bends + wave,
        "wandering trend": 2 + 0.05 * noise() + np.cumsum(np.cumsum(0.004 * noise(), 1), 1) + wave,
        "growth": np.exp(0.02 * steps + 0.1 * noise() + 2 * wave),
        "random walk": 2 + 0.05 * np.cumsum(noise(), 1) + wave,
        "random walk, noise": 2 + 0.03 * np.cumsum(noise(), 1) + 0.1 * noise() + wave,
        "heavy-tailed walk": 2 + 0.05 * np.cumsum(random.standard_t(3, (series, points)), 1) + wave,
        "autocorrelated": 2 + 0.1 * autocorrelated + wave,
        "heavy tails": 2 + 0.1 * random.standard_t(3, (series, points)) + wave,
        "promotions": 2 + 0.1 * noise() + 0.5 * (random.random((series, points)) < 0.1) + wave,
        "counts": random.poisson(4 * np.exp(wave), (series, points)).astype(float),
    }


def panel_of(values: Series, freq: str = "MS") -> Any:
    from forecast.panel.frequency import Frequency
    from forecast.panel.panel import Panel
    from forecast.panel.timeline import Timeline

    none = np.empty(0)
    like = Panel(Timeline(Frequency.parse(freq), 0), ("item_id",), [], none, none, none)
    keys = [(str(place),) for place in range(len(values))]
    return Panel.of(like, keys, np.zeros(len(values)), list(values))


def main() -> None:
    from forecast.models import ensemble
    from forecast.models.shifts import moved, shifts_of

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--series", type=int, default=60)
    parser.add_argument("--draws", type=int, default=3)
    asked = parser.parse_args()
    for after, size in CASES:
        errors, found = [], []
        for draw in range(asked.draws):
            values = shifted(asked.series, after, size, SEED + draw)
            past, future = values[:, :POINTS], values[:, POINTS:]
            known = past.copy()
            known[:, : POINTS - after] *= 1 + size
            panel = panel_of(past)
            ways = (panel, moved(panel, (SEASON,)), panel_of(known))
            unit = np.abs(past[:, SEASON:] - past[:, :-SEASON]).mean(axis=1)
            means = [ensemble.forecast(way, HORIZON, (SEASON,), "balanced").mean for way in ways]
            errors.append(np.array([np.abs(future - mean).mean(axis=1) / unit for mean in means]))
            found += [bool(shifts) for shifts in shifts_of(panel, (SEASON,))]
        table = np.concatenate(errors, axis=1)
        told = ", ".join(
            f"{name} {row.mean():.3f}" for name, row in zip(("as is", "moved", "known"), table, strict=True)
        )
        change = table[1] - table[0]
        error = change.std(ddof=1) / np.sqrt(len(change))
        print(
            f"{after} points after {size:+.0%}: found in {np.mean(found):.0%}; MASE {told}; "
            f"moved less as is {change.mean():+.3f} ± {error:.3f}",
            flush=True,
        )
    for points, season, freq in UNSHIFTED:
        shares = {
            kind: np.mean(
                [
                    bool(shifts)
                    for shifts in shifts_of(panel_of(values, freq), (season,) if season > 1 else ())
                ]
            )
            for kind, values in unshifted(500, points, season, SEED).items()
        }
        told = ", ".join(f"{kind} {share:.1%}" for kind, share in shares.items())
        print(f"{points} points, season {season}, called shifted: {told}", flush=True)


if __name__ == "__main__":
    main()
