"""What is watched of one model: the drift of its rows and answers, and how its earlier answers came true."""

import mmap
import os
import weakref
from collections.abc import Iterator, Mapping
from multiprocessing import reduction
from pathlib import Path
from typing import Any

from slipway.drift.baseline import Baseline
from slipway.drift.measure import LEAST
from slipway.errors import listed
from slipway.log import log_exception
from slipway.manifest import Manifest
from slipway.model import Answers, Model
from slipway.serving.answer import Answer, json_answer
from slipway.serving.invocation import Observer
from slipway.serving.metrics.drift import RowCounter, Window
from slipway.serving.metrics.outcomes import WIDTH, OutcomeWindow
from slipway.serving.metrics.rolling import Rolling
from slipway.settings import Settings
from slipway.table.table import Table

Measures = Mapping[str, float | None]


class Watch:
    """Counts lie in memory that processes share which are forked from this one, or to which it is sent."""

    def __init__(
        self, baseline: Baseline | None, workers: int, settings: Settings, memory: int | None = None
    ) -> None:
        """`memory` is the descriptor of another process's watch over the same model."""
        self._baseline, self._workers, self._settings = baseline, workers, settings
        columns = () if baseline is None else baseline.columns
        width = Window.width(columns)
        first = Rolling.size(workers, WIDTH)
        size = first + Rolling.size(workers, width)
        self._memory = os.memfd_create("watch") if memory is None else memory
        if memory is None:
            os.truncate(self._memory, size)
        weakref.finalize(self, os.close, self._memory)
        cells = memoryview(mmap.mmap(self._memory, size))
        self.drift: Window | None = None
        """None where training left no baseline."""
        if baseline is not None:
            counts = Rolling(cells[first:], workers, width, settings.drift_window)
            self.drift = Window(columns, settings.drift_false_alarms, counts)
        self.outcomes: OutcomeWindow | None = None
        """None where the model does not learn the true values."""
        self._sums = Rolling(cells[:first], workers, WIDTH, settings.drift_window)

    @classmethod
    def over(cls, folder: Path, workers: int, settings: Settings) -> "Watch | None":
        """A watch over the model in `folder`, where that is wanted.

        Raises ModelLoadError where its baseline cannot be read.
        """
        return cls(Baseline.read(folder), workers, settings) if settings.drift else None

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to watch."""
        return self.drift is not None or self.outcomes is not None

    def __reduce__(self) -> tuple[Any, ...]:
        """To a process that is being started."""
        return _again, (self._baseline, self._workers, self._settings, reduction.DupFd(self._memory))

    def measure(self, measures: Measures) -> None:
        """By which measures the model's earlier answers are compared."""
        self.outcomes = OutcomeWindow(measures, self._sums) if measures else None

    def observer(self, worker: int) -> Observer | None:
        """What is told of rows and answers, in a worker's process; None where there is nothing to watch."""
        if not self.is_needed:
            return None
        counter = None if self.drift is None else self.drift.observer(worker)
        return counter.see if counter and not self.outcomes else _Observer(counter, self.outcomes, worker).see

    def lines(self) -> Iterator[str]:
        """What a batch transform says at its end."""
        if self.drift is not None:
            drifted = self.drift.drifted
            told = f"drifted from the training: {listed(drifted)}" if drifted else "no column drifted"
            if self.drift.rows < LEAST:
                told = f"whether columns drifted is not known, as it takes {LEAST} rows"
            yield f"{told}, in the last {self.drift.rows} rows that were compared"
        if self.outcomes is not None and self.outcomes.points:
            errors = ", ".join(str(one) for one in self.outcomes.measured())
            yield f"errors of earlier answers, in {self.outcomes.points} values: {errors}"

    def answer(self) -> Answer:
        """The window and its distance from the training as JSON."""
        return json_answer(200, self.told())

    def summary(self) -> Mapping[str, Any]:
        """What there is to say of one model among many."""
        return self._facts(drifted=[] if self.drift is None else self.drift.drifted)

    def told(self) -> Mapping[str, Any]:
        """What `answer` says."""
        columns = [] if self.drift is None else [one.told() for one in self.drift.measured()]
        return self._facts(false_alarms=self._settings.drift_false_alarms, columns=columns)

    def _facts(self, **about: Any) -> Mapping[str, Any]:
        """With what every form has; `about` was measured before, which counts the rows that waited."""
        facts = {"rows": 0 if self.drift is None else self.drift.rows, **about}
        return facts if self.outcomes is None else {**facts, "outcomes": self.outcomes.told()}


def measures_of(model: Model, manifest: Manifest) -> Measures:
    """A model's measures, and what each was in training, where that was measured."""
    return {name: manifest.metrics.get(metric) for name, metric in type(model).measures.items()}


def _again(baseline: Baseline | None, workers: int, settings: Settings, memory: Any) -> Watch:
    return Watch(baseline, workers, settings, memory.detach())


class _Observer:
    def __init__(self, counter: RowCounter | None, outcomes: OutcomeWindow | None, worker: int) -> None:
        self._counter, self._outcomes, self._worker = counter, outcomes, worker

    def see(self, table: Table, answers: Answers) -> None:
        """Rows were answered. Never raises: an answer is worth more than what it tells of others."""
        if answers.outcomes is not None and self._outcomes is not None:
            try:
                self._outcomes.add(self._worker, answers.outcomes())
            except Exception as error:
                log_exception("serve", "earlier answers cannot be compared with the true values", error)
        if self._counter is not None:
            self._counter.see(table, answers)
