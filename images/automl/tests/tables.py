"""Invented tables for the tests."""

import numpy as np
import pandas as pd

TARGETS = {"binary": "left early?", "multiclass": "grade", "regression": "income.eur"}
NOTES = "sesame-4711 asked for a call after lunch"
"""A text of one row alone, which no model may hold."""
ODD = 99_123.456789
"""A number of one row alone, the greatest of its column."""


def mixed(rows: int = 160, seed: int = 0) -> pd.DataFrame:
    """Numbers, labels, dates, texts, gaps; an identifier, a constant, an empty column; three targets."""
    random = np.random.default_rng(seed)
    size = random.normal(size=rows)
    team = random.choice(["red", "green", "blue"], rows)
    words = np.array(["quick", "slow", "kind", "rude", "clear", "late", "early", "calm"])
    pull = size + (team == "red") - 0.5 * (team == "blue")
    table = pd.DataFrame(
        {
            "customer": [f"K-{place:05d}-{random.integers(10**9)}" for place in range(rows)],
            "size": size,
            "team": team,
            "since": (
                pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 900, rows), "D")
            ).strftime("%Y-%m-%d"),
            "note": [" ".join(random.choice(words, 5)) for _ in range(rows)],
            "salary": random.normal(50_000, 9_000, rows).round(2),
            "country": "Utopia",
            "fax": [None] * rows,
            TARGETS["binary"]: np.where(pull + random.normal(size=rows) > 0, "yes", "no"),
            TARGETS["multiclass"]: np.digitize(pull + random.normal(size=rows) / 2, [-1, 1]) + 1,
            TARGETS["regression"]: 900 + 100 * pull + random.normal(0, 30, rows),
        }
    )
    table.loc[3, "size"] = np.nan
    table.loc[[5, 9], "team"] = None
    table.loc[7, "note"] = NOTES
    table.loc[8, "salary"] = ODD
    return table


def patients(rows: int = 120, seed: int = 0) -> pd.DataFrame:
    """Shaped as the diabetes table of the older container's samples, with numbers that nobody measured."""
    random = np.random.default_rng(seed)
    glucose = random.normal(120, 30, rows).round()
    mass = random.normal(32, 7, rows).round(1)
    age = random.integers(21, 80, rows)
    risk = 0.05 * (glucose - 120) + 0.1 * (mass - 32) + 0.03 * (age - 40) + random.logistic(size=rows)
    return pd.DataFrame(
        {
            "Pregnancies": random.integers(0, 10, rows),
            "Plasma": glucose,
            "Diastolic": random.normal(70, 12, rows).round(),
            "Triceps": random.normal(25, 9, rows).round(),
            "Insulin": random.gamma(2, 60, rows).round(),
            "Mass": mass,
            "Pedigree": random.gamma(2, 0.25, rows).round(3),
            "Age": age,
            "Diagnosis": np.where(risk > 0.5, "positive", "negative"),
        }
    )
