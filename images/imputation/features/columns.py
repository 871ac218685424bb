"""How the imputer reads and writes a column: numbers, categories, text or dates."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

import slipway
from slipway import Table, arrow

from .cells import DAY, HUGE, EncodedTexts, Floats, days, encoded_texts, gaps, texts

Kind = Literal["number", "category", "text", "date", "empty"]

MAX_LABELS = 200  # a cell with none of the 200 most frequent values counts as "another value"
SHORT = 80  # median characters of labels; longer texts are not a category


@dataclass(frozen=True)
class ColumnCodec:
    """A column as seen in training; `labels` are the values that a category or text can be filled with."""

    facts: slipway.Column
    kind: Kind
    labels: tuple[str, ...] = ()
    spelled: tuple[str, ...] = ()
    """Spelling of text labels, if any of them has whitespace around it; else empty."""

    @property
    def name(self) -> str:
        return self.facts.name

    def read(self, table: Table) -> Any:
        """Floats of numbers and dates (days since 1970), NaN where missing; EncodedTexts of all other kinds.

        In a table without the column every cell is missing. Raises UserError for a cell that does not fit.
        """
        if self.name not in table:
            nothing = np.full(len(table), -1)
            return np.full(len(table), np.nan) if self.numeric else EncodedTexts(np.empty(0, object), nothing)
        if self.kind == "date":
            return days(table, self.name)
        if self.kind == "number":
            return np.clip(table.number(self.name), -HUGE, HUGE)
        if self.facts.kind == "boolean":
            truths = table.number(self.name)
            return EncodedTexts(
                np.array(self.truths, object), np.where(np.isnan(truths), -1, truths).astype(int)
            )
        return _numbers(table.number(self.name)) if self.facts.numeric else encoded_texts(table, self.name)

    @property
    def numeric(self) -> bool:
        """Whether cells are parsed as floats."""
        return self.kind in {"number", "date"}

    @property
    def truths(self) -> tuple[str, ...]:
        """Spelling of false and true."""
        return self.facts.words or ("false", "true")

    def codes(self, read: EncodedTexts) -> NDArray[np.int64]:
        """The place of every cell in `labels`, shape (rows,): -1 if missing, len(labels) for other values."""
        place = {label: code for code, label in enumerate(self.labels)}
        codes = [place.get(word, len(self.labels)) for word in read.distinct.tolist()]
        return np.array([*codes, -1], np.int64)[read.places]

    def answers(self, read: Any) -> Any:
        """Parsed cells as learning targets: floats of numbers and dates, codes of labels."""
        return read if self.numeric else self.codes(read)

    def write(self, answers: Any, written: bool = False) -> NDArray[Any]:
        """Predictions as cells of this column, None or NaN where there is none.

        With `written`, spelled like the cells of the training file, for a response of cells as written.
        """
        if self.kind == "date":
            return self._dates(answers)
        if self.kind != "number":
            cells: NDArray[Any] = (self._as_written if written else self._typed)[answers]
            return cells
        if written and self.facts.style:
            return arrow.objects(
                [_styled(cell, self.facts.style) for cell in self._numbers(answers).tolist()]
            )
        return self._numbers(answers)

    def ends(self, values: Floats) -> NDArray[Any]:
        """Bounds of intervals as cells; not rounded."""
        return self._dates(values) if self.kind == "date" else values

    def _dates(self, values: Floats) -> NDArray[Any]:
        assert self.facts.times is not None
        seconds = np.where(np.isnan(values), 0.0, np.round(values * DAY)).astype("M8[s]")
        seconds[np.isnan(values)] = np.datetime64("NaT")
        return arrow.objects([text or None for text in self.facts.times.write(seconds)])

    def _numbers(self, values: Floats) -> NDArray[Any]:
        if self.facts.kind != "integer":
            return values
        if not np.isnan(values).any() and (np.abs(values) < 2**62).all():
            return np.round(values).astype(np.int64)
        return arrow.objects([None if value != value else round(value) for value in values.tolist()])

    @cached_property
    def _typed(self) -> NDArray[Any]:
        """The cell of each label, and at the end None."""
        if self.facts.kind == "boolean":
            return arrow.objects([*(label == self.truths[1] for label in self.labels), None])
        if self.facts.numeric:
            return arrow.objects([*map(_number, self.labels), None])
        return arrow.objects([*(self.spelled or self.labels), None])

    @cached_property
    def _as_written(self) -> NDArray[Any]:
        if self.facts.kind == "boolean":
            return arrow.objects([*self.labels, None])
        if self.facts.style:
            return arrow.objects(
                [*(_styled(_number(label), self.facts.style) for label in self.labels), None]
            )
        return self._typed

    def state(self) -> dict[str, Any]:
        """The attributes as JSON values."""
        facts = self.facts.model_dump(mode="json", exclude_defaults=True)
        return {"facts": facts, "kind": self.kind, "labels": self.labels, "spelled": self.spelled}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """From `state`."""
        facts = slipway.Column.model_validate(state["facts"])
        return cls(facts, state["kind"], tuple(state["labels"]), tuple(state["spelled"]))


def infer(table: Table, name: str) -> ColumnCodec:
    """The kind and labels of a column; a number with only two values (0/1, 1/2) is a category."""
    facts = next(column for column in table.columns if column.name == name)
    missing = gaps(table, name)
    if facts.kind == "list" or missing.all():
        return ColumnCodec(facts, "empty")
    if facts.kind == "time":
        return ColumnCodec(facts, "date")
    if facts.kind == "boolean":
        return ColumnCodec(facts, "category", labels_of(ColumnCodec(facts, "category").read(table)))
    if facts.numeric:
        found = _numbers(table.number(name))
        labels = labels_of(found) if len(found.distinct) == 2 else ()
        return ColumnCodec(facts, "category", labels) if len(labels) == 2 else ColumnCodec(facts, "number")
    return _of_texts(facts, *texts(table, name))


def labels_of(found: EncodedTexts) -> tuple[str, ...]:
    """The values that occur at least twice, most frequent first; at most MAX_LABELS."""
    counts = np.bincount(found.places[~found.gaps], minlength=len(found.distinct)).tolist()
    pairs = zip(found.distinct.tolist(), counts, strict=True)
    ranked = sorted(pairs, key=lambda item: (-item[1], item[0]))
    return tuple(label for label, count in ranked[:MAX_LABELS] if count > 1)


def _of_texts(facts: slipway.Column, given: list[str], places: NDArray[np.int64]) -> ColumnCodec:
    found = EncodedTexts.of(given, places)
    labels, seen = labels_of(found), int((~found.gaps).sum())
    lengths = np.array([len(word) for word in found.distinct])
    short = float(np.median(lengths[found.places[~found.gaps]])) <= SHORT
    few = len(lengths) <= 2 or (len(lengths) <= 0.3 * seen and len(lengths) <= 1000)
    counts = Counter(dict(zip(given, np.bincount(places[places >= 0], minlength=len(given)), strict=True)))
    most_common: dict[str, str] = {}
    for text, _ in counts.most_common():
        most_common.setdefault(text.strip(), text)
    spelled = tuple(most_common[label] for label in labels)
    kind: Kind = "category" if few and short else "text"
    return ColumnCodec(facts, kind, labels, spelled if spelled != labels else ())


def _numbers(values: Floats) -> EncodedTexts:
    """Numbers as labels: 1 and 1.0 are one."""
    distinct, places = np.unique(values, return_inverse=True)
    count = int((~np.isnan(distinct)).sum())
    labels = [str(int(value)) if value.is_integer() else str(value) for value in distinct[:count].tolist()]
    return EncodedTexts(arrow.objects(labels), np.where(places < count, places, -1))


def _number(label: str) -> float | int:
    return int(label) if label.lstrip("-").isdigit() else float(label)


def _styled(value: float | None, style: str) -> str | None:
    """A number with a decimal comma, or with marks between thousands."""
    if value is None or value != value:
        return None
    if style == "1,5":
        return str(value).replace(".", ",")
    text = f"{value:,}"
    return text if style == "1,000.5" else text.translate(str.maketrans(",.", ".,"))
