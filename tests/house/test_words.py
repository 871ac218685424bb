"""The field's words: names and texts that only this repository would understand are not used again."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from house.code import parse
from house.folders import ROOT

# Words of the first version, and what is written instead.
NAMES = {
    "Asking": "Invocation",
    "Asked": "…Request or …Options",
    "Answered": "a response",
    "BrokenModel": "ModelLoadError",
    "Fault": "InternalError",
    "Kept": "…Checkpoint",
    "Resident": "ModelProcess",
    "Said": "Predictions",
    "Sheet": "Table",
    "Stack": "Concatenated",
    "TooLate": "ModelTimeout",
    "fault": "log_exception",
    "heeded": "invocation_headers",
    "kept": "checkpoint",
    "pages": "report",
    "posed": "problem",
    "screen": "lenient parse",
    "specimen": "fixture",
    "staying": "standby",
    "unanswered": "http_error",
}
UNIT = "row|series|step|line|label|column|cell|CPU|model|class|channel|point|group|host|key|tree"
NOUN = "row|series|line|model|network|answer|number|entry|value|point|bar|column|record|instance|score|folder"
PHRASES = [
    rf"\b(?:[Oo]ne|[Aa]) (?:{NOUN}) a (?:{UNIT})\b",  # one row per series
    r"\bwhat came\b",
    r"\banew\b",
    r"\b[Nn]obody\b",
    r"\bof ours\b",
    r"\bhow often to start\b",
    r", say[,.;:]",
]
WRONG = re.compile("|".join(PHRASES))
CODE = [path for folder in ("shared/slipway", "images", "tools") for path in (ROOT / folder).rglob("*.py")]
OURS = [path for path in CODE if not {"tests", "template", "sample"} & set(path.relative_to(ROOT).parts)]


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_and_no_public_name_is_a_word_of_the_first_version(path: Path) -> None:
    for name in [path.stem, *_public(parse(path).body)]:
        assert name not in NAMES, f"{path.relative_to(ROOT)}: {name}; write {NAMES[name]}"


def test_what_users_read_is_plain_english(tracked: list[Path]) -> None:
    """Documents, the facts of images, and the descriptions and messages in code; decisions are history."""
    found = [
        f"{path.relative_to(ROOT)}: {hit[0]}"
        for path in tracked
        for text in _texts(path)
        for hit in WRONG.finditer(text)
    ]
    assert not found, "; ".join(found)


def _public(body: list[ast.stmt]) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name[0] != "_":
            yield node.name
            if isinstance(node, ast.ClassDef):
                yield from _public(node.body)


def _texts(path: Path) -> Iterator[str]:
    place = path.relative_to(ROOT)
    if (
        path.suffix == ".md" and place.name != "CHANGELOG.md" and "decisions" not in place.parts
    ) or path.name == "image.toml":
        yield path.read_text()
    elif path in OURS:
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
