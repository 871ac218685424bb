"""CloudWatch's embedded metric format: lines on standard output that CloudWatch Logs turns into metrics.

They need no scraper and no permission, and come through network isolation. Each tells what has come since the
last one.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
import time
from array import array
from collections.abc import Iterator
from threading import Event, Thread
from typing import Any

from slipway import machine
from slipway.log import log_exception
from slipway.serving.metrics import cells as at
from slipway.serving.metrics.cells import Cells, Row
from slipway.serving.metrics.state import OTHER, State

NAMESPACE = "Slipway"
EVERY_S = 60
_QUANTILES = (50, 90, 99)


def start(metrics: State, block: int) -> None:
    """In a worker: tells the metrics of all once a minute, if it is the first of those that live."""

    def run() -> None:
        while not Event().wait(EVERY_S):
            alive = (number for number, cells in enumerate(metrics.counts.blocks) if cells[at.PROCESS] > 0)
            try:
                if metrics.per_model or next(alive, block) == block:
                    emit(metrics)
            except Exception as error:  # the next minute may do
                log_exception("serve", "the metrics cannot be told", error)

    Thread(target=run, name="emf", daemon=True).start()


def emit(metrics: State) -> None:
    """Writes what has been counted since it was last called, in whatever process."""
    for line in _lines(metrics):
        print(json.dumps(line, separators=(",", ":")), flush=True)


def _lines(metrics: State) -> Iterator[dict[str, Any]]:
    counts, (image, _) = metrics.counts, metrics.image
    parts = [_since(now, told) for now, told in zip(counts.rows(), counts.emitted, strict=True)]
    if metrics.per_model:
        for number, part in enumerate(parts):
            if at.ended(part):
                name = counts.name(number) if number else OTHER
                yield _line({"Image": image, "Model": name}, _requests(part))
    whole = [sum(column) for column in zip(*parts, strict=True)]
    yield _line({"Image": image}, _requests(whole) | _state(metrics))


def _since(now: Row, told: Cells) -> Row:
    """What a block has counted since the last line, which is noted."""
    found = [a - b for a, b in zip(now, told.tolist(), strict=True)]
    told[:] = memoryview(array("d", now))
    return found


def _requests(part: Row) -> dict[str, tuple[str, float]]:
    found = {
        "Requests": ("Count", at.ended(part)),
        "ClientErrors": ("Count", at.between(part, 400, 500)),
        "ServerErrors": ("Count", at.between(part, 500, 600)),
        "Rows": ("Count", part[at.ROWS]),
    }
    bounds, counts, _ = at.latency(part)
    if sum(counts) > 0:
        found |= {
            f"LatencyP{q}": ("Milliseconds", 1000 * _quantile(bounds, counts, q / 100)) for q in _QUANTILES
        }
    return found


def _state(metrics: State) -> dict[str, tuple[str, float]]:
    counts, now = metrics.counts, metrics.counts.total()
    restarts = counts.container[at.STARTS] - counts.container[at.ROWS]
    counts.container[at.ROWS] += restarts
    found = {
        "RequestsInFlight": ("Count", at.in_flight(now)),
        "RequestsQueued": ("Count", now[at.QUEUED]),
        "WorkerRestarts": ("Count", restarts),
        "MemoryUsed": ("Bytes", float(machine.memory_bytes() - machine.available_bytes())),
    }
    windows = [watch.drift for watch in tuple(metrics.watches.values()) if watch.drift is not None]
    if windows:
        found["DriftedColumns"] = ("Count", float(sum(len(window.drifted) for window in windows)))
    trained = counts.blocks[0][at.TRAINED]
    return found | ({"ModelAge": ("Seconds", time.time() - trained)} if trained else {})


def _quantile(bounds: Row, counts: Row, share: float) -> float:
    """A quantile, even inside its bucket; at most the last bound."""
    wanted, low = share * sum(counts), 0.0
    for bound, count in zip(bounds, counts, strict=False):
        if count and wanted <= count:
            return low + (bound - low) * wanted / count
        wanted, low = wanted - count, bound
    return low


def _line(dimensions: dict[str, str], found: dict[str, tuple[str, float]]) -> dict[str, Any]:
    described = [{"Name": name, "Unit": unit} for name, (unit, _) in found.items()]
    one = {"Namespace": NAMESPACE, "Dimensions": [list(dimensions)], "Metrics": described}
    head = {"_aws": {"Timestamp": int(1000 * time.time()), "CloudWatchMetrics": [one]}}
    return {**head, **dimensions, **{name: round(value, 3) for name, (_, value) in found.items()}}
