"""One invocation: from a request's bytes to the bytes of its answers, once formats and options are known."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import orjson

from slipway.errors import NoRows, NotAcceptable, RowErrors, UserError, listed
from slipway.formats import Format, Reading, json
from slipway.hyperparameters import Options
from slipway.log import InternalError
from slipway.media import MediaType
from slipway.model import Answers, Model
from slipway.serving.row_groups import (
    Columns,
    PartialResult,
    RowGroups,
    merge,
    nulls,
    pieces,
    with_errors,
)
from slipway.table import match
from slipway.table.arrow import Array
from slipway.table.budget import Budget
from slipway.table.cell_errors import Errors
from slipway.table.raw import Raw
from slipway.table.schema import Column, Schema
from slipway.table.table import Table, missing

_INFINITE = float("inf")
_FEW = 64
Observer = Callable[[Table, Answers], None]
"""Told of rows and their answers."""
PIECE = 1024  # rows, or groups of them, of an answer that is sent piece by piece


@dataclass(slots=True)
class Written:
    """An answer's bytes, how many rows it is for, and what follows while it is sent."""

    body: bytes
    rows: int
    rest: Iterator[bytes] | None = None
    size: int | None = None
    """Bytes of body and rest, where the rest is made already."""


@dataclass(slots=True)
class Invocation:
    """Rows to a model, with options, to be answered in a format."""

    model: Model
    schema: Schema
    budget: Budget
    options: Options
    writer: Format
    wanted: MediaType
    chosen: Callable[[Columns], Columns]
    """The answer columns that the deployment wants."""
    observe: Observer | None = None
    """Told of the rows and their answers, for the watch over drift."""

    def answer(self, read: Callable[[Reading], Raw], may_stream: bool = True) -> Written:
        """Answers what `read` reads. Raises UserError where the request is the caller's mistake."""
        if self.options.on_error == "record":
            if not self.writer.texts:
                raise NotAcceptable(
                    "on_error=record puts texts into the answer, "
                    f"and {self.writer.media_type} holds numbers only"
                )
            return self._with_errors(read, may_stream)
        table = self._typed(read(self.reading()))
        if may_stream and self.options.stream and self.writer.lines:
            groups = RowGroups(self.model.groups(table), table, None)
            if len(groups) > PIECE:
                return self._streamed(groups, {}, {})
        answers = self._predict(table)
        return Written(self._write(self.chosen(answers.columns), answers), table.height)

    @property
    def in_pieces(self) -> bool:
        """Whether it does not matter which rows are read and answered together."""
        return self.writer.splices and by_rows(self.model, self.options)

    def answer_some(self, raw: Raw, first: bool) -> Written | None:
        """Answers some rows of a body, to be followed by the answers to others.

        None where the model says more than a row each, and so has to see all rows.
        """
        table = self._typed(raw)
        answers = checked(self.model.predict(table, self.options), len(table))
        if answers.extra or answers.groups:
            return None
        if self.observe is not None:
            self.observe(table, answers)
        wanted = self.wanted if first else without_header(self.wanted)
        columns = self.chosen(answers.columns)
        return Written(self._written(columns, wanted, answers.envelope or self.model.envelope), len(table))

    def reading(self, errors: Errors | None = None) -> Reading:
        """How the rows are to be read."""
        return Reading(self.schema, self.budget, errors, keep=self.model.keeps(self.options))

    def _typed(self, raw: Raw, errors: Errors | None = None) -> Table:
        keep = self.model.keeps(self.options)
        return match.typed(raw, self.schema, errors, keep, self.writer.nests, not self.writer.typed)

    def _with_errors(self, read: Callable[[Reading], Raw], may_stream: bool) -> Written:
        """Answers the rows that can be answered, and tells what is wrong with each other one."""
        invalid: dict[int, UserError] = {}
        raw = read(self.reading(invalid))
        found: dict[int, UserError] = {}
        table = self._lenient_table(raw, invalid, found)
        if table is None:
            return Written(self._write(self._merged([], invalid), None), 0)
        said: UserError | None = None
        if not invalid and not found:
            try:
                answers = self._predict(table)
            except UserError as error:
                if error.status != UserError.status:
                    raise
                said = error
            else:
                columns = self.chosen(answers.columns)
                columns = with_errors(columns, nulls(len(next(iter(columns.values())))))
                return Written(self._write(columns, answers), len(table))
        groups = RowGroups(self.model.groups(table), table, raw.places)
        spoiled = groups.invalid(found)
        if may_stream and self.options.stream and self.writer.lines and len(groups) > PIECE:
            return self._streamed(groups, spoiled, invalid)
        parts = self._valid(groups, np.arange(len(groups)), spoiled, invalid, said)
        answered = [part.places for part in parts]
        extra = self._extra(groups, parts, invalid)
        rows = len(np.unique(np.concatenate(answered))) if answered else 0
        return Written(self._write(self._merged(parts, invalid), extra), rows)

    def _lenient_table(
        self, raw: Raw, invalid: dict[int, UserError], found: dict[int, UserError]
    ) -> Table | None:
        """The rows that could be read; what is wrong with their cells goes into `found`. None for no rows.

        Raises UserError where that is no row's fault: a header whose names do not fit.
        """
        if not (raw.height or invalid):
            raise NoRows("no rows came")
        if not raw.height:
            return None
        try:
            return self._typed(raw, found)
        except UserError as error:
            if raw.written or raw.places is None:
                raise
            # Rows that name their cells themselves, and none has what is needed.
            invalid |= dict.fromkeys(raw.places.tolist(), error)
            return None

    def _streamed(
        self, groups: RowGroups, spoiled: Mapping[int, UserError], invalid: dict[int, UserError]
    ) -> Written:
        made = self._made(groups, spoiled, invalid)
        return Written(next(made), len(groups.table), made)

    def _made(
        self, groups: RowGroups, spoiled: Mapping[int, UserError], invalid: dict[int, UserError]
    ) -> Iterator[bytes]:
        """The pieces, each written when it is asked for."""
        names: list[str] = []
        waiting = sorted(invalid)
        for some in pieces(groups, PIECE):
            if self.options.on_error == "record":
                here: dict[int, UserError] = {}
                parts = self._valid(groups, some, spoiled, here)
                until = groups.place(some[-1] + 1) if some[-1] + 1 < len(groups) else _INFINITE
                while waiting and waiting[0] < until:
                    place = waiting.pop(0)
                    here[place] = invalid[place]
                columns = self._merged(parts, here)
            else:
                columns = self.chosen(groups.answer(some, self._predict).columns)
            if names and list(columns) != names:
                raise InternalError("predict gave other columns to some rows than to those before")
            wanted = without_header(self.wanted) if names else self.wanted
            names = list(columns)
            yield self._written(columns, wanted, "")

    def _valid(
        self,
        groups: RowGroups,
        some: Array,
        spoiled: Mapping[int, UserError],
        invalid: dict[int, UserError],
        said: UserError | None = None,
    ) -> list[PartialResult]:
        """Answers to those groups that can be answered; into `invalid` goes why the others cannot."""
        if spoiled:
            bad = np.isin(some, list(spoiled))
            invalid |= {groups.place(group): spoiled[group] for group in some[bad].tolist()}
            some = some[~bad]
        return groups.predict_valid(some, self._predict, invalid, said)

    def _extra(
        self, groups: RowGroups, parts: list[PartialResult], invalid: Mapping[int, UserError]
    ) -> Answers | None:
        """What a JSON answer says beside the valid rows' answers, all of them together."""
        if len(parts) < 2 or not any(part.answers.extra for part in parts):
            return parts[0].answers if parts else None
        valid = [group for group in range(len(groups)) if groups.place(group) not in invalid]
        return self._predict(groups.table.take(groups.rows_of(np.array(valid, dtype=np.int64))))

    def _merged(self, parts: list[PartialResult], invalid: Mapping[int, UserError]) -> Columns:
        parts = [replace(part, columns=self.chosen(part.columns)) for part in parts]
        return merge(parts, invalid, () if parts else self._names())

    def _names(self) -> list[str]:
        """What the answer's columns are called, by the law that a table of no rows has them, too."""
        answers = answers_to_nothing(self.model, self.schema.columns, self.options, self.writer.nests)
        return list(self.chosen(answers.columns))

    def _predict(self, table: Table) -> Answers:
        answers = checked(self.model.predict(table, self.options), len(table))
        if self.observe is not None:
            self.observe(table, answers)
        return answers

    def _written(self, columns: Columns, wanted: MediaType, envelope: str) -> bytes:
        try:
            return self.writer.write(columns, wanted, envelope)
        except orjson.JSONEncodeError as error:
            if "Recursion" not in str(error):
                raise
            raise UserError("a cell is nested too deeply to be given back") from None

    def _write(self, columns: Columns, answers: Answers | None) -> bytes:
        envelope = (answers.envelope if answers else "") or self.model.envelope
        written = self._written(columns, self.wanted, envelope)
        extra = answers.extra if answers else None
        if not extra:
            return written
        if self.writer.media_type != "application/json":
            raise UserError(f"{listed(list(extra))} can only be told in JSON; Accept application/json")
        return json.joined(written, extra)


