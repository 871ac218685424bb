"""One request, once its media types and options are known: from its rows to the bytes of its answers."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from slipway.cells import Array
from slipway.codecs import Codec, Reader, csv, json
from slipway.codecs.screen import Screened
from slipway.errors import NotAcceptable, UserError, listed
from slipway.hyperparameters import Options
from slipway.log import Fault
from slipway.media import MediaType
from slipway.model import Grouped, Model
from slipway.rows import Rows
from slipway.schema import Schema
from slipway.serving.records import Columns, Part, Read, Units, none, stacked, together, with_errors
from slipway.sheet import Sheet

_INFINITE = float("inf")
_FEW = 64
PIECE = 1024  # rows, or groups of them, of an answer that is sent piece by piece


@dataclass(slots=True)
class Payload:
    """A request's body and the codec that reads it: the source of its rows."""

    codec: Reader
    media: MediaType
    body: bytes

    def sheet(self, schema: Schema | None) -> Sheet:
        return self.codec.read(self.body, self.media, schema)

    def matrix(self, schema: Schema) -> Array | None:
        return None if schema.sent_as else self.codec.read_matrix(self.body, self.media, schema)

    def screened(self, schema: Schema) -> Screened:
        """Its rows where some may be bad."""
        if self.codec.screen is None:
            return Screened.all_of(self.sheet(schema))
        return self.codec.screen(self.body, self.media, schema)

    @property
    def skips(self) -> bool:
        """Whether a line is blank: `read` passes over it, where an answer is owed for each line."""
        if not self.codec.lines:
            return False
        body = self.body.replace(b"\r", b"") if b"\r" in self.body else self.body
        return body.startswith(b"\n") or b"\n\n" in body or (b" \n" in body and _has_blank(body))


@dataclass(slots=True)
class Written:
    """An answer's bytes, how many rows it is for, and what follows while it is sent."""

    body: bytes
    rows: int
    rest: Iterator[bytes] | None = None


