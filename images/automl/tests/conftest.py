"""What the tests of AutoML share."""

from pathlib import Path

import pandas as pd
import pytest
from automl.automl_handler.search.choices import Choices
from automl.automl_handler.search.search import Trained, search
from automl.tests.tables import TARGETS, mixed

from harness.samples import configure


class Told:
    """A watcher that keeps what it is told."""

    def __init__(self, stop: bool = False) -> None:
        self.lines: list[str] = []
        self.stop = stop

    def progress(self, text: str) -> None:
        self.lines.append(text)

    def should_stop(self) -> bool:
        return self.stop


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture(scope="session")
def searched() -> dict[str, Trained]:
    """A search for a target of each kind, over the same table."""
    choices = Choices(preset="fast", time_limit_s=60)
    others = set(TARGETS.values())
    return {
        kind: search(mixed().drop(columns=list(others - {target})), target, choices, Told())
        for kind, target in TARGETS.items()
    }


def lay_out(root: Path, table: pd.DataFrame, **hyperparameters: object) -> Path:
    folder = root / "input/data/training"
    folder.mkdir(parents=True)
    half = len(table) // 2
    table[:half].to_csv(folder / "a.csv", index=False)
    table[half:].to_csv(folder / "b.csv", index=False)
    configure(root, {"preset": "fast", "time_limit_s": 60, **hyperparameters}, ["training"])
    return root
