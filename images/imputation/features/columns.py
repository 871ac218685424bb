"""What a column is to the imputer: numbers, categories, text or dates, read from a table and written back."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

import slipway
from slipway import Table
from slipway.kit.arrays import objects

from .cells import DAY, HUGE, Floats, Words, days, gaps, texts, words

Kind = Literal["number", "category", "text", "date", "empty"]

MAX_LABELS = 200  # beyond the 200 most frequent values a cell is "something else"
SHORT = 80  # characters of a label, by the median: what is longer is a text to be read


@dataclass(frozen=True)
class Column:
    """A column as training knew it; `labels` are what a category, or a text, can be filled with."""

    facts: slipway.Column
    kind: Kind
    labels: tuple[str, ...] = ()
    spelled: tuple[str, ...] = ()
    """How labels that are texts are written, where spaces stand around one of them; else empty."""

    @property
    def name(self) -> str:
        return self.facts.name

    def read(self, table: Table) -> Any:
        """Floats, NaN where missing, of numbers and dates (days since 1970); Words of categories and text.

        A table that does not have the column is one of gaps. Raises UserError for a cell that is no date.
        """
        if self.name not in table:
            nothing = np.full(len(table), -1)
            return np.full(len(table), np.nan) if self.numeric else Words(np.empty(0, object), nothing)
        if self.kind == "date":
            return days(table, self.name)
        if self.kind == "number":
            return np.clip(table.number(self.name), -HUGE, HUGE)
        if self.facts.kind == "boolean":
            truths = table.number(self.name)
            return Words(np.array(self.truths, object), np.where(np.isnan(truths), -1, truths).astype(int))
        return _numbers(table.number(self.name)) if self.facts.numeric else words(table, self.name)

    @property
    def numeric(self) -> bool:
        """Whether cells are read as floats."""
        return self.kind in {"number", "date"}

    @property
    def truths(self) -> tuple[str, ...]:
        """How false and true are spelled."""
        return self.facts.words or ("false", "true")

    def codes(self, read: Words) -> NDArray[np.int64]:
        """The place of every read cell in `labels`: -1 for a gap, len(labels) for another value."""
        place = {label: code for code, label in enumerate(self.labels)}
        codes = [place.get(word, len(self.labels)) for word in read.distinct.tolist()]
        return np.array([*codes, -1], np.int64)[read.places]

    def answers(self, read: Any) -> Any:
        """Read cells as what is learnt and answered: floats of numbers and dates, codes of labels."""
        return read if self.numeric else self.codes(read)

    def write(self, answers: Any, written: bool = False) -> NDArray[Any]:
        """Answers as cells of this column, None or NaN where there is none.

        With `written`, beside cells that are texts as they were written, as they would stand there.
        """
        if self.kind == "date":
            return self._dates(answers)
        if self.kind != "number":
            cells: NDArray[Any] = (self._as_written if written else self._typed)[answers]
            return cells
        if written and self.facts.style:
            return objects([_styled(cell, self.facts.style) for cell in self._numbers(answers).tolist()])
        return self._numbers(answers)

    def ends(self, values: Floats) -> NDArray[Any]:
        """The ends of intervals, which are not rounded."""
        return self._dates(values) if self.kind == "date" else values

    def _dates(self, values: Floats) -> NDArray[Any]:
        assert self.facts.times is not None
        seconds = np.where(np.isnan(values), 0.0, np.round(values * DAY)).astype("M8[s]")
        seconds[np.isnan(values)] = np.datetime64("NaT")
        return objects([text or None for text in self.facts.times.write(seconds)])

    def _numbers(self, values: Floats) -> NDArray[Any]:
        if self.facts.kind != "integer":
            return values
        if not np.isnan(values).any() and (np.abs(values) < 2**62).all():
            return np.round(values).astype(np.int64)
        return objects([None if value != value else round(value) for value in values.tolist()])

    @cached_property
    def _typed(self) -> NDArray[Any]:
        """The cell of each label, and at the end that of none."""
        if self.facts.kind == "boolean":
            return objects([*(label == self.truths[1] for label in self.labels), None])
        if self.facts.numeric:
            return objects([*map(_number, self.labels), None])
        return objects([*(self.spelled or self.labels), None])

    @cached_property
    def _as_written(self) -> NDArray[Any]:
        if self.facts.kind == "boolean":
            return objects([*self.labels, None])
        if self.facts.style:
            return objects([*(_styled(_number(label), self.facts.style) for label in self.labels), None])
        return self._typed

    def state(self) -> dict[str, Any]:
        """Plain state, as JSON holds it."""
        facts = self.facts.model_dump(mode="json", exclude_defaults=True)
        return {"facts": facts, "kind": self.kind, "labels": self.labels, "spelled": self.spelled}

    @classmethod
    def revived(cls, state: Mapping[str, Any]) -> Self:
        """From `state`."""
        facts = slipway.Column.model_validate(state["facts"])
        return cls(facts, state["kind"], tuple(state["labels"]), tuple(state["spelled"]))


def infer(table: Table, name: str) -> Column:
    """What a column is to the imputer; a number with only two values (0/1, 1/2) is a category."""
    facts = next(column for column in table.columns if column.name == name)
    missing = gaps(table, name)
    if facts.kind == "list" or missing.all():
        return Column(facts, "empty")
    if facts.kind == "time":
        return Column(facts, "date")
    if facts.kind == "boolean":
        return Column(facts, "category", labels_of(Column(facts, "category").read(table)))
    if facts.numeric:
        found = _numbers(table.number(name))
        labels = labels_of(found) if len(found.distinct) == 2 else ()
        return Column(facts, "category", labels) if len(labels) == 2 else Column(facts, "number")
    return _of_texts(facts, *texts(table, name))


def labels_of(found: Words) -> tuple[str, ...]:
    """The values worth learning, most frequent first; what occurs once cannot be learnt and tested."""
    counts = np.bincount(found.places[~found.gaps], minlength=len(found.distinct)).tolist()
    pairs = zip(found.distinct.tolist(), counts, strict=True)
    ranked = sorted(pairs, key=lambda item: (-item[1], item[0]))
    return tuple(label for label, count in ranked[:MAX_LABELS] if count > 1)


def _of_texts(facts: slipway.Column, given: list[str], places: NDArray[np.int64]) -> Column:
    found = Words.of(given, places)
    labels, seen = labels_of(found), int((~found.gaps).sum())
    lengths = np.array([len(word) for word in found.distinct])
    short = float(np.median(lengths[found.places[~found.gaps]])) <= SHORT
    few = len(lengths) <= 2 or (len(lengths) <= 0.3 * seen and len(lengths) <= 1000)
    counts = Counter(dict(zip(given, np.bincount(places[places >= 0], minlength=len(given)), strict=True)))
    usual: dict[str, str] = {}
    for text, _ in counts.most_common():
        usual.setdefault(text.strip(), text)
    spelled = tuple(usual[label] for label in labels)
    kind: Kind = "category" if few and short else "text"
    return Column(facts, kind, labels, spelled if spelled != labels else ())


def _numbers(values: Floats) -> Words:
    """Numbers as labels: 1 and 1.0 are one."""
    distinct, places = np.unique(values, return_inverse=True)
    count = int((~np.isnan(distinct)).sum())
    labels = [str(int(value)) if value.is_integer() else str(value) for value in distinct[:count].tolist()]
    return Words(objects(labels), np.where(places < count, places, -1))


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
