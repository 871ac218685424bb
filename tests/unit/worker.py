"""A process that answers as a worker of the server does, and says what each answer took."""

import gc
import time
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Literal, Self

import slipway
from slipway import Answers, Column, Schema, Table
from slipway.manifest import Manifest
from slipway.serving.endpoint import Endpoint
from slipway.settings import Settings

MB = 1 << 20
_COUNTED = 200_000
_WEIGHED = 0.1  # s, from which on it matters how slow the machine is
Name = Literal["numbers", "mixed"]


class Options(slipway.Options):
    """What a request may choose."""

    picks: tuple[str, ...] = ()
    """A list, as text or not."""


class Sums(slipway.Model):
    """Adds the numbers of a row."""

    options: ClassVar = Options

    def __init__(self) -> None:
        self.columns = [Column(name=name, kind="number") for name in "wxyz"]

    def predict(self, table: Table, options: Options) -> Answers:
        return Answers({"sum": table.matrix.sum(axis=1)})

    def save(self, folder: Path) -> None:
        """Nothing was learned."""

    @classmethod
    def load(cls, folder: Path) -> Self:
        return cls()


class Echo(Sums):
    """Gives every column back as it came; reads one of each kind."""

    def __init__(self) -> None:
        self.columns = [
            Column(name="code", kind="text"),
            Column(name="ok", kind="boolean", words=("false", "true")),
            Column(name="n", kind="integer"),
            Column(name="x", kind="number"),
        ]

    def keeps(self, options: Options) -> bool:
        return True

    def predict(self, table: Table, options: Options) -> Answers:
        for column in self.columns:
            table.column(column.name)
        return Answers(dict(table.sent) or {"x": table.number("x")})


def endpoint(model: slipway.Model, **environ: str) -> Endpoint:
    """An endpoint of `model` alone, as it is after training."""
    schema = Schema(columns=tuple(model.columns), table=tuple(model.columns))
    with TemporaryDirectory() as folder:
        manifest = Manifest.stamp(
            Path(folder), image="one", version="1.0.0", reads=schema, hyperparameters={}, metrics={}
        )
    return Endpoint(model, manifest, Settings.read(environ))


@dataclass
class Took:
    """An answer and its cost."""

    status: int
    text: str
    seconds: float
    """Of the processor, as on a machine that counts to 25 million in a second."""
    peak: float
    """MB more than before, at most; of this process and of those that it started."""
    kept: float
    """MB more than before, once answered."""


class Worker:
    """The process, started again where it ends."""

    def __init__(self) -> None:
        self._process: Any = None
        self._line: Connection

    def ask(self, name: Name, *request: Any, limit: float = 20) -> Took | None:
        """What is answered to body, content type, Accept and attributes; None where it ends or hangs."""
        if self._process is None:
            context = get_context("spawn")
            self._line, there = context.Pipe()
            self._process = context.Process(target=_serve, args=(there,), daemon=True)
            self._process.start()
            there.close()
        try:
            self._line.send((name, request))
            if self._line.poll(limit):
                found: Took = self._line.recv()
                return found
        except (EOFError, OSError):
            pass
        self.end()
        return None

    def end(self) -> None:
        """Ends the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None


def _serve(line: Connection) -> None:
    served = {"numbers": endpoint(Sums()), "mixed": endpoint(Echo())}
    for one in served.values():
        one.answer(b"w,x,y,z\n1,2,3,4\n", "text/csv")
    gc.set_threshold(50_000, 20, 100)  # as serving/workers.py has it
    gc.freeze()
    while True:
        try:
            name, request = line.recv()
        except EOFError:
            return
        before, largest = _now("VmRSS"), _largest_child()
        Path("/proc/self/clear_refs").write_text("5")
        started = time.process_time() + _children()
        answer = served[name].answer(*request)
        seconds = time.process_time() + _children() - started
        if seconds > _WEIGHED:
            seconds /= _slowness()
        peak = _now("VmHWM") - before
        peak = max(peak, _largest_child()) if _largest_child() > largest else peak
        text = answer.body[:2000].decode("latin-1")
        status = answer.status
        del answer, request
        line.send(Took(status, text, seconds, peak, _now("VmRSS") - before))


def _slowness() -> float:
    """Against a machine that counts to 25 million in a second: 2 where all that runs takes twice as long."""
    started = time.process_time()
    for _ in range(_COUNTED):
        pass
    return max(1.0, (time.process_time() - started) / _COUNTED * 25e6)


def _now(what: str) -> float:
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines[what].split()[0]) / 1024


def _children() -> float:
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _largest_child() -> float:
    import resource

    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
