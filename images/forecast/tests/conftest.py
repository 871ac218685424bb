"""What the tests of the forecasts share: made-up series, and jobs and servers in the tests' own process."""

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forecast.panel.frequency import Frequency
from forecast.panel.panel import Panel
from forecast.panel.timeline import Timeline

from harness.places import Inside, Reply, Server
from harness.samples import configure

FAST = {"preset": "fast", "backtest_windows": 1}


class Job:
    """A training job that has ended, and a server of its model where one is asked for."""

    def __init__(self, place: Inside, root: Path, code: int, log: str) -> None:
        self.place, self.root, self.code, self.log = place, root, code, log

    @property
    def failure(self) -> str:
        return (self.root / "output/failure").read_text()

    @property
    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.root / "output/data/report.json").read_text())
        return found

    def text(self, title: str) -> str:
        """What a section of the report says."""
        return next(str(part["text"]) for part in self.report["sections"] if part["title"] == title)

    def table(self, title: str) -> list[dict[str, Any]]:
        """A section's table in the report."""
        return next(part["table"] for part in self.report["sections"] if part["title"] == title)

    @property
    def rules(self) -> dict[str, int]:
        return {row["rule"].partition(":")[0]: row["times"] for row in self.table("Rules applied")}

    @contextlib.contextmanager
    def server(self, **environ: str) -> Iterator[Server]:
        with self.place.serve(self.root, **environ) as found:
            yield found


Trained = Callable[..., Job]


@pytest.fixture(scope="session")
def train(image: Any, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Trains on channels given as {channel: {file: content}}, with FAST unless told otherwise."""

    def run(channels: dict[str, dict[str, str | bytes]], **hyperparameters: Any) -> Job:
        root = tmp_path_factory.mktemp("job")
        for channel, files in channels.items():
            folder = root / "input/data" / channel
            folder.mkdir(parents=True)
            for name, content in files.items():
                (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        configure(root, {**FAST, **hyperparameters}, list(channels))
        place = Inside(image)
        done = place.train(root)
        return Job(place, root, done.code, done.log)

    return run


def ask(
    server: Server, body: Any, media: str = "application/json", accept: str = "application/json", **sent: str
) -> Reply:
    """One request; JSON is written where the body is none yet."""
    return server.ask(body if isinstance(body, bytes) else json.dumps(body).encode(), media, accept, **sent)


def monthly(points: int, level: float = 100.0, seed: int = 0, noise: float = 3.0) -> list[float]:
    """A monthly series with a season and a trend."""
    steps = np.arange(points)
    random = np.random.default_rng(seed)
    found = (
        level + 0.3 * steps + 0.2 * level * np.sin(2 * np.pi * steps / 12) + random.normal(0, noise, points)
    )
    return [round(float(value), 3) for value in found]


def months(points: int, year: int = 2018) -> list[str]:
    return [f"{year + step // 12}-{step % 12 + 1:02}-01" for step in range(points)]


def long_csv(series: dict[str, list[Any]], times: list[str] | None = None, header: bool = True) -> str:
    """A long table: item_id, timestamp, target."""
    lines = ["item_id,timestamp,target"] if header else []
    for name, values in series.items():
        for time, value in zip(times or months(len(values)), values, strict=False):
            lines.append(f"{name},{time},{'' if value is None else value}")
    return "\n".join(lines) + "\n"


def build_panel(
    series: list[Any], keys: list[tuple[str, ...]] | None = None, names: tuple[str, ...] = ("item_id",)
) -> Panel:
    like = Panel(Timeline(Frequency("month", 1), 0), names, [], np.zeros(0), np.zeros(0), np.zeros(0))
    found = keys or [(str(place),) for place in range(len(series))]
    return Panel.of(like, found, np.zeros(len(series)), [np.asarray(y, dtype=float) for y in series])
