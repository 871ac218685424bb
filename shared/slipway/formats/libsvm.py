"""text/libsvm: one line per row, `label index:value index:value`; a column that a line leaves out is 0 there.

Indices count from 1, or from 0 where there is a 0. Columns are called f1, f2, … by their index, the label
`label` and the groups of ranking, as in `qid:7`, `qid`. https://www.csie.ntu.edu.tw/~cjlin/libsvm/faq.html
"""

import re
from collections.abc import Sequence

import numpy as np

from slipway.errors import NoRows, UserError, listed, shown
from slipway.formats.base import Format, Reading
from slipway.media import MediaType
from slipway.table.arrow import Array
from slipway.table.raw import Raw, block
from slipway.table.schema import Schema

LABEL, GROUP = "label", "qid"
_FEATURE = re.compile(r"f(\d+)")


class LibSVM(Format):
    """Lines of a label and the numbers that are not 0."""

    media_type = "text/libsvm"
    aliases = ("libsvm", "text/x-libsvm", "application/x-libsvm")
    suffixes = (".libsvm", ".svmlight", ".svm")
    writes = False

    def read(self, body: bytes, media: MediaType, reading: Reading) -> Raw:
        """The rows, written out. A request holds the model's columns; its labels, if any, are passed over."""
        if reading.schema is None:
            return _table(body, reading)
        matrix = _of_model(body, reading.schema, reading)
        if reading.keep or not reading.schema.numeric:
            return Raw(list(matrix.T), len(matrix), list(reading.schema.names), sparse=True)
        return block(matrix)


def _table(body: bytes, reading: Reading) -> Raw:
    labels, groups, cells = _parsed(body)
    indices = [index for row in cells for index, _ in row]
    features = range(min(min(indices, default=1), 1), max(indices, default=0) + 1)
    reading.budget.check(len(cells), len(features), len(body), "the LibSVM text")
    columns = list(_dense(cells, {index: place for place, index in enumerate(features)}).T)
    names = [f"f{index}" for index in features]
    for name, values in ((GROUP, groups), (LABEL, labels)):
        known = [value is not None for value in values]
        if any(known) and not all(known):
            raise UserError(f"line {known.index(False) + 1} has no {name}, and other lines have one")
        if all(known):
            columns, names = [_whole(np.array(values, dtype=np.float64)), *columns], [name, *names]
    return Raw(columns, len(cells), names, sparse=True)


def _of_model(body: bytes, schema: Schema, reading: Reading) -> Array:
    """float64 of shape (rows, the model's columns)."""
    texts = [column.name for column in schema.columns if not column.numeric]
    if texts:
        raise UserError(f"text/libsvm holds numbers only, and the model reads texts in {listed(texts)}")
    cells = _parsed(body)[2]
    places = {
        int(found[1]): place for place, found in enumerate(map(_FEATURE.fullmatch, schema.names)) if found
    }
    if len(places) != len(schema.columns):  # a model whose columns have names of their own: they are counted
        places = {place + 1: place for place in range(len(schema.columns))}
        for number, row in enumerate(cells, 1):
            strange = [index for index, _ in row if index not in places]
            if strange:
                raise UserError(f"index {strange[0]}; expected 1 to {len(places)}", number)
    reading.budget.check(len(cells), len(places), len(body), "the LibSVM text")
    matrix = _dense(cells, places)
    infinite = np.argwhere(np.isinf(matrix))
    if len(infinite):
        row, place = infinite[0]
        raise UserError("expected a finite number", int(row) + 1, schema.names[place])
    return matrix


def widened(raw: Raw, names: Sequence[str]) -> Raw:
    """`raw` with the columns `names`, 0 where it has none. Raises UserError if that is the label."""
    where = dict(zip(raw.names or (), raw.columns, strict=True))
    lacking = [name for name in (LABEL, GROUP) if name in names and name not in where]
    if lacking:
        raise UserError(f"its lines have no {lacking[0]}, and those of other files have one")
    zeros = np.zeros(raw.height)
    return Raw(
        [where.get(name, zeros) for name in names],
        raw.height,
        list(names),
        sparse=True,
        read_bytes=raw.read_bytes,
    )


def union(known: Sequence[str], names: Sequence[str]) -> list[str]:
    """The columns of two files, label and group first, features in the order of their indices."""
    found = {*known, *names}
    indices = [int(match[1]) for match in map(_FEATURE.fullmatch, found) if match]
    features = [f"f{index}" for index in range(min([1, *indices]), max([0, *indices]) + 1)]
    return [*(name for name in (LABEL, GROUP) if name in found), *features]


Row = list[tuple[int, float]]


def _parsed(body: bytes) -> tuple[list[float | None], list[float | None], list[Row]]:
    """Labels and groups, None where a line has none, and each line's indices and values."""
    try:
        lines = body.removeprefix(b"\xef\xbb\xbf").decode().split("\n")
    except UnicodeDecodeError:
        raise UserError("the body is not utf-8 text") from None
    labels: list[float | None] = []
    groups: list[float | None] = []
    rows: list[Row] = []
    while lines and not lines[-1].strip():
        lines.pop()
    # Without labels a row of zeros is an empty line.
    start = next((line for line in lines if line.partition("#")[0].strip()), "")
    zeros = ":" in start.split(maxsplit=1)[0] if start else False
    for number, line in enumerate(lines, 1):
        parts = line.partition("#")[0].split()
        if not parts:
            if zeros and not line.strip():
                for one in (labels, groups):
                    one.append(None)
                rows.append([])
            continue
        try:
            labels.append(None if ":" in parts[0] else float(parts.pop(0)))
            groups.append(float(parts.pop(0)[4:]) if parts and parts[0].startswith("qid:") else None)
            rows.append([_pair(part) for part in parts])
        except ValueError:
            raise UserError(
                f"line {number}: expected a label and pairs such as 3:0.5, got {shown(line.strip())}"
            ) from None
        if len({index for index, _ in rows[-1]}) != len(rows[-1]):
            raise UserError(f"line {number}: an index comes twice")
    if not rows:
        raise NoRows("the LibSVM text holds no rows")
    return labels, groups, rows


def _pair(part: str) -> tuple[int, float]:
    index, colon, value = part.partition(":")
    if not (colon and index.isascii() and index.isdigit()):
        raise ValueError(part)
    return int(index), float(value)


def _dense(cells: list[Row], places: dict[int, int]) -> Array:
    matrix = np.zeros((len(cells), len(places)))
    for number, row in enumerate(cells):
        for index, value in row:
            place = places.get(index)
            if place is not None:
                matrix[number, place] = value
    return matrix


def _whole(values: Array) -> Array:
    """Classes and groups are whole numbers, mostly, and are called 1 rather than 1.0."""
    return values.astype(np.int64) if (values == np.trunc(values)).all() else values