class Asking:
    """What is asked: rows, of a model, with options, to be written in a format."""

    def __init__(
        self,
        model: Model,
        schema: Schema,
        payload: Payload,
        writer: Codec,
        wanted: MediaType,
        options: Options,
        chosen: Callable[[Columns], Columns],
    ) -> None:
        self.model = model
        self.schema = schema
        self.payload = payload
        self.writer = writer
        self.wanted = wanted
        self.options = options
        self._chosen = chosen

    def answer(self, may_stream: bool = True) -> Written:
        """Raises UserError where the request is the caller's mistake."""
        tolerant = self.options.on_error == "record"
        if tolerant and not self.writer.texts:
            raise NotAcceptable(
                f"on_error=record puts texts into the answer, and {self.writer.media_type} holds numbers only"
            )
        if may_stream and self.options.stream and self.writer.lines:
            written = self._streamed(tolerant)
            if written is not None:
                return written
        return self._tolerant() if tolerant else self._whole(self._rows(self.payload))

    def _whole(self, rows: Rows, errors: bool = False) -> Written:
        answers = self._predict(rows)
        columns = answers.columns if isinstance(answers, Grouped) else answers
        beside = self._beside(rows, columns)
        columns = self._chosen(columns)
        if errors:
            columns = with_errors(columns, none(len(next(iter(columns.values())))))
        return Written(self._write(columns, beside), len(rows))

    def _tolerant(self) -> Written:
        if not self.payload.skips:
            try:
                return self._whole(self._rows(self.payload), errors=True)
            except UserError as error:
                if error.status != UserError.status:
                    raise
        screened = self.payload.screened(self.schema)
        units, bad = self._units(screened)
        parts: list[Part] = []
        beside: Mapping[str, Any] = {}
        answered = 0
        if units is not None:
            parts = self._sorted_out(units, np.arange(len(units)), units.spoiled(self.schema), bad)
        if units is not None and parts:
            rows = units.without(bad)
            answered = len(rows)
            beside = self._beside(rows, stacked(parts))
        return Written(self._write(self._together(parts, bad), beside), answered)

    def _streamed(self, tolerant: bool) -> Written | None:
        """The first piece, once all cells are known to be readable; None where there is one piece only."""
        bad: dict[int, str] = {}
        if tolerant:
            units, bad = self._units(self.payload.screened(self.schema))
        else:
            rows = self._rows(self.payload)
            if self.schema.numeric:
                rows.matrix  # noqa: B018  # read once, for all pieces; raises where a cell is no number
            units = self._apart(rows, np.arange(len(rows)))
        if units is None or len(units) <= PIECE:
            return None
        spoiled = {} if self.schema.numeric and not tolerant else units.spoiled(self.schema)
        if spoiled and not tolerant:
            return None  # a bad cell is to be refused while there is still a status to say so
        made = self._made(units, spoiled, bad, tolerant)
        return Written(next(made), len(units.rows), made)

    def _made(
        self, units: Units, spoiled: Mapping[int, str], bad: dict[int, str], tolerant: bool
    ) -> Iterator[bytes]:
        """The pieces, each written when it is asked for."""
        names: list[str] = []
        for start in range(0, len(units), PIECE):
            some = np.arange(start, min(start + PIECE, len(units)))
            if tolerant:
                here: dict[int, str] = {}
                parts = self._sorted_out(units, some, spoiled, here)
                until = units.place(some[-1] + 1) if some[-1] + 1 < len(units) else float("inf")
                here |= {place: bad.pop(place) for place in list(bad) if place < until}
                columns = self._together(parts, here)
            else:
                columns = self._chosen(units.answer(some, self._predict).columns)
            if names and list(columns) != names:
                raise Fault("predict gave other columns to some rows than to those before")
            wanted = MediaType(self.wanted.essence) if names else self.wanted  # one header is enough
            names = list(columns)
            yield self.writer.write(columns, wanted, "")

    def _sorted_out(
        self, units: Units, some: Array, spoiled: Mapping[int, str], bad: dict[int, str]
    ) -> list[Part]:
        """Answers to those of `units` that can be answered; into `bad` goes why the others cannot."""
        bad |= {units.place(unit): spoiled[unit] for unit in some.tolist() if unit in spoiled}
        fine = np.array([unit for unit in some.tolist() if unit not in spoiled], dtype=np.int64)
        return list(units.sorted_out(fine, self._predict, bad))

    def _units(self, screened: Screened) -> tuple[Units | None, dict[int, str]]:
        """The rows that can be read, and what is wrong with the others.

        Raises UserError where that is no row's fault: columns whose names do not fit.
        """
        bad, sheet = dict(screened.bad), screened.sheet
        if screened.headed:
            self.schema.positions(sheet.names, sheet.width)
        if not sheet.height:
            return None, bad
        try:
            self.schema.positions(sheet.names, sheet.width)
        except UserError as error:  # rows that name their cells themselves, and none has what is needed
            return None, {**bad, **dict.fromkeys(screened.places.tolist(), str(error))}
        return self._apart(self._rows(Read(sheet)), screened.places), bad

    def _apart(self, rows: Rows, places: Array) -> Units:
        """`rows` in units. Which belong together is asked of their cells as they came: some may be bad."""
        alone = type(self.model).groups is Model.groups  # then the cells need not be read for it
        groups = None if alone else self.model.groups(Rows(Read(rows.sheet), self.schema))
        return Units(groups, rows, places)

    def _rows(self, source: Any) -> Rows:
        # A CSV's cells have no type of their own: to go back as CSV they stay as they were written.
        return Rows(source, self.schema, self.writer.write is not csv.write, self.writer.nests)

    def _predict(self, rows: Rows) -> Mapping[str, Array] | Grouped:
        return checked(self.model.predict(rows, self.options), len(rows))

    def _beside(self, rows: Rows, columns: Columns) -> Mapping[str, Any]:
        beside = self.model.beside(rows, columns, self.options)
        if beside and self.writer.write is not json.write:
            raise UserError(f"{listed(list(beside))} can only be told in JSON; Accept application/json")
        return beside

    def _write(self, columns: Columns, beside: Mapping[str, Any]) -> bytes:
        written = self.writer.write(columns, self.wanted, self.model.envelope_of(self.options))
        return json.joined(written, beside) if beside else written

    def _together(self, parts: list[Part], bad: Mapping[int, str]) -> Columns:
        parts = [Part(self._chosen(part.columns), part.places) for part in parts]
        return together(parts, bad, () if parts else self._usual)

    @cached_property
    def _usual(self) -> list[str]:
        """The names of the answer's columns, told by what the model says to a row of gaps."""
        gaps = Sheet([[None] for _ in self.schema.names], 1, self.schema.names)
        try:
            answers = self._predict(self._rows(Read(gaps)))
        except UserError:
            return []
        return list(self._chosen(answers.columns if isinstance(answers, Grouped) else answers))


def checked(answers: Mapping[str, Array] | Grouped, height: int) -> Mapping[str, Array] | Grouped:
    """Every row, or group of rows, is answered: a model that drops one must not pass for good."""
    if isinstance(answers, Grouped):
        columns, rows = answers.columns, answers.of_rows
        if rows.shape != (height,):
            raise Fault(f"predict put {rows.shape} rows into groups, of {height} that came")
        lost = np.setxor1d(rows, answers.of_answers)
        if len(lost):
            raise Fault(f"predict gave {len(lost)} groups rows without answers, or answers without rows")
        height = len(answers.of_answers)
    else:
        columns = answers
    if not columns:
        raise Fault("predict gave no answer columns")
    for name, column in columns.items():
        if not isinstance(column, np.ndarray) or column.shape[:1] != (height,):
            came = column.shape[:1] if isinstance(column, np.ndarray) else type(column).__name__
            raise Fault(f"predict gave {came} answers in {name} for {height} rows")
        if column.dtype.kind == "f" and _has_infinite(column):
            # JSON and CSV have no word for it: it would pass for a gap.
            row = int(np.isinf(column).reshape(len(column), -1).any(axis=1).argmax()) + 1
            raise UserError(f"row {row}: {name} is infinite: a number in this row is too large")
    return answers


def _has_infinite(column: Array) -> bool:
    if len(column) < _FEW and column.ndim == 1:  # a tenth of what NumPy takes to set out
        cells = column.tolist()
        return _INFINITE in cells or -_INFINITE in cells
    return bool(np.isinf(column).any())


def _has_blank(body: bytes) -> bool:
    return any(not line.strip() for line in body.splitlines())
