"""31 generated data sets whose number of groups is known: the shapes that tables have, of 2 to 20 columns."""

from typing import Any

import numpy as np

Array = Any

SETS: dict[str, tuple[str, dict[str, Any]]] = {
    # Round groups of one size, well apart.
    "round-5-2": ("groups", {"rows": 1000, "k": 5, "width": 2, "apart": 4}),
    "round-12-2": ("groups", {"rows": 1800, "k": 12, "width": 2, "apart": 4}),
    "round-15-4": ("groups", {"rows": 2000, "k": 15, "width": 4, "apart": 4}),
    "round-4-10": ("groups", {"rows": 600, "k": 4, "width": 10, "apart": 4}),
    "round-10-20": ("groups", {"rows": 1500, "k": 10, "width": 20, "apart": 4.5}),
    # Groups whose means are about 3 standard deviations from the next.
    "overlap-2-2": ("groups", {"rows": 600, "k": 2, "width": 2, "apart": 2.8}),
    "overlap-3-2": ("groups", {"rows": 900, "k": 3, "width": 2, "apart": 2.8}),
    "overlap-5-3": ("groups", {"rows": 1500, "k": 5, "width": 3, "apart": 2.8}),
    "overlap-4-10": ("groups", {"rows": 1200, "k": 4, "width": 10, "apart": 3}),
    "overlap-8-6": ("groups", {"rows": 2000, "k": 8, "width": 6, "apart": 3}),
    "overlap-6-20": ("groups", {"rows": 1800, "k": 6, "width": 20, "apart": 3.4}),
    # The smallest group has a tenth of the largest one's rows.
    "sizes-3-2": ("groups", {"rows": 800, "k": 3, "width": 2, "sizes": 10, "apart": 3.5}),
    "sizes-5-5": ("groups", {"rows": 1200, "k": 5, "width": 5, "sizes": 10, "apart": 3.8}),
    "sizes-4-20": ("groups", {"rows": 1000, "k": 4, "width": 20, "sizes": 10, "apart": 4.2}),
    # The narrowest group has a quarter of the widest one's standard deviation.
    "spreads-3-2": ("groups", {"rows": 700, "k": 3, "width": 2, "spreads": 4, "apart": 3.5}),
    "spreads-4-6": ("groups", {"rows": 1000, "k": 4, "width": 6, "spreads": 4, "apart": 4}),
    "spreads-6-2": ("groups", {"rows": 1200, "k": 6, "width": 2, "spreads": 4, "apart": 3.5}),
    "both-4-3": ("groups", {"rows": 1000, "k": 4, "width": 3, "spreads": 4, "sizes": 10, "apart": 4}),
    "both-7-10": ("groups", {"rows": 2000, "k": 7, "width": 10, "spreads": 4, "sizes": 10, "apart": 4.2}),
    # Elongated groups, in one direction or each in its own; groups with heavy tails; of other shapes.
    "long-3-2": ("groups", {"rows": 700, "k": 3, "width": 2, "shape": "tied", "apart": 4.5}),
    "long-5-5": ("groups", {"rows": 1200, "k": 5, "width": 5, "shape": "full", "apart": 4.5}),
    "heavy-4-4": ("groups", {"rows": 1000, "k": 4, "width": 4, "shape": "heavy", "apart": 5.5}),
    "skewed-3-3": ("groups", {"rows": 900, "k": 3, "width": 3, "shape": "skewed", "apart": 5}),
    # Columns that say nothing, rows that belong nowhere.
    "nuisance-3-12": ("groups", {"rows": 900, "k": 3, "width": 12, "nuisance": 9, "apart": 4}),
    "noise-4-2": ("groups", {"rows": 900, "k": 4, "width": 2, "noise": 0.08, "apart": 5}),
    # Groups within groups: the inner ones count.
    "nested-2x3-2": ("nested", {"rows": 900, "outer": 2, "inner": 3, "width": 2}),
    "nested-3x3-5": ("nested", {"rows": 1200, "outer": 3, "inner": 3, "width": 5}),
    # One group, or none.
    "one-normal-2": ("groups", {"rows": 600, "k": 1, "width": 2}),
    "one-long-8": ("groups", {"rows": 800, "k": 1, "width": 8, "shape": "full"}),
    "none-uniform-2": ("uniform", {"rows": 800, "width": 2}),
    "none-uniform-10": ("uniform", {"rows": 800, "width": 10}),
}


