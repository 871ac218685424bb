"""What answers may take of memory: estimated from the size of a body, and promised before work starts.

The kernel ends whole processes where memory runs out, with every request that they hold. So a large body
is read only once there is room for its answer: it waits for others, or is refused with the figures.
"""

import asyncio
import mmap
import os
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from queue import SimpleQueue
from typing import NamedTuple

from slipway import machine
from slipway.errors import InsufficientMemory, PayloadTooLarge, UserError
from slipway.formats import answering, reader
from slipway.serving.large import LARGE

# Times its bytes that a body takes until it is answered, as measured with every image and the figures of
# benchmarks/README.md: read in pieces, or as one by models of numbers, and by others.
PIECES, NUMBERS, TEXTS = 7, 32, 64
_BESIDE = 32 << 20  # bytes that an answer takes whatever its size
_SPARE = 0.03  # of all memory, for what is not reckoned with
_RETRY_S = 0.05
_MB = 1 << 20


class Factors(NamedTuple):
    """Times its bytes that a body takes: of one that is cut into pieces, and of any other."""

    pieces: int
    whole: int
    usual: str = ""
    """Accept, where a request has none."""

    def need(
        self,
        size: int,
        content_type: str,
        accept: str = "",
        attributes: str = "",
        request: str = "",
        protocol: object = None,
    ) -> int:
        """Bytes that the answer to a body of `size` bytes takes; 0 for one too small to be reckoned with.

        All else is as `Endpoint.answer` has it.
        """
        if size <= LARGE:
            return 0
        if protocol is not None:  # which media types have no say in
            return _BESIDE + size * self.whole
        try:
            source, media = reader(content_type)
            cut = source.is_cut(media) and answering(accept, source, self.usual)[0].splices
        except UserError:  # it is refused as soon as it is read
            return 2 * size
        whole = "on_error" in attributes or "stream" in attributes
        return _BESIDE + size * (self.pieces if cut and not whole else self.whole)


class Claims:
    """What the processes of a server have been promised, in cells that all of them share.

    A cell holds a process and how much it may come to hold; what it does not hold yet is left free for it.
    """

    def __init__(self, cells: int) -> None:
        """Before the first fork. `cells` is how many claims there may be at a time."""
        self._cells = memoryview(mmap.mmap(-1, 16 * cells)).cast("q")

    def claim(self, cell: int, need: int, process: int | None = None) -> bool:
        """Whether there are `need` bytes more for a process, this one unless another is named.

        Raises PayloadTooLarge where there are not, though nothing else is answered.
        """
        process = process or os.getpid()
        # First written, then looked at: two at the same time may both be refused, never both be let in.
        self._cells[2 * cell] = process
        self._cells[2 * cell + 1] = machine.resident_bytes(process) + need
        promised, others = self._promised(cell)
        free = machine.available_bytes() - int(_SPARE * machine.memory_bytes()) - promised
        if need <= free:
            return True
        self.release(cell)
        if others:
            return False
        raise PayloadTooLarge(
            f"the answer would take about {need // _MB} MB of memory, and {max(0, free) // _MB} MB are free "
            f"of {machine.memory_bytes() // _MB} MB; send fewer rows at a time"
        )

    def release(self, cell: int) -> None:
        """The answer is made, or its process has ended."""
        self._cells[2 * cell + 1] = 0
        self._cells[2 * cell] = 0

    def _promised(self, own: int) -> tuple[int, int]:
        """Bytes that the holders of other cells do not hold yet, and how many holders there are."""
        promised = others = 0
        for cell in range(len(self._cells) // 2):
            process, most = self._cells[2 * cell], self._cells[2 * cell + 1]
            if cell == own or not most or not (held := machine.resident_bytes(process)):
                continue
            promised += max(0, most - held)
            others += 1
        return promised, others


class WorkerMemory:
    """The claims of one worker: its large bodies come one at a time, as its answers do."""

    def __init__(self, claims: Claims, limit_s: float) -> None:
        self._claims, self._limit_s = claims, limit_s
        self.cell = 0
        """Where it claims; each worker has one of its own."""
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def room(self, need: int) -> AsyncIterator[None]:
        """Waits for room. Raises PayloadTooLarge, InsufficientMemory."""
        if not need:
            yield
            return
        until = time.monotonic() + self._limit_s
        try:
            await asyncio.wait_for(self._turn.acquire(), self._limit_s)
        except TimeoutError:
            raise _short(need) from None
        try:
            while not self._claims.claim(self.cell, need):
                if time.monotonic() > until:
                    raise _short(need)
                await asyncio.sleep(_pause())
            yield
        finally:
            self._claims.release(self.cell)
            self._turn.release()


class ModelsMemory:
    """The claims of the models of a multi-model endpoint, made in the threads that ask them."""

    def __init__(self, most: int) -> None:
        """`most` is how many may be asked at the same time."""
        self._claims = Claims(most)
        self._free: SimpleQueue[int] = SimpleQueue()
        for cell in range(most):
            self._free.put(cell)

    @contextmanager
    def room(self, need: int, process: int, limit_s: float) -> Iterator[None]:
        """Waits for room for an answer of the model in `process`.

        Raises PayloadTooLarge, InsufficientMemory.
        """
        if not need:
            yield
            return
        until = time.monotonic() + limit_s
        cell = self._free.get()
        try:
            while not self._claims.claim(cell, need, process):
                if time.monotonic() > until:
                    raise _short(need)
                time.sleep(_pause())
            yield
        finally:
            self._claims.release(cell)
            self._free.put(cell)


def _pause() -> float:
    return _RETRY_S * (0.5 + random.random())


def _short(need: int) -> InsufficientMemory:
    return InsufficientMemory(
        f"the answer would take about {need // _MB} MB of memory, and other requests hold it; try again later"
    )
