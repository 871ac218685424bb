"""The metrics of a container that serves: who counts where, and what a scrape answers."""

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from threading import Lock
from typing import Any

from slipway.log import log, log_exception
from slipway.serving.answer import Answer
from slipway.serving.endpoint import Endpoint
from slipway.serving.metrics import cells as at
from slipway.serving.metrics.meter import CellMeter, Meter, NoMeter, ThreadsMeter
from slipway.serving.metrics.state import State
from slipway.serving.metrics.watch import Watch, measures_of
from slipway.settings import Settings


class Metrics(State):
    """Made before the first fork; each process then says which block is its own."""

    def __init__(self, settings: Settings, workers: int) -> None:
        super().__init__(settings, workers)
        self.is_on = settings.metrics != "off"
        self.meter: Meter = self._meter(0) if self.is_on else NoMeter()
        self.block = 0
        """Where this process counts."""
        self._endpoint: Endpoint | None = None
        self._lock = Lock()
        self._models: dict[str, tuple[int, Meter]] = {}

    def claim(self) -> int:
        """In the process that forks: a block for the worker that is about to start."""
        return self.counts.claim()

    def release(self, block: int) -> None:
        """There, too: the worker has ended; with it the models whose requests it passed on."""
        for number in range(len(self.counts.blocks)) if self.per_model else [block]:
            self.counts.release(number)
            if self.per_model:
                self.counts.blocks[number][at.LOAD_SECONDS] = 0

    def start(self, block: int) -> None:
        """In the new worker: `block` is its own."""
        self.block = block
        cells = self.counts.blocks[block]
        cells[at.PROCESS] = os.getpid()
        if self.is_on:
            self.meter = self._meter(block)
        if self.watch is not None and self._endpoint is not None:
            self._endpoint.observe = self.watch.observer(block)
        if self._is_emitted:
            from slipway.serving.metrics import emf

            emf.start(self, block)
        if self.per_model:  # those that a worker before this one has named
            names = {number: self.counts.name(number) for number in range(1, len(self.counts.blocks))}
            self._models = {name: (number, self._meter(number)) for number, name in names.items() if name}

    def loaded(
        self, seconds: float, trained: str, process: int = 0, model: str = "", watch: Watch | None = None
    ) -> None:
        """A model was loaded, in so many seconds; `trained` is when, as its manifest says."""
        if watch is not None:
            self.watches[model] = watch
        number = self._block(model)[0] if model else 0
        cells = self.counts.blocks[number]
        if model and number == 0:
            return
        cells[at.LOAD_SECONDS] = seconds
        cells[at.TRAINED] = _timestamp(trained)
        if process:
            cells[at.PROCESS] = process

    def unloaded(self, model: str) -> None:
        """A model's process has ended; what it counted stays, its window goes."""
        self.watches.pop(model, None)
        number = self._block(model)[0]
        if number:
            self.counts.blocks[number][at.PROCESS] = self.counts.blocks[number][at.LOAD_SECONDS] = 0

    def drift_facts(self, model: str) -> Mapping[str, Any]:
        """Of a model among many: how many rows were compared with its training, and what drifted.

        Without these where nothing is watched.
        """
        watch = self.watches.get(model)
        return {"modelName": model, **(watch.summary() if watch else {"rows": None, "drifted": None})}

    def of(self, model: str) -> Meter:
        """What counts for a model that is loaded."""
        return self._block(model)[1] if self.is_on else self.meter

    def _meter(self, block: int) -> Meter:
        """Counts in a block: of one model on the event loop, of many models in the threads that ask these."""
        return (ThreadsMeter if self.per_model else CellMeter)(self.counts.blocks[block])

    def _block(self, model: str) -> tuple[int, Meter]:
        """A model's block; where all are given away, that of all other models."""
        with self._lock:
            known = self._models.get(model)
            if known is None and len(self._models) + 1 < len(self.counts.blocks):
                number = len(self._models) + 1
                self.counts.name(number, model)
                known = self._models[model] = number, self._meter(number)
        return known or (0, self.meter)

    def end(self) -> None:
        """When no process counts any more: tells in the log what no scraper comes for."""
        if self.watch is not None and self.settings.batch:
            for line in self.watch.lines():
                log("serve", line)
        if self._is_emitted:
            from slipway.serving.metrics import emf

            emf.emit(self)

    @property
    def _is_emitted(self) -> bool:
        return self.settings.metrics in {"emf", "both"}

    def watch_over(self, endpoint: Endpoint) -> None:
        """Before the fork: compares what is asked with what the model learnt from, where that is known."""
        watch = Watch.over(self.settings.model_folder, len(self.counts.blocks), self.settings)
        if watch is None:
            return
        watch.measure(measures_of(endpoint.model, endpoint.manifest))
        if watch.is_needed:
            self.watches[""] = watch
            self._endpoint = endpoint
            endpoint.observe = watch.observer(0)

    @property
    def routes(self) -> Mapping[str, Callable[[], Answer]]:
        """What is answered to a GET, by path."""
        found = {"/metrics": self.answer} if self.settings.metrics in {"prometheus", "both"} else {}
        return found | ({"/drift": self.watch.answer} if self.watch else {})

    def answer(self) -> Answer:
        """What a scrape gets."""
        from slipway.serving.metrics import exposition  # its library is for those who scrape

        try:
            return Answer(200, exposition.MEDIA_TYPE, exposition.text(self))
        except Exception as error:  # whoever looks after the endpoint is told, and it goes on
            log_exception("serve", "the metrics cannot be told", error)
            return Answer(500, "text/plain", b"internal error; the log has the details\n")


def _timestamp(created: Any) -> float:
    try:
        return datetime.fromisoformat(created).timestamp()
    except (TypeError, ValueError):
        return 0.0
