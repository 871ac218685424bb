"""Typed hyperparameters, from the strings that the platform writes."""

import ast
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal, Self, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from slipway import docstrings
from slipway.errors import UserError, listed, shown

_PLATFORM = ("sagemaker_", "_tuning_objective_metric")  # keys that the SDK and the tuner add to everybody's
_LITERAL = 10_000  # characters of a list that is written as in Python
# What json.loads and ast.literal_eval raise over text that is neither JSON nor Python.
_UNREADABLE = (ValueError, SyntaxError, TypeError, RecursionError, MemoryError)


@dataclass(frozen=True)
class Tunable:
    """Marks a field that a tuning job may search: `k: Annotated[int, Field(ge=2, le=100), Tunable()] = 8`.

    The range offered is the field's own, so a tunable number needs both ends.
    """

    scaling: str = "Auto"
    """Linear, Logarithmic, ReverseLogarithmic or Auto."""


class Declared(BaseModel):
    """A set of named values that a user gives as text. A field's docstring is its public description."""

    model_config = ConfigDict(
        use_attribute_docstrings=docstrings.are_kept,
        extra="forbid",
        frozen=True,
        validate_by_name=True,
        validate_by_alias=True,
        coerce_numbers_to_str=True,  # a column may be called 5, and AWS's own tests send bare numbers
    )

    @classmethod
    def parse(cls, given: Mapping[str, Any], noun: str) -> Self:
        """`given` as this class. Raises UserError, one line, naming each value that does not fit and why."""
        known = names(cls)
        unknown = [name for name in given if name not in known]
        if unknown:
            near = get_close_matches(unknown[0], known, 1)
            hint = f'; did you mean "{near[0]}"?' if near else ""
            raise UserError(f"unknown {noun} {listed(unknown)}; known: {listed(known, 40) or 'none'}{hint}")
        for name, field in cls.model_fields.items():
            both = [label for label in labels(name, field) if label in given]
            if len(both) > 1:
                raise UserError(f"{noun}s {' and '.join(both)} are one and the same; give one of them")
        values = {name: _value(text, cls._field(name)) for name, text in given.items()}
        for name, value in values.items():
            if not all(map(_is_whole, _texts(value))):
                raise UserError(
                    f"{noun} {name}: expected text that UTF-8 can write, got {shown(given[name])}, "
                    "which has half a surrogate"
                )
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise UserError("; ".join(_problems(error, given, noun))) from None

    @classmethod
    def _field(cls, label: str) -> FieldInfo:
        return next(field for name, field in cls.model_fields.items() if label in labels(name, field))


class Hyperparameters(Declared):
    """What a user may set of an algorithm; subclass it in hyperparameters.py as `Hyperparameters`.

    The fields here are every image's: the shared layer reads the data by them.
    """

    kinds: dict[str, Literal["number", "integer", "boolean", "text", "time"]] = {}
    """Column types that cannot be inferred from the cells, for example {"zip": "text", "when": "time"}."""
    dates: Literal["", "day-first", "month-first"] = ""
    """Order of day and month in dates such as 1/2/2024, for columns in which no cell decides it."""
    missing: tuple[str, ...] = ()
    """Additional spellings of a missing cell. Empty cells are always missing; in numeric columns also NA,
    null and ?."""

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        """Reads the content of hyperparameters.json, leaving out what the SDK and the tuner add."""
        own = {name: value for name, value in given.items() if not name.startswith(_PLATFORM)}
        return cls.parse(own, "hyperparameter")


class Options(Declared):
    """What a caller may choose per request; subclass it in options.py as `Options`.

    The choices here are every image's: the shared layer sees to them, and `predict` need not.
    """

    on_error: Literal["fail", "record"] = "fail"
    """How to handle invalid rows. fail: reject the request. record: answer the valid rows and describe the
    error in the column `error`."""
    stream: bool = False
    """Stream long CSV or JSON Lines answers in chunks while later rows are still being predicted."""


def labels(name: str, field: FieldInfo) -> list[str]:
    """The names that a field answers to: its own, then those the older systems used."""
    alias = field.validation_alias
    choices = alias.choices if alias is not None and hasattr(alias, "choices") else [alias] if alias else []
    return list(dict.fromkeys([name, *(str(choice) for choice in choices)]))


def names(declared: type[Declared]) -> list[str]:
    """Every name that `declared` takes."""
    return [label for name, field in fields(declared).items() for label in labels(name, field)]


def fields(declared: type[Declared]) -> dict[str, FieldInfo]:
    """The fields of `declared`, an image's own before those of all images."""
    found = declared.model_fields
    shared = {*Options.model_fields, *Hyperparameters.model_fields}
    own = {name: field for name, field in found.items() if name not in shared}
    return {**own, **found}


def _value(given: Any, field: FieldInfo) -> Any:
    """One value as meant: `"5"` in quotes, `True`, lists as JSON, as Python, or with commas."""
    if not isinstance(given, str):
        return given
    text = given.strip()
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        try:
            return _value(json.loads(text) if text[0] == '"' else ast.literal_eval(text), field)
        except _UNREADABLE:
            return text
    if text.startswith(("[", "{")):
        # Python's own parser takes a hundred times a text's bytes, and gives some of them never back.
        for read in (json.loads, ast.literal_eval) if len(text) <= _LITERAL else (json.loads,):
            try:
                return read(text)
            except _UNREADABLE:
                continue
        return text  # a list or an object that is none, which cut at its commas would pass for one
    if _holds_list(field.annotation):
        return [part.strip() for part in text.split(",") if part.strip()]
    return None if text in {"None", "null"} and not field.is_required() else text


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value, however deep."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            left += [*one, *one.values()]
        elif isinstance(one, list | tuple):
            left += one


def _is_whole(text: str) -> bool:
    """Whether all of `text` are characters: JSON may escape half of one."""
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def _holds_list(annotation: Any) -> bool:
    return (
        annotation in (list, tuple)
        or get_origin(annotation) in (list, tuple)
        or any(
            _holds_list(member) for member in get_args(annotation) if get_origin(annotation) is not Literal
        )
    )


def _problems(error: ValidationError, given: Mapping[str, Any], noun: str) -> list[str]:
    """One complaint a field: a union reports each of its members, and the user cares for what would do.

    A rule across fields has its own words, as no one value is at fault.
    """
    found: dict[str, list[str]] = {}
    rules: list[str] = []
    for entry in error.errors():
        message = entry["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
        if entry["loc"]:
            found.setdefault(str(entry["loc"][0]), []).append(message)
        else:
            rules.append(message)
    return [
        f"{noun} {name} is required"
        if messages == ["Field required"]
        else f"{noun} {name}: expected {' or '.join(dict.fromkeys(messages))}, got {shown(given.get(name))}"
        for name, messages in found.items()
    ] + rules
