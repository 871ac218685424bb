"""How much a reader may take of memory, checked before it is taken."""

from dataclasses import dataclass
from typing import Self

from slipway import machine
from slipway.errors import PayloadTooLarge

_FREE_CELLS = 1 << 24  # 128 MiB as float64: what any body may unfold to, however small it is
_CELL_BYTES = 64  # of a worker's memory that a cell takes at most, from its bytes to its answer
_COLUMNS = 100_000
_FREE_TEXT = 1 << 25  # 32 MiB, which an answer may take some times over
# Times its bytes that a body's texts may take beyond that, as where few of them come again and again.
_UNFOLDS = 32


@dataclass(frozen=True)
class Budget:
    """Limits of one body or file. A few bytes of some formats can stand for any number of cells."""

    rows: int
    cells: int
    """Cells that a body may claim beyond one for each of its bytes."""
    columns: int = _COLUMNS
    text_bytes: int = 1 << 30
    """Bytes of all texts once unfolded."""
    free_text: int = 1 << 30
    """Of these, what the smallest body may unfold to; a larger one to some times its own bytes more."""

    @classmethod
    def of_worker(cls, workers: int, rows: int | None = None, cells: int | None = None) -> Self:
        """Of a server that shares this machine's memory with `workers` of its kind."""
        share = machine.memory_bytes() // max(1, workers)
        most = min(_FREE_CELLS, max(1 << 16, share // _CELL_BYTES))
        return cls(rows or 1 << 31, cells or most, text_bytes=max(1 << 24, share // 8), free_text=_FREE_TEXT)

    @classmethod
    def of_training(cls) -> Self:
        """Of a job, whose files are its owner's: what unfolds out of all measure is refused even so."""
        return cls(1 << 40, 1 << 33, 1_000_000, 1 << 40, 1 << 40)

    def check(self, rows: int, columns: int = 1, size: int = 0, what: str = "the body") -> None:
        """Raises PayloadTooLarge where `what`, of `size` bytes, claims more than there is room for."""
        if columns > self.columns:
            raise PayloadTooLarge(f"{what} has {columns} columns; expected at most {self.columns}")
        if rows > self.rows:
            raise PayloadTooLarge(f"{what} has {rows} rows; expected at most {self.rows} (SLIPWAY_MAX_ROWS)")
        if rows * columns > max(self.cells, size):
            raise PayloadTooLarge(
                f"{what} unfolds to {rows} rows of {columns} columns; expected at most "
                f"{max(self.cells, size)} cells (SLIPWAY_MAX_CELLS)"
            )

    def check_text(self, size: int, packed: int = 0, what: str = "the body") -> None:
        """Raises PayloadTooLarge where the texts of `what`, of `packed` bytes, unfold to `size` bytes."""
        most = min(self.text_bytes, self.free_text + _UNFOLDS * packed)
        if size > most:
            raise PayloadTooLarge(f"{what} unfolds to {size} bytes of text; expected at most {most}")
