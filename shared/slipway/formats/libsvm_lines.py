"""The lines of text/libsvm as arrays: what each begins with, and its pairs of an index and a value.

A line is `label index:value …`, `label:weight index:value …` or `index:value …`, with `qid:group` before the
first index or not. Lines are split and read as columns by Arrow: cell by cell takes more than twice as long.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from slipway.errors import NoRows, UserError, shown
from slipway.table.arrow import Array

_INDEX = "^[0-9]{1,18}$"
_NUMBER = r"^[-+]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|(?i:inf|infinity|nan))$"


@dataclass(frozen=True, slots=True)
class Start:
    """What lines begin with, of one sort: `values` float64 and `known` bool, both of shape (rows,)."""

    values: Array
    known: Array


@dataclass(frozen=True, slots=True)
class Lines:
    """The rows of a body, and their pairs, those of a row one after the other."""

    numbers: Array
    """The line of each row, from 1 on; int64 of shape (rows,)."""
    labels: Start
    weights: Start
    groups: Start
    rows: Array
    """The row of each pair, from 0 on; int64 of shape (pairs,), as are the indices."""
    indices: Array
    values: Array
    """float64 of shape (pairs,)."""

    @property
    def height(self) -> int:
        return len(self.numbers)


def parsed(body: bytes) -> Lines:
    """Raises UserError with the line that is not of this form, NoRows where there is no line."""
    try:
        text = body.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError:
        raise UserError("the body is not utf-8 text") from None
    found = _Text(text).lines()
    if not found.height:
        raise NoRows("the LibSVM text holds no rows")
    return found


class _Text:
    """The parts of a body's lines, which blanks separate: `head` or `head:tail`."""

    def __init__(self, text: str) -> None:
        self.written = text.rstrip().split("\n")
        lines = [line.partition("#")[0] for line in self.written] if "#" in text else self.written
        stripped = pc.utf8_trim_whitespace(pa.array(lines, pa.large_string()))
        parts = pc.utf8_split_whitespace(stripped)
        self.starts = parts.offsets.to_numpy()[:-1].astype(np.int64)
        self.counts = parts.value_lengths().to_numpy().astype(np.int64)
        self.empty = pc.equal(stripped, "").to_numpy(zero_copy_only=False)  # split into one part, of no text
        split = pc.split_pattern(parts.flatten(), ":", max_splits=1)
        offsets = split.offsets.to_numpy()
        self.texts = split.flatten()
        self.heads = offsets[:-1].astype(np.int64)
        """Where in `texts` the head of each part is; its tail is behind it, if there is one."""
        self.paired = np.diff(offsets) == 2

    def lines(self) -> Lines:
        """What they say."""
        first = self.starts[~self.empty]
        if not len(first):
            return _none()
        weighted = self._weighted(first)
        # Without labels a row of zeros is an empty line.
        zeros = bool(self.paired[first[0]]) and not weighted
        kept = ~self.empty | (np.array([zeros and not line.strip() for line in self.written]) & self.empty)
        row = np.cumsum(kept) - 1
        number = np.repeat(np.arange(len(self.counts)), self.counts)  # the line of each part
        bad = np.zeros(len(self.heads), bool)

        labelled = ~self.empty & (weighted | ~self.paired[self.starts])
        at_label = self.starts[labelled]
        following = self.starts + labelled
        grouped = ~self.empty & (following < self.starts + self.counts)
        grouped[grouped] &= self._is_group(following[grouped])
        at_group = following[grouped]
        rest = ~self.empty[number]
        rest[at_label] = rest[at_group] = False
        pairs = np.flatnonzero(rest)
        bad[pairs] = ~self.paired[pairs]

        labels = self._numbers(at_label, self.heads, bad)
        weights = self._numbers(at_label if weighted else at_label[:0], self.heads + 1, bad)
        groups = self._numbers(at_group, self.heads + 1, bad)
        indices = self._indices(pairs, bad)
        values = self._numbers(pairs[self.paired[pairs]], self.heads + 1, bad)
        if bad.any():
            line = int(number[np.flatnonzero(bad)[0]])
            raise UserError(
                f"line {line + 1}: expected a label and pairs such as 3:0.5, "
                f"got {shown(self.written[line].strip())}"
            )
        _once(indices, number[pairs])
        height = int(kept.sum())
        return Lines(
            np.flatnonzero(kept) + 1,
            _start(height, row[labelled], labels),
            _start(height, row[labelled] if weighted else row[:0], weights),
            _start(height, row[grouped], groups),
            row[number[pairs]],
            indices,
            values,
        )

    def _weighted(self, first: Array) -> bool:
        """Whether lines begin with label:weight, and not with their first feature.

        Indices ascend in a line; so all lines begin with a pair, and in one at least it cannot be a feature.
        """
        if not self.paired[first].all():
            return False
        heads = self._texts(self.heads[first])
        is_index = _matches(heads, _INDEX)
        if (~is_index & ~_matches(heads, "^qid$")).any():
            return True
        counts = self.counts[~self.empty]
        more = is_index & (counts > 1)
        after = self._texts(self.heads[first[more] + 1])
        if _matches(after, "^qid$").any():
            return True
        both = _matches(after, _INDEX)
        before = heads.filter(pa.array(more)).filter(pa.array(both)).cast(pa.int64()).to_numpy()
        return bool((before >= after.filter(pa.array(both)).cast(pa.int64()).to_numpy()).any())

    def _is_group(self, parts: Array) -> Array:
        is_group: Array = self.paired[parts] & _matches(self._texts(self.heads[parts]), "^qid$")
        return is_group

    def _indices(self, parts: Array, bad: Array) -> Array:
        texts = self._texts(self.heads[parts])
        wrong = ~_matches(texts, _INDEX)
        if wrong.any():
            bad[parts[wrong]] = True
            return np.zeros(len(parts), np.int64)
        return np.asarray(texts.cast(pa.int64()).to_numpy())

    def _numbers(self, parts: Array, places: Array, bad: Array) -> Array:
        """The numbers of these parts, float64; those that are none become `bad`."""
        texts = self._texts(places[parts])
        try:
            return np.asarray(texts.cast(pa.float64()).to_numpy())
        except pa.ArrowInvalid:
            bad[parts[~_matches(texts, _NUMBER)]] = True
            return np.zeros(len(parts))

    def _texts(self, places: Array) -> pa.Array:
        return self.texts.take(pa.array(places))


def _matches(texts: pa.Array, pattern: str) -> Array:
    return np.asarray(pc.match_substring_regex(texts, pattern).to_numpy(zero_copy_only=False), bool)


def _once(indices: Array, lines: Array) -> None:
    """Raises UserError where an index comes twice in a line; most often they ascend."""
    same = np.diff(lines) == 0
    if (np.diff(indices)[same] > 0).all():
        return
    order = np.lexsort((indices, lines))
    twice = (np.diff(indices[order]) == 0) & (np.diff(lines[order]) == 0)
    if twice.any():
        raise UserError(f"line {int(lines[order][1:][twice][0]) + 1}: an index comes twice")


def _start(height: int, rows: Array, given: Array) -> Start:
    values, known = np.full(height, np.nan), np.zeros(height, bool)
    values[rows], known[rows] = given, True
    return Start(values, known)


def _none() -> Lines:
    nothing = Start(np.empty(0), np.empty(0, bool))
    whole = np.empty(0, np.int64)
    return Lines(whole, nothing, nothing, nothing, whole, whole, np.empty(0))
