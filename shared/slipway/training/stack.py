"""The sheets of many files under one another: all with the columns of the first, in its order."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property

from slipway.codecs import libsvm
from slipway.errors import UserError, listed
from slipway.sheet import Sheet
from slipway.training.files import sheets
from slipway.training.inputs import Inputs


class Stack:
    """What the inputs of a channel hold; each iteration reads them once more.

    `like` is a sheet whose columns they must have, where they are but a part of the channel.
    """

    def __init__(self, channel: str, inputs: Inputs, content_type: str, like: Sheet | None = None) -> None:
        self._channel = channel
        self._inputs = inputs
        self._content_type = content_type
        self._like = like

    @cached_property
    def head(self) -> Sheet:
        """The first block that has rows."""
        return next(self.sheets())

    @cached_property
    def names(self) -> list[str]:
        """The columns; they are numbered where they have no names."""
        if self.head.names is not None:
            return list(self.head.names)
        return [f"column_{place}" for place in range(1, self.head.width + 1)]

    def sheets(self) -> Iterator[Sheet]:
        """Every block that has rows. Raises UserError if there is none."""
        return (sheet for sheet, _ in self.placed())

    def placed(self) -> Iterator[tuple[Sheet, str]]:
        """The same with the names of the files that they are from."""
        first = self._like
        empty = True
        names = []
        for source in self._inputs():
            names.append(source.name)
            for sheet in sheets(source, self._content_type, first):
                if sheet.sparse:
                    sheet = _widened(sheet, self._sparse_names, source.name)
                first = first or _checked(sheet, source.name)
                if sheet.height:
                    ordered = _ordered(sheet, first, source.name)
                    self.__dict__.setdefault("head", ordered)  # of a stream, there is no second look at it
                    yield ordered, source.name
                    empty = False
        if empty and self._like is None:
            held = listed(names) or "it"
            raise UserError(f"channel {self._channel} has no rows: {held} held nothing, or only a header")

    @cached_property
    def _sparse_names(self) -> Sequence[str]:
        """The columns of all files, each of which leaves out those that are 0 in all of its rows."""
        if self._like is not None:
            return self._like.names or ()
        if self._inputs.size_bytes is None:
            raise UserError(f"channel {self._channel}: LibSVM cannot come through a pipe; use File mode")
        names: list[str] = []
        for source in self._inputs():
            for sheet in sheets(source, self._content_type, None):
                names = libsvm.union(names, sheet.names or ())
        return names


def _checked(first: Sheet, file: str) -> Sheet:
    twice = [name for name, count in Counter(first.names or ()).items() if count > 1]
    if twice:
        raise UserError(f"file {file}: column names must differ; more than once came: {listed(twice)}")
    return first


def _widened(sheet: Sheet, names: Sequence[str], file: str) -> Sheet:
    try:
        return libsvm.widened(sheet, names)
    except UserError as error:
        raise UserError(f"file {file}: {error}") from None


def _ordered(sheet: Sheet, first: Sheet, file: str) -> Sheet:
    """`sheet` with the columns of `first`, in its order. Raises UserError when it has not got them."""
    sheet = _with_gaps(sheet, first)
    if sheet.names is not None and first.names is not None and sorted(sheet.names) != sorted(first.names):
        raise UserError(
            f"file {file}: the columns are {listed(sheet.names)}; "
            f"expected {listed(first.names)} as in the first file"
        )
    if sheet.width != first.width:
        raise UserError(f"file {file}: {sheet.width} columns, expected {first.width} as in the first file")
    columns = sheet.columns
    if sheet.names is not None and first.names is not None:
        where = {name: place for place, name in enumerate(sheet.names)}
        columns = [columns[where[name]] for name in first.names]
    return Sheet(columns, sheet.height, first.names)


def _with_gaps(sheet: Sheet, first: Sheet) -> Sheet:
    """JSON records may leave out what they do not know; a block of them may so lack a whole column."""
    known = first.names or ()
    if sheet.names is None or not all(isinstance(column, list) for column in sheet.columns):
        return sheet
    missing = [name for name in known if name not in sheet.names]
    if not missing or not set(sheet.names) <= set(known):
        return sheet
    gaps: list[list[None]] = [[None] * sheet.height for _ in missing]
    return Sheet([*sheet.columns, *gaps], sheet.height, [*sheet.names, *missing])
