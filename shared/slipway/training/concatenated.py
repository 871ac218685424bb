"""The files of a channel under one another: all with the columns of the first, in its order."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from slipway.errors import UserError, listed
from slipway.formats import Reading, libsvm
from slipway.table.raw import Raw
from slipway.training.files import blocks
from slipway.training.inputs import Inputs


@dataclass
class Concatenated:
    """What the inputs of a channel hold; each iteration reads them once more.

    `like` is a block whose columns they must have, where they are but a part of the channel.
    """

    channel: str
    inputs: Inputs
    content_type: str
    reading: Reading
    like: Raw | None = None
    _sparse: Sequence[str] | None = None

    def __iter__(self) -> Iterator[tuple[Raw, str]]:
        """Every block that has rows, with the name of its file. Raises UserError if there is none."""
        first, empty = self.like, True
        names = []
        for source in self.inputs():
            names.append(source.name)
            reading = replace(self.reading, joined=source.joined, first=first)
            for raw in blocks(source, self.content_type, reading):
                if raw.sparse:
                    raw = _widened(raw, self._sparse_names(), source.name)
                first = first or _checked(raw, source.name)
                if raw.height:
                    yield _ordered(raw, first, source.name), source.name
                    empty = False
        if empty and self.like is None:
            held = listed(names) or "it"
            raise UserError(f"channel {self.channel} has no rows: {held} held nothing, or only a header")

    def _sparse_names(self) -> Sequence[str]:
        """The columns of all files, each of which leaves out those that are 0 in all of its rows."""
        if self._sparse is None:
            self._sparse = self.like.names or () if self.like is not None else self._all_names()
        return self._sparse

    def _all_names(self) -> list[str]:
        if self.inputs.size_bytes is None:
            raise UserError(f"channel {self.channel}: LibSVM cannot come through a pipe; use File mode")
        names: list[str] = []
        for source in self.inputs():
            for raw in blocks(source, self.content_type, self.reading):
                names = libsvm.union(names, raw.names or ())
        return names


def _checked(first: Raw, file: str) -> Raw:
    twice = [name for name, count in Counter(first.names or ()).items() if count > 1]
    if twice:
        raise UserError(f"file {file}: column names must differ; more than once came: {listed(twice)}")
    return first


def _widened(raw: Raw, names: Sequence[str], file: str) -> Raw:
    try:
        return libsvm.widened(raw, names)
    except UserError as error:
        raise error.within(f"file {file}") from None


def _ordered(raw: Raw, first: Raw, file: str) -> Raw:
    """`raw` with the columns of `first`, in its order. Raises UserError when it has not got them."""
    raw = _with_gaps(raw, first)
    if raw.names is not None and first.names is not None and sorted(raw.names) != sorted(first.names):
        raise UserError(
            f"file {file}: the columns are {listed(raw.names)}; "
            f"expected {listed(first.names)} as in the first file"
        )
    if raw.width != first.width:
        raise UserError(f"file {file}: {raw.width} columns, expected {first.width} as in the first file")
    columns = raw.columns
    if raw.names is not None and first.names is not None:
        where = {name: place for place, name in enumerate(raw.names)}
        columns = [columns[where[name]] for name in first.names]
    return replace(raw, columns=columns, names=first.names)


def _with_gaps(raw: Raw, first: Raw) -> Raw:
    """JSON records may leave out what they do not know; a block of them may so lack a whole column."""
    known = first.names or ()
    if raw.names is None or not raw.partial:
        return raw
    missing = [name for name in known if name not in raw.names]
    if not missing or not set(raw.names) <= set(known):
        return raw
    gaps = [pa.nulls(raw.height)] * len(missing)
    return replace(raw, columns=[*raw.columns, *gaps], names=[*raw.names, *missing])
