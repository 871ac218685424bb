"""Where a channel's bytes come from: the files of a folder, or the FIFOs of Pipe mode."""

import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from threading import Thread
from typing import IO, Protocol

from slipway.errors import UserError, listed
from slipway.formats import recordio
from slipway.log import log

PEEK = 1 << 20  # bytes that tell how data are written; a time series is easily a line of 100 kB
_WAIT = 0.05  # seconds between two looks for a FIFO
_PACKED = 5  # how far gzip packs numbers as text


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

    def __bool__(self) -> bool:
        """Whether there is anything to read."""

    @property
    def size_bytes(self) -> int | None:
        """What there is to read; None of a stream, whose length no one knows."""

    @property
    def unpacked_bytes(self) -> int | None:
        """The same without gzip, by rule of thumb."""


class Files:
    """File and FastFile mode: every data file below a folder, in the order of their names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.paths = data_files(folder)

    def __call__(self) -> Iterator[Input]:
        for path in self.paths:
            yield Input(path.name, lambda path=path: path.open("rb", PEEK))  # type: ignore[misc]

    def __bool__(self) -> bool:
        return bool(self.paths)

    def __str__(self) -> str:
        return f"files: {len(self.paths)}"

    @property
    def size_bytes(self) -> int:
        return sum(size for _, size in self.sizes)

    @property
    def unpacked_bytes(self) -> int:
        return sum(unpacked(path, size) for path, size in self.sizes)

    @property
    def sizes(self) -> list[tuple[Path, int]]:
        """The files' paths below the folder, and their bytes."""
        return [(path.relative_to(self.folder), path.stat().st_size) for path in self.paths]


class Fifos:
    """The FIFOs of a channel: `<channel>_0` gives the data once, `<channel>_1` once more, and so on.

    The first is opened at once, whether the algorithm reads the channel or not, and however late it comes:
    the platform gives up on a channel that no one opens.
    https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
    """

    def __init__(self, stem: Path) -> None:
        self._stem = stem
        self._first: IO[bytes] | None = None
        self._opening = Thread(target=self._open_first, daemon=True)
        self._opening.start()

    def open(self, epoch: int) -> IO[bytes]:
        """The FIFO of an epoch, once it is there; that of the epoch before must be closed."""
        if epoch > 0:
            return self._open(epoch)
        self._opening.join()
        assert self._first is not None
        return self._first

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


class Pipe:
    """Pipe mode: each pass over the data is an epoch, which comes through a FIFO of its own."""

    size_bytes = None
    unpacked_bytes = None

    def __init__(
        self,
        stem: Path,
        wrapped: bool = False,
        opened: Callable[[int], IO[bytes]] | None = None,
        host: str = "",
    ) -> None:
        self._name = stem.name
        self._wrapped = wrapped
        self._open = opened or Fifos(stem).open
        self._host = f" of {host}" if host else ""
        self._epoch = 0

    def __call__(self) -> Iterator[Input]:
        epoch, self._epoch = self._epoch, self._epoch + 1
        with self._open(epoch) as stream:  # which must be closed before the next one is opened
            name = f"{self._name}_{epoch}{self._host}"
            if self._wrapped:
                for place, record in enumerate(recordio.records(stream), 1):
                    yield Input(f"{name}, object {place}", lambda record=record: _buffered(record))  # type: ignore[misc]
            else:
                yield Input(name, lambda: stream, joined=True)

    def __bool__(self) -> bool:
        return True

    def __str__(self) -> str:
        return "a pipe"


def one_text(inputs: Inputs, channel: str) -> str:
    """The text of the only file. Raises UserError for several, or for one not in UTF-8."""
    files = [(source.name, source.open().read()) for source in inputs()]
    if len(files) > 1:
        names = listed([name for name, _ in files])
        raise UserError(f"channel {channel} has {len(files)} files, expected one: {names}")
    name, content = files[0]
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"channel {channel}: file {name} is not UTF-8") from None


def file_paths(inputs: Inputs, channel: str) -> list[Path]:
    """Where the files lie. Raises UserError unless all of them lie on this host."""
    if not isinstance(inputs, Files):
        raise UserError(f"channel {channel}: expected all files on each host, FullyReplicated")
    return inputs.paths


def data_files(folder: Path) -> list[Path]:
    """Every data file below `folder`, in the order of their names; markers and what hides is passed over."""
    found = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    return [path for path in found if path.stat().st_size and is_data(path.relative_to(folder))]


def is_data(below: PurePath) -> bool:
    """Whether a path below a channel's folder is data: neither a marker, such as _SUCCESS, nor hidden."""
    return not any(part.startswith((".", "_")) for part in below.parts)


def unpacked(path: Path, size: int) -> int:
    """The bytes of a file of `size` without gzip, by rule of thumb."""
    return size * (_PACKED if path.suffix == ".gz" else 1)


def _buffered(content: bytes) -> IO[bytes]:
    return io.BufferedReader(io.BytesIO(content), PEEK)
