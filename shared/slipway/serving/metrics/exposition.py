"""/metrics: the shared cells as Prometheus reads them.

Nothing is counted through prometheus_client, whose multiprocess mode takes several times what adding to a
cell does (docs/decisions/0027-metrics-in-shared-memory.md); it writes the text.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate

from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.utils import floatToGoString

from slipway import machine
from slipway.serving.metrics import cells as at
from slipway.serving.metrics import exposition_watch
from slipway.serving.metrics.cells import Buckets, Row
from slipway.serving.metrics.shared import block_name
from slipway.serving.metrics.state import OTHER, State

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def text(metrics: State) -> bytes:
    """The answer to a scrape."""
    return generate_latest(_Families(metrics))  # only `collect` is asked of it


class _Families:
    """All metrics, as prometheus_client asks a registry for them."""

    def __init__(self, metrics: State) -> None:
        self._metrics = metrics
        counts = metrics.counts
        self._label = ["model"] if metrics.per_model else []
        self._rows: list[tuple[list[str], Row]]
        if metrics.per_model:
            names = [OTHER, *(counts.name(number) for number in range(1, len(counts.blocks)))]
            self._rows = [([name], row) for name, row in zip(names, counts.rows(), strict=True) if name]
        else:
            self._rows = [([], counts.total())]

    def collect(self) -> Iterator[Metric]:
        """Each family once."""
        yield from self._requests()
        yield from self._distributions()
        yield from self._models()
        yield from self._container()
        yield from exposition_watch.families(self._watched(), self._label)

    def _requests(self) -> Iterator[Metric]:
        yield self._counter("model_invocations", "Requests answered.", at.ended)
        yield self._counter("model_errors", "Requests answered with a status of 400 or more.", at.errors)
        statuses = {str(status): cell for status, cell in at.STATUS.items()} | {"other": at.OTHER_STATUS}
        yield self._by("slipway_requests", "Requests answered, by HTTP status.", "status", statuses)
        kinds = at.KIND | {"other": at.OTHER_KIND}
        yield self._by("slipway_errors", "Requests that failed, by the kind of the error.", "kind", kinds)
        yield self._counter("slipway_rows", "Rows answered.", lambda row: row[at.ROWS])
        for name in ("model_concurrent_requests", "slipway_requests_in_flight"):
            yield self._gauge(name, "Requests that have come and are not answered yet.", at.in_flight)
        yield self._gauge(
            "slipway_requests_queued", "Requests that wait for a worker's turn.", lambda row: row[at.QUEUED]
        )

    def _distributions(self) -> Iterator[Metric]:
        ms = [1000 * bound for bound in at.SECONDS]
        whole = (
            "from a request's arrival at its worker until its answer is made, the last piece of it included"
        )
        first = "from a request's arrival at its worker until the first byte of its answer is made"
        yield self._histogram("slipway_request_duration_seconds", f"Seconds {whole}.", at.latency)
        yield self._histogram("slipway_time_to_first_byte_seconds", f"Seconds {first}.", _first_byte)
        yield self._histogram("model_latency_milliseconds", f"Milliseconds {whole}.", at.latency, ms)
        yield self._histogram("model_ttfb_milliseconds", f"Milliseconds {first}.", _first_byte, ms)
        yield self._histogram("slipway_request_size_bytes", "Sizes of the requests' bodies.", _received)
        yield self._histogram("slipway_response_size_bytes", "Sizes of the answers' bodies.", _sent)

    def _models(self) -> Iterator[Metric]:
        counts, now = self._metrics.counts, time.time()
        # Workers share one model, whose facts are in the first block.
        rows = self._rows if self._label else [([], counts.blocks[0].tolist())]
        loaded = [(label, row) for label, row in rows if row[at.LOAD_SECONDS]]
        families: dict[str, tuple[str, Callable[[Row], float]]] = {
            "slipway_model_load_seconds": (
                "Seconds that loading the model took.",
                lambda row: row[at.LOAD_SECONDS],
            ),
            "slipway_model_trained_timestamp_seconds": (
                "When the model was trained.",
                lambda row: row[at.TRAINED],
            ),
            "slipway_model_age_seconds": (
                "Time since the model was trained.",
                lambda row: now - row[at.TRAINED],
            ),
        }
        for name, (meaning, value) in families.items():
            family = GaugeMetricFamily(name, meaning, labels=self._label)
            for label, row in loaded:
                if row[at.TRAINED] or name.endswith("load_seconds"):
                    family.add_metric(label, value(row))
            yield family
        info = GaugeMetricFamily("slipway_image_info", "The image that serves.", labels=["image", "version"])
        info.add_metric(list(self._metrics.image), 1)
        yield info

    def _container(self) -> Iterator[Metric]:
        counts = self._metrics.counts
        label = "model" if self._label else "worker"
        memory = GaugeMetricFamily(
            "slipway_process_resident_memory_bytes", "Memory of each process that answers.", labels=[label]
        )
        alive = 0
        for number, block in enumerate(counts.blocks):
            if (process := int(block[at.PROCESS])) > 0:
                alive += 1
                name = (counts.name(number) or OTHER) if self._label else str(number)
                memory.add_metric([name], machine.resident_bytes(process))
        yield memory
        used = machine.memory_bytes() - machine.available_bytes()
        for name, meaning, value in (
            ("slipway_memory_used_bytes", "Memory of the container that is taken.", used),
            ("slipway_memory_limit_bytes", "Memory that the container may take.", machine.memory_bytes()),
            ("slipway_processes", "Processes that answer.", alive),
        ):
            yield GaugeMetricFamily(name, meaning, value=value)
        restarts = counts.container[at.STARTS]
        yield CounterMetricFamily(
            "slipway_worker_restarts", "Workers started in the place of one that ended.", value=restarts
        )

    def _watched(self) -> exposition_watch.Watched:
        """Of several models those that have series of their own."""
        watches = tuple(self._metrics.watches.items())
        if not self._label:
            return [([], watch) for _, watch in watches]
        own = [name for (name,), _ in self._rows]
        return [([block_name(name)], watch) for name, watch in watches if block_name(name) in own]

    def _counter(self, name: str, meaning: str, value: Callable[[Row], float]) -> Metric:
        family = CounterMetricFamily(name, meaning, labels=self._label)
        for label, row in self._rows:
            family.add_metric(label, value(row))
        return family

    def _by(self, name: str, meaning: str, by: str, cells: Mapping[str, int]) -> Metric:
        """A counter with a further label; what has never been is left out."""
        family = CounterMetricFamily(name, meaning, labels=[*self._label, by])
        for label, row in self._rows:
            for what, cell in cells.items():
                if row[cell]:
                    family.add_metric([*label, what], row[cell])
        return family

    def _gauge(self, name: str, meaning: str, value: Callable[[Row], float]) -> Metric:
        family = GaugeMetricFamily(name, meaning, labels=self._label)
        for label, row in self._rows:
            family.add_metric(label, value(row))
        return family

    def _histogram(
        self, name: str, meaning: str, of: Callable[[Row], Buckets], bounds: Sequence[float] | None = None
    ) -> Metric:
        """A histogram; with `bounds` in the place of its own, of a smaller unit."""
        family = HistogramMetricFamily(name, meaning, labels=self._label)
        for label, row in self._rows:
            own, counts, total = of(row)
            factor = bounds[0] / own[0] if bounds else 1.0
            names = [*map(floatToGoString, bounds or own), "+Inf"]
            family.add_metric(label, list(zip(names, accumulate(counts), strict=True)), total * factor)
        return family


def _first_byte(row: Row) -> Buckets:
    return at.SECONDS, at.FIRST_BYTE.counts(row), row[at.FIRST_BYTE.sum]


def _received(row: Row) -> Buckets:
    return at.BYTES, at.RECEIVED.counts(row), row[at.RECEIVED.sum]


def _sent(row: Row) -> Buckets:
    return at.BYTES, at.SENT.counts(row), row[at.SENT.sum]
