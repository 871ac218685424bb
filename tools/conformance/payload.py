"""A request to send, taken apart where it consists of records, so that it can be told in other ways."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TYPES = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".jsonl": "application/jsonlines",
    ".ndjson": "application/jsonlines",
    ".libsvm": "text/libsvm",
    ".parquet": "application/x-parquet",
    ".npy": "application/x-npy",
    ".txt": "text/plain",
}
_LINED = {"text/csv", "application/jsonlines", "application/x-ndjson", "text/libsvm"}


@dataclass(frozen=True)
class Payload:
    """A request's body and its media type."""

    body: bytes
    media_type: str

    @classmethod
    def read(cls, path: Path, media_type: str | None) -> "Payload":
        """Raises ValueError where the type is neither given nor told by the file's ending."""
        found = media_type or TYPES.get(path.suffix.lower())
        if found is None:
            raise ValueError(f"--content-type is needed: {path.name} ends in none of {', '.join(TYPES)}")
        return cls(path.read_bytes(), found)

    @property
    def kind(self) -> str:
        return self.media_type.partition(";")[0].strip().lower()

    @property
    def lines(self) -> list[bytes]:
        """The records, of a format that has one a line; else none. A header is no record."""
        if self.kind not in _LINED:
            return []
        lines = [line for line in self.body.splitlines() if line.strip()]
        return lines[1:] if self.header else lines

    @property
    def header(self) -> bytes:
        """The first line of a CSV file, where it has names: no number in it, and some in the next."""
        lines = self.body.splitlines()
        if self.kind != "text/csv" or len(lines) < 2:
            return b""
        first, second = (cells(line) for line in lines[:2])
        named = not any(map(number, first)) and all(first) and len(set(first)) == len(first)
        return lines[0] if named and (any(map(number, second)) or len(lines) > 2) else b""

    def of(self, lines: Sequence[bytes], header: bool = True, final: bytes = b"\n") -> bytes:
        """A body of these records."""
        top = [self.header] if header and self.header else []
        return b"\n".join([*top, *lines]) + final

    def sized(self, size: int) -> tuple[bytes, int]:
        """A body of at least `size` bytes, the records over and over; and how many they are."""
        once = sum(len(line) + 1 for line in self.lines)
        times = size // once + 1
        return self.of(self.lines * times), len(self.lines) * times

    def numbers(self) -> list[list[float]]:
        """The records of a CSV file, where every cell is a number; else none."""
        rows = [cells(line) for line in self.lines] if self.kind == "text/csv" else []
        if rows and all(number(cell) for row in rows for cell in row):
            return [[float(cell) for cell in row] for row in rows]
        return []

    def marked(self, mark: str) -> bytes:
        """The first record with `mark` in place of its first number; empty where it has none."""
        row = cells(self.lines[0]) if self.lines and self.kind == "text/csv" else []
        place = next((place for place, cell in enumerate(row) if number(cell)), None)
        if place is None:
            return b""
        text = io.StringIO()
        csv.writer(text, lineterminator="").writerow([*row[:place], mark, *row[place + 1 :]])
        return self.of([text.getvalue().encode()])


def cells(line: bytes) -> list[str]:
    return next(csv.reader([line.decode(errors="replace")]), [])


def number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def instances(rows: list[list[float]]) -> bytes:
    """The JSON form that SageMaker's own algorithms read."""
    return json.dumps({"instances": [{"features": row} for row in rows]}).encode()
