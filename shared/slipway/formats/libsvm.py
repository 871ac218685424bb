"""text/libsvm: one line per row, `label index:value index:value`; a column that a line leaves out is 0 there.

Indices count from 1, or from 0 where there is a 0. Columns are called f1, f2, … by their index, the label
`label` and the groups of ranking, as in `qid:7`, `qid`. https://www.csie.ntu.edu.tw/~cjlin/libsvm/faq.html

XGBoost's files may have the weight of a row behind its label, `label:weight`: the column `weight`.
"""

import re
from collections.abc import Sequence

import numpy as np

from slipway.errors import UserError, listed
from slipway.formats.base import Format, Reading
from slipway.formats.libsvm_lines import Lines, parsed
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
    lines = parsed(body)
    first, last = min(lines.indices.min(initial=1), 1), lines.indices.max(initial=0)
    reading.budget.check(lines.height, int(last - first + 1), len(body), "the LibSVM text")
    features = np.arange(first, last + 1)
    columns = list(_dense(lines, features).T)
    names = [f"f{index}" for index in features]
    for name, start in ((GROUP, lines.groups), (WEIGHT, lines.weights), (LABEL, lines.labels)):
        if start.known.any() and not start.known.all():
            line = lines.numbers[~start.known][0]
            raise UserError(f"line {line} has no {name}, and other lines have one")
        if start.known.all():
            columns, names = [_whole(start.values), *columns], [name, *names]
    notes = (f"lines begin with label:weight, read as the columns {LABEL} and {WEIGHT}",)
    return Raw(columns, lines.height, names, sparse=True, notes=notes if WEIGHT in names else ())


def _of_model(body: bytes, schema: Schema, reading: Reading) -> Array:
    """float64 of shape (rows, the model's columns)."""
    texts = [column.name for column in schema.columns if not column.numeric]
    if texts:
        raise UserError(f"text/libsvm holds numbers only, and the model reads texts in {listed(texts)}")
    lines = parsed(body)
    named = [int(found[1]) for found in map(_FEATURE.fullmatch, schema.names) if found]
    names = np.array(named, np.int64)
    if len({*named}) != len(schema.columns):  # names of their own: the columns are counted
        names = np.arange(1, len(schema.columns) + 1)
        strange = np.flatnonzero((lines.indices < 1) | (lines.indices > len(names)))
        if len(strange):
            index, row = lines.indices[strange[0]], lines.rows[strange[0]]
            raise UserError(f"index {index}; expected 1 to {len(names)}", int(row) + 1)
    reading.budget.check(lines.height, len(names), len(body), "the LibSVM text")
    matrix = _dense(lines, names)
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


def _dense(lines: Lines, names: Array) -> Array:
    """float64 of shape (rows, columns); `names` are the columns' indices. Other indices are passed over."""
    order = np.argsort(names, kind="stable")
    places = np.minimum(np.searchsorted(names[order], lines.indices), len(names) - 1)
    known = names[order][places] == lines.indices if len(names) else np.zeros(len(lines.indices), bool)
    matrix = np.zeros((lines.height, len(names)))
    matrix[lines.rows[known], order[places[known]]] = lines.values[known]
    return matrix


def _whole(values: Array) -> Array:
    """Classes and groups are whole numbers, mostly, and are called 1 rather than 1.0."""
    whole = (values == np.trunc(values)) & (np.abs(values) < 2**53)
    return values.astype(np.int64) if whole.all() else values
