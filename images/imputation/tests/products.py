"""A table for the tests of DataWig; its text was written for them (public domain, CC0)."""

import numpy as np
import pandas as pd
from imputation.datawig.column import Prediction

NAMES = {
    "lamp": [
        "brass desk lamp with linen shade",
        "floor lamp, warm light",
        "clip light for reading",
        "paper lantern shade",
    ],
    "shoe": [
        "canvas sneaker with white laces",
        "suede ankle boot",
        "leather sandal, cork sole",
        "running shoe, mesh upper",
    ],
    "chair": [
        "oak chair with woven seat",
        "folding stool",
        "swivel chair, padded back",
        "rocking seat in beech",
    ],
}
COLORS = ["blue", "green", "grey", "amber"]


def products(rows: int, seed: int = 1) -> pd.DataFrame:
    """Goods whose kind follows from their name, and whose price from their kind."""
    draw = np.random.default_rng(seed)
    kinds = draw.choice(list(NAMES), rows)
    return pd.DataFrame(
        {
            "name": [f"{draw.choice(NAMES[kind])} no {draw.integers(100)}" for kind in kinds],
            "color": draw.choice(COLORS, rows),
            "price": np.round(
                np.array([list(NAMES).index(kind) * 40.0 + 20 for kind in kinds]) + draw.normal(0, 3, rows), 2
            ),
            "kind": kinds,
        }
    )


TRAIN, NEW = products(60), products(40, seed=2)


def same(one: Prediction, other: Prediction) -> bool:
    """Whether two answers are exactly the same."""
    return one.explanations == other.explanations and all(
        (a is None and b is None) or (a is not None and b is not None and np.array_equal(a, b))
        for a, b in (
            (one.labels, other.labels),
            (one.probabilities, other.probabilities),
            (one.values, other.values),
        )
    )
