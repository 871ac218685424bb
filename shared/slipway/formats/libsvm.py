"""text/libsvm: one line per row, `label index:value index:value`; a column that a line leaves out is 0 there.

Indices count from 1, or from 0 where there is a 0. Columns are called f1, f2, … by their index, the label
`label` and the groups of ranking, as in `qid:7`, `qid`. https://www.csie.ntu.edu.tw/~cjlin/libsvm/faq.html

XGBoost's files may have the weight of a row behind its label, `label:weight`: the column `weight`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from slipway.errors import NoRows, UserError, listed, shown
from slipway.formats.base import Format, Reading
from slipway.media import MediaType
from slipway.table.arrow import Array
from slipway.table.raw import Raw, block
from slipway.table.schema import Schema

LABEL, WEIGHT, GROUP = "label", "weight", "qid"
_SPECIAL = (GROUP, WEIGHT, LABEL)
_FEATURE = re.compile(r"f(\d+)")
_FIRST = 100  # lines that tell whether it is LibSVM
_NUMBER = rb"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_PAIRS = rb"((?:[ \t]+(?:qid|\d+):%b)*)" % _NUMBER
_LINE = re.compile(rb"\s*%b(?::%b)?%b\s*(?:#.*)?" % (_NUMBER, _NUMBER, _PAIRS))


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


def looks_like(start: bytes) -> bool:
    """Whether a file that begins so is LibSVM: its first lines are labels and pairs, with some pair."""
    lines = start.split(b"\n", _FIRST)
    whole = lines[:-1] or lines  # the last may be cut off
    found = [_LINE.fullmatch(line) for line in whole if line.strip() and not line.startswith(b"#")]
    return all(found) and any(one[1] for one in found if one)


def _table(body: bytes, reading: Reading) -> Raw:
    parsed = _parsed(body)
    cells = parsed.rows
    indices = [index for row in cells for index, _ in row]
    features = range(min(min(indices, default=1), 1), max(indices, default=0) + 1)
    reading.budget.check(len(cells), len(features), len(body), "the LibSVM text")
    columns = list(_dense(cells, {index: place for place, index in enumerate(features)}).T)
    names = [f"f{index}" for index in features]
    for name, values in ((GROUP, parsed.groups), (WEIGHT, parsed.weights), (LABEL, parsed.labels)):
        known = [value is not None for value in values]
        if any(known) and not all(known):
            raise UserError(f"line {known.index(False) + 1} has no {name}, and other lines have one")
        if all(known):
            columns, names = [_whole(np.array(values, dtype=np.float64)), *columns], [name, *names]
    notes = (f"lines begin with label:weight, read as the columns {LABEL} and {WEIGHT}",)
    return Raw(columns, len(cells), names, sparse=True, notes=notes if WEIGHT in names else ())


def _of_model(body: bytes, schema: Schema, reading: Reading) -> Array:
    """float64 of shape (rows, the model's columns)."""
    texts = [column.name for column in schema.columns if not column.numeric]
    if texts:
        raise UserError(f"text/libsvm holds numbers only, and the model reads texts in {listed(texts)}")
    cells = _parsed(body).rows
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
    lacking = [name for name in _SPECIAL if name in names and name not in where]
    if lacking:
        raise UserError(f"its lines have no {lacking[0]}, and those of other files have one")
    zeros = np.zeros(raw.height)
    return Raw(
        [where.get(name, zeros) for name in names],
        raw.height,
        list(names),
        sparse=True,
        notes=raw.notes,
        read_bytes=raw.read_bytes,
    )


def union(known: Sequence[str], names: Sequence[str]) -> list[str]:
    """The columns of two files, label, weight and group first, features in the order of their indices."""
    found = {*known, *names}
    indices = [int(match[1]) for match in map(_FEATURE.fullmatch, found) if match]
    features = [f"f{index}" for index in range(min([1, *indices]), max([0, *indices]) + 1)]
    return [*(name for name in reversed(_SPECIAL) if name in found), *features]


Row = list[tuple[int, float]]
Values = list[float | None]


@dataclass
class Parsed:
    """The lines of a body: what each begins with, None where it has none, and its indices and values."""

    labels: Values = field(default_factory=list)
    weights: Values = field(default_factory=list)
    groups: Values = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    def add(self, label: float | None, weight: float | None, group: float | None, row: Row) -> None:
        self.labels.append(label)
        self.weights.append(weight)
        self.groups.append(group)
        self.rows.append(row)


def _parsed(body: bytes) -> Parsed:
    try:
        lines = body.removeprefix(b"\xef\xbb\xbf").decode().split("\n")
    except UnicodeDecodeError:
        raise UserError("the body is not utf-8 text") from None
    found = Parsed()
    while lines and not lines[-1].strip():
        lines.pop()
    split = [line.partition("#")[0].split() for line in lines]
    weighted = _weighted([parts for parts in split if parts])
    # Without labels a row of zeros is an empty line.
    start = next((parts for parts in split if parts), [""])
    zeros = ":" in start[0] and not weighted
    for number, (line, parts) in enumerate(zip(lines, split, strict=True), 1):
        if not parts:
            if zeros and not line.strip():
                found.add(None, None, None, [])
            continue
        try:
            label = weight = group = None
            if weighted:
                label, weight = map(float, parts.pop(0).split(":"))
            elif ":" not in parts[0]:
                label = float(parts.pop(0))
            if parts and parts[0].startswith("qid:"):
                group = float(parts.pop(0)[4:])
            found.add(label, weight, group, [_pair(part) for part in parts])
        except ValueError:
            raise UserError(
                f"line {number}: expected a label and pairs such as 3:0.5, got {shown(line.strip())}"
            ) from None
        if len({index for index, _ in found.rows[-1]}) != len(found.rows[-1]):
            raise UserError(f"line {number}: an index comes twice")
    if not found.rows:
        raise NoRows("the LibSVM text holds no rows")
    return found


def _weighted(lines: Sequence[Sequence[str]]) -> bool:
    """Whether lines begin with label:weight, and not with their first feature.

    Indices ascend in a line; so all lines begin with a pair, and in one at least it cannot be a feature.
    """
    return all(":" in parts[0] for parts in lines) and any(map(_begins_with_a_weight, lines))


def _begins_with_a_weight(parts: Sequence[str]) -> bool:
    (index, _, _), following = parts[0].partition(":"), parts[1:2]
    if not _is_index(index):
        return index != "qid"
    after = following[0].partition(":")[0] if following else ""
    return after == "qid" or (_is_index(after) and int(index) >= int(after))


def _is_index(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _pair(part: str) -> tuple[int, float]:
    index, colon, value = part.partition(":")
    if not (colon and _is_index(index)):
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
