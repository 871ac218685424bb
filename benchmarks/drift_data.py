"""The tables that drift is measured on, and shifts to plant in one. Needs NumPy and scikit-learn."""

from collections.abc import Callable

import numpy as np
from sklearn import datasets

STEPS = (100, 200, 300, 500, 750, 1000, 1500, 2000, 3000, 5000)
Columns = dict[str, np.ndarray]


def tables(random: np.random.Generator) -> dict[str, Columns]:
    found: dict[str, Columns] = {}
    for name in ("iris", "wine", "breast_cancer", "diabetes", "digits"):
        data = getattr(datasets, f"load_{name}")().data
        found[name] = {f"c{n}": column for n, column in enumerate(data.T)}
    n = 12_000
    found["normal, 20 columns"] = {f"c{i}": random.normal(size=n) for i in range(20)}
    found["heavy tails, 20 columns"] = {f"c{i}": random.standard_t(1.5, size=n) for i in range(20)}
    found["counts, 10 columns"] = {f"c{i}": random.poisson(0.3 + i / 2, size=n) * 1.0 for i in range(10)}
    found["categories, 10 columns"] = {
        f"c{i}": random.choice([f"k{j}" for j in range(40)], p=_zipf(40, 1 + i / 10), size=n)
        for i in range(10)
    }
    found["mixed, with gaps"] = mixed(random, n)
    return found


def mixed(random: np.random.Generator, n: int) -> Columns:
    found: Columns = {f"x{i}": random.lognormal(size=n) for i in range(6)}
    found["x1"] = np.where(random.random(n) < 0.05, np.nan, found["x1"])
    found |= {f"k{i}": random.choice(list("abcdefgh"), p=_zipf(8, 1), size=n) for i in range(4)}
    return found


def _zipf(size: int, power: float) -> np.ndarray:
    weights = 1 / np.arange(1, size + 1) ** power
    return weights / weights.sum()


SHIFTS: dict[str, Callable[[Columns, np.random.Generator], None]] = {
    "mean, by half a standard deviation": lambda t, r: t.update(x0=t["x0"] + 0.5 * t["x0"].std()),
    "mean, by a tenth of it (0.1 standard deviations of the logarithm)": lambda t, r: t.update(
        x0=t["x0"] * 1.1
    ),
    "variance, spread by half": lambda t, r: t.update(x0=t["x0"].mean() + 1.5 * (t["x0"] - t["x0"].mean())),
    "category, a new one in 2 % of rows": lambda t, r: t.update(
        k0=np.where(r.random(len(t["k0"])) < 0.02, "new", t["k0"])
    ),
    "category, the first from 37 % to 45 %": lambda t, r: t.update(
        k0=np.where(r.random(len(t["k0"])) < 0.13, "a", t["k0"])
    ),
    "gaps, from 5 % to 10 %": lambda t, r: t.update(
        x1=np.where(r.random(len(t["x1"])) < 0.053, np.nan, t["x1"])
    ),
    "gaps, from none to 2 %": lambda t, r: t.update(
        x0=np.where(r.random(len(t["x0"])) < 0.02, np.nan, t["x0"])
    ),
    "unit, of all rows (1000 times)": lambda t, r: t.update(x0=t["x0"] * 1000),
    "unit, of 5 % of rows (1000 times)": lambda t, r: t.update(
        x0=np.where(r.random(len(t["x0"])) < 0.05, t["x0"] * 1000, t["x0"])
    ),
}