def make(name: str, seed: int) -> tuple[Array, Array]:
    """Points of shape (rows, columns), and the number of each one's group, -1 for none."""
    kind, given = SETS[name]
    random = np.random.default_rng([seed, *name.encode()])
    return {"groups": groups, "nested": nested, "uniform": uniform}[kind](random, **given)


def groups(
    random: np.random.Generator,
    rows: int,
    k: int,
    width: int,
    apart: float = 5,
    sizes: float = 1,
    spreads: float = 1,
    shape: str = "round",
    nuisance: int = 0,
    noise: float = 0,
) -> tuple[Array, Array]:
    """`apart`: the least distance between means, in deviations; `sizes`, `spreads`: largest / smallest."""
    share = np.geomspace(1, 1 / sizes, k)
    heights = np.maximum(np.round(rows * share / share.sum()).astype(int), 20)
    spread = random.permutation(np.geomspace(spreads**-0.5, spreads**0.5, k))
    middle = means(random, k, width - nuisance, apart, spread)
    tied = turned(random, width - nuisance)
    points = []
    for height, deviation, mean in zip(heights, spread, middle, strict=True):
        some = random.normal(size=(height, width - nuisance))
        if shape in ("tied", "full"):
            some = some @ (tied if shape == "tied" else turned(random, width - nuisance))
        if shape == "heavy":
            some /= np.sqrt(random.chisquare(4, (height, 1)) / 4) * 1.2
        if shape == "skewed":
            some = (random.gamma(3, size=some.shape) - 3) / 3**0.5
        points.append(mean + deviation * some)
    labels = np.repeat(np.arange(k), heights)
    found = np.concatenate(points)
    found = np.concatenate([found, random.normal(size=(len(found), nuisance))], axis=1)
    nowhere = int(noise * len(found))
    anywhere = random.uniform(found.min(axis=0), found.max(axis=0), (nowhere, width))
    return np.concatenate([found, anywhere]), np.concatenate([labels, np.full(nowhere, -1)])


def nested(random: np.random.Generator, rows: int, outer: int, inner: int, width: int) -> tuple[Array, Array]:
    """`outer` families of `inner` groups that are 3.5 deviations apart; the families are much further."""
    families = [means(random, inner, width, 3.5, np.ones(inner)) for _ in range(outer)]
    reach = max(np.ptp(family, axis=0).max() for family in families) + 4
    places = means(random, outer, width, 2 * reach, np.ones(outer))
    every = np.concatenate([family + place for family, place in zip(families, places, strict=True)])
    labels = np.repeat(np.arange(outer * inner), rows // (outer * inner))
    return every[labels] + random.normal(size=(len(labels), width)), labels


def uniform(random: np.random.Generator, rows: int, width: int) -> tuple[Array, Array]:
    """No structure at all."""
    return random.uniform(size=(rows, width)), np.zeros(rows, int)


def means(random: np.random.Generator, k: int, width: int, apart: float, spread: Array) -> Array:
    """Random ones, as dense as `apart` allows: the worst placed moves until all are apart enough."""
    side = apart * spread.mean() * 1.3 * max(1.0, k ** (1 / width))
    found = random.uniform(0, side, (k, width))
    while True:
        for _ in range(50):
            gaps = np.linalg.norm(found[:, None] - found, axis=2) / ((spread[:, None] + spread) / 2)
            np.fill_diagonal(gaps, np.inf)
            worst = int(gaps.min(axis=1).argmin())
            if gaps[worst].min() >= apart:
                return found
            found[worst] = random.uniform(0, side, width)
        side *= 1.05


def turned(random: np.random.Generator, width: int) -> Array:
    """Standard deviations of 0.4 to 1.5 along axes of random directions."""
    axes, _ = np.linalg.qr(random.normal(size=(width, width)))
    return axes * np.geomspace(0.4, 1.5, width) @ axes.T