def answers_to_nothing(model: Model, columns: Sequence[Column], options: Options, nests: bool) -> Answers:
    """What a model answers to a table of no rows: the columns that it answers to any."""
    sent = {column.name: nulls(0) for column in columns}
    cells = [missing(column, 0) for column in columns]
    return model.predict(Table(tuple(columns), cells, 0, None, sent, nests=nests), options)


def by_rows(model: Model, options: Options) -> bool:
    """Whether rows always are answered by themselves, whatever is in them."""
    return options.on_error != "record" and not options.stream and type(model).groups is Model.groups


def without_header(wanted: MediaType) -> MediaType:
    """The media type of what follows the first piece of an answer: one header is enough."""
    return replace(
        wanted, parameters={name: said for name, said in wanted.parameters.items() if name != "header"}
    )


def checked(answers: Answers, height: int) -> Answers:
    """Every row, or group of rows, is answered: a model that drops one must not pass for good."""
    columns, groups = answers.columns, answers.groups
    rows = height
    if groups is not None:
        if groups.of_rows.shape != (height,):
            raise InternalError(f"predict put {groups.of_rows.shape} rows into groups, of {height} that came")
        lost = np.setxor1d(groups.of_rows, groups.of_answers)
        if len(lost):
            raise InternalError(
                f"predict gave {len(lost)} groups rows without answers, or answers without rows"
            )
        height = len(groups.of_answers)
    if not columns:
        raise InternalError("predict gave no answer columns")
    for name, column in columns.items():
        if not isinstance(column, np.ndarray) or column.shape[:1] != (height,):
            came = column.shape[:1] if isinstance(column, np.ndarray) else type(column).__name__
            raise InternalError(f"predict gave {came} answers in {name} for {height} rows")
        if column.dtype.kind == "f" and _has_infinite(column):
            # JSON and CSV have no word for it: it would pass for a gap.
            infinite = np.flatnonzero(np.isinf(column).reshape(len(column), -1).any(axis=1))
            if groups is not None:
                infinite = np.flatnonzero(np.isin(groups.of_rows, groups.of_answers[infinite]))
            message = f"{name} is infinite: a number in this row is too large"
            raise RowErrors({int(row) + 1: UserError(message, int(row) + 1) for row in infinite[:rows]})
    return answers


def _has_infinite(column: Array) -> bool:
    if len(column) < _FEW and column.ndim == 1:  # a tenth of what NumPy takes to set out
        cells = column.tolist()
        return _INFINITE in cells or -_INFINITE in cells
    return bool(np.isinf(column).any())
