"""Tables that the tests share: small, synthetic, with every kind of column."""

import numpy as np
import pandas as pd

PRODUCTS = {
    "shoe": "leather sole laces running",
    "shirt": "cotton collar sleeves buttons",
    "lamp": "bulb watt shade switch",
}


def mixed(rows: int = 400, seed: int = 0) -> pd.DataFrame:
    """Numbers, a category, a flag, a date, a text; each follows from others with some noise."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(list(PRODUCTS), rows, p=[0.5, 0.3, 0.2])
    size = rng.normal(size=rows)
    price = 20 * pd.Series(kind).map({"shoe": 4, "shirt": 2, "lamp": 1}) + 5 * size + rng.normal(size=rows)
    words = [" ".join(rng.permutation(f"{PRODUCTS[name]} nice new item".split())[:4]) for name in kind]
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta((price * 3).round().astype(int), unit="D")
    return pd.DataFrame(
        {
            "size": size.round(3),
            "price": price.round(2),
            "kind": kind.astype(object),
            "dear": (price > 60).astype(int),
            "sold": days.dt.strftime("%Y-%m-%d").astype(object),
            "text": words,
        }
    )


def holed(table: pd.DataFrame, share: float = 0.2, seed: int = 1) -> pd.DataFrame:
    """The same table with cells taken out at random."""
    rng = np.random.default_rng(seed)
    return table.mask(rng.random(table.shape) < share)
