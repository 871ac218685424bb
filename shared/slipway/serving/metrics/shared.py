"""The counts of all processes of a container, in memory that they share."""

import hashlib
import mmap
from itertools import accumulate

from slipway.serving.metrics import cells as at
from slipway.serving.metrics import records
from slipway.serving.metrics.cells import Cells, Row

_NAME = 128  # bytes of a block's name


class Counts:
    """Blocks of cells in anonymous memory, made before the first fork: nothing of it is on a disk.

    A block that a process leaves behind, however it ended, is taken over as it is by the next one: counts
    only grow. What the process had begun and not answered is counted as lost.
    """

    def __init__(self, blocks: int) -> None:
        sizes = [at.BLOCK] * blocks + [at.SIZE] * (blocks + 1)
        names = 8 * sum(sizes)
        memory = memoryview(mmap.mmap(-1, names + blocks * _NAME))
        cells = memory[:names].cast("d")
        parts = [cells[end - size : end] for size, end in zip(sizes, accumulate(sizes), strict=True)]
        self._names = memory[names:]
        self.blocks: list[Cells] = parts[:blocks]
        self.emitted: list[Cells] = parts[blocks:-1]
        """What of each block the log has told already."""
        self.container: Cells = parts[-1]
        """What is of no single process: in STARTS how many processes came in the place of another."""

    def claim(self) -> int:
        """A block that no process counts in now, for one that is about to start."""
        free = (n for n, cells in enumerate(self.blocks) if not cells[at.PROCESS])
        found = next(free, len(self.blocks) - 1)
        if self.blocks[found][at.STARTS]:
            self.container[at.STARTS] += 1
        self.blocks[found][at.STARTS] += 1
        self.blocks[found][at.PROCESS] = -1  # taken, by a process that is not there yet
        return found

    def release(self, number: int) -> None:
        """The process that counted in this block has ended."""
        cells = self.blocks[number]
        records.add_up(cells)
        cells[at.PROCESS] = cells[at.QUEUED] = 0
        lost = cells[at.BEGUN] - at.ended(cells)
        if lost > 0:
            cells[at.STATUS[502]] += lost
            cells[at.KIND["WorkerLost"]] += lost

    def name(self, number: int, text: str | None = None) -> str:
        """A block's name, once it has one."""
        place = self._names[_NAME * number : _NAME * (number + 1)]
        if text is not None:
            place[:] = block_name(text).encode().ljust(_NAME, b"\0")
        return bytes(place).rstrip(b"\0").decode(errors="ignore")

    def rows(self) -> list[Row]:
        """What each block has counted."""
        return [*map(records.row, self.blocks)]

    def total(self) -> Row:
        """The blocks of all, added up."""
        return [sum(column) for column in zip(*self.rows(), strict=True)]


def block_name(text: str) -> str:
    """`text` in at most as many bytes as a name may have; two texts never become one."""
    whole = text.encode()
    if len(whole) <= _NAME:
        return text
    return whole[: _NAME - 17].decode(errors="ignore") + "-" + hashlib.sha256(whole).hexdigest()[:16]
