"""Where a channel's bytes come from: the files of a folder, or the FIFOs of Pipe mode."""

import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import IO, Protocol

from slipway.codecs import recordio
from slipway.log import log

PEEK = 1 << 20  # bytes that tell how data are written; a time series is easily a line of 100 kB
_WAIT = 0.05  # seconds between two looks for a FIFO


@dataclass(frozen=True)
class Input:
    """Bytes to be read once, from start to end."""

    name: str
    open: Callable[[], IO[bytes]]
    joined: bool = False
    """Whether it is many objects end to end, as Pipe mode gives them: each may begin with a header."""


class Inputs(Protocol):
    """The data of one channel, as often as they are asked for."""

    def __call__(self) -> Iterator[Input]: ...


class Files:
    """File and FastFile mode: every data file below a folder, in the order of their names."""

    def __init__(self, folder: Path) -> None:
        self.paths = data_files(folder)

    def __call__(self) -> Iterator[Input]:
        for path in self.paths:
            yield Input(path.name, lambda path=path: path.open("rb", PEEK))  # type: ignore[misc]

    def __str__(self) -> str:
        return f"files: {len(self.paths)}"


class Pipe:
    """Pipe mode: the FIFO `<channel>_0` gives the data once, `<channel>_1` once more, and so on.

    The first is opened at once, whether the algorithm reads the channel or not, and however late it comes:
    the platform gives up on a channel that nobody opens.
    https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
    """

    def __init__(self, stem: Path, wrapped: bool = False) -> None:
        self._stem = stem
        self._wrapped = wrapped
        self._epoch = 0
        self._first: IO[bytes] | None = None
        self._opening = Thread(target=self._open_first, daemon=True)
        self._opening.start()

    def __call__(self) -> Iterator[Input]:
        epoch, self._epoch = self._epoch, self._epoch + 1
        if epoch == 0:
            self._opening.join()
            assert self._first is not None
            stream = self._first
        else:
            stream = self._open(epoch)
        with stream:  # an epoch's FIFO must be closed before the next one is opened
            name = f"{self._stem.name}_{epoch}"
            if self._wrapped:
                for place, record in enumerate(recordio.records(stream), 1):
                    yield Input(f"{name}, object {place}", lambda record=record: _buffered(record))  # type: ignore[misc]
            else:
                yield Input(name, lambda: stream, joined=True)

    def __str__(self) -> str:
        return "a pipe"

    def _open_first(self) -> None:
        self._first = self._open(0)

    def _open(self, epoch: int) -> IO[bytes]:
        fifo = self._stem.with_name(f"{self._stem.name}_{epoch}")
        told = False
        while not fifo.exists():
            if not told:
                log("train", f"waiting for {fifo}")
                told = True
            time.sleep(_WAIT)
        return fifo.open("rb", PEEK)


def data_files(folder: Path) -> list[Path]:
    """Every data file below `folder`, in the order of their names; markers and what hides is passed over."""
    found = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    return [
        path
        for path in found
        if path.stat().st_size
        and not any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)
    ]


def _buffered(content: bytes) -> IO[bytes]:
    return io.BufferedReader(io.BytesIO(content), PEEK)
