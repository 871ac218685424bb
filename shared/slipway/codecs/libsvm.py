"""text/libsvm: a line a row, `label index:value index:value`; a column that a line leaves out is 0 there.

Indices count from 1, or from 0 where there is a 0. Columns are called f1, f2, … by their index, the label
`label` and the groups of ranking, as in `qid:7`, `qid`. https://www.csie.ntu.edu.tw/~cjlin/libsvm/faq.html
"""

import re
from collections.abc import Sequence

import numpy as np

from slipway.cells import Array
from slipway.errors import NoRows, UserError, listed, shown
from slipway.media import MediaType
from slipway.schema import Schema
from slipway.sheet import Sheet

LABEL, GROUP = "label", "qid"
_FEATURE = re.compile(r"f(\d+)")
_MOST_CELLS = 1 << 27  # 1 GiB as float64; a line of a few bytes may name any column


def read(body: bytes, media: MediaType, schema: Schema | None) -> Sheet:
    """The rows, written out. A request holds the model's columns, and its labels, if any, are passed over."""
    if schema is not None:
        matrix = read_matrix(body, media, schema)
        return Sheet(list(matrix.T), len(matrix), list(schema.names), sparse=True)
    labels, groups, cells = _parsed(body)
    indices = [index for row in cells for index, _ in row]
    features = range(min(min(indices, default=1), 1), max(indices, default=0) + 1)
    _check_size(len(cells), len(features))
    columns = list(_dense(cells, {index: place for place, index in enumerate(features)}).T)
    names = [f"f{index}" for index in features]
    for name, values in ((GROUP, groups), (LABEL, labels)):
        known = [value is not None for value in values]
        if any(known) and not all(known):
            raise UserError(f"line {known.index(False) + 1} has no {name}, and other lines have one")
        if all(known):
            columns, names = [_whole(np.array(values, dtype=np.float64)), *columns], [name, *names]
    return Sheet(columns, len(cells), names, sparse=True)


def read_matrix(body: bytes, media: MediaType, schema: Schema) -> Array:
    """float64 of shape (rows, the model's columns)."""
    texts = [column.name for column in schema.columns if column.kind == "text"]
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
                raise UserError(f"row {number}: index {strange[0]}; expected 1 to {len(places)}")
    matrix = _dense(cells, places)
    infinite = np.argwhere(np.isinf(matrix))
    if len(infinite):
        row, place = infinite[0]
        raise UserError(f"row {row + 1}, column {shown(schema.names[place])}: expected a finite number")
    return matrix


def widened(sheet: Sheet, names: Sequence[str]) -> Sheet:
    """`sheet` with the columns `names`, 0 where it has none. Raises UserError if that is the label."""
    where = dict(zip(sheet.names or (), sheet.columns, strict=True))
    lacking = [name for name in (LABEL, GROUP) if name in names and name not in where]
    if lacking:
        raise UserError(f"its lines have no {lacking[0]}, and those of other files have one")
    zeros = np.zeros(sheet.height)
    return Sheet([where.get(name, zeros) for name in names], sheet.height, list(names), sparse=True)


def union(known: Sequence[str], names: Sequence[str]) -> list[str]:
    """The columns of two sheets, label and group first, features in the order of their indices."""
    found = {*known, *names}
    indices = [int(match[1]) for match in map(_FEATURE.fullmatch, found) if match]
    features = [f"f{index}" for index in range(min([1, *indices]), max([0, *indices]) + 1)]
    return [*(name for name in (LABEL, GROUP) if name in found), *features]


Row = list[tuple[int, float]]


def _parsed(body: bytes) -> tuple[list[float | None], list[float | None], list[Row]]:
    """Labels and groups, None where a line has none, and each line's indices and values."""
    try:
        lines = body.removeprefix(b"\xef\xbb\xbf").decode().splitlines()
    except UnicodeDecodeError:
        raise UserError("the body is not utf-8 text") from None
    labels: list[float | None] = []
    groups: list[float | None] = []
    rows: list[Row] = []
    for number, line in enumerate(lines, 1):
        parts = line.partition("#")[0].split()
        if not parts:
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
    _check_size(len(cells), len(places))
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


def _check_size(height: int, width: int) -> None:
    if height * width > _MOST_CELLS:
        raise UserError(
            f"{height} rows of {width} columns are too many to be written out; "
            f"expected at most {_MOST_CELLS} cells"
        )
