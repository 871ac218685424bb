"""What the tests of AutoML share."""

from pathlib import Path

import pandas as pd
import pytest
from automl.automl_handler.search.config import SearchConfig
from automl.automl_handler.search.run import SearchResult, search
from automl.tests.tables import TARGETS, mixed

from harness.samples import configure


class RecordingWatcher:
    """A watcher that keeps what it is watcher."""

    def __init__(self, stop: bool = False) -> None:
        self.lines: list[str] = []
        self.stop = stop

    def progress(self, text: str) -> None:
        self.lines.append(text)

    def should_stop(self) -> bool:
        return self.stop


@pytest.fixture
def watcher() -> RecordingWatcher:
    return RecordingWatcher()


@pytest.fixture(scope="session")
def searched() -> dict[str, SearchResult]:
    """A search for a target of each kind, over the same table."""
    config = SearchConfig(preset="fast", time_limit_s=900)  # on a busy machine, too, time decides nothing
    others = set(TARGETS.values())
    return {
        kind: search(mixed().drop(columns=list(others - {target})), target, config, RecordingWatcher())
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
