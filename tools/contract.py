"""The contract with SageMaker as a document: its rows, and the tests that hold each.

The rows are in contract.toml. A test says which it holds by a marker, `@pytest.mark.contract("B4.5")`.
Markers are read from the code, as no one environment imports all tests. A marker of a row that does not exist
fails the collection of pytest (`tests/harness/plugin.py`).
"""

import ast
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LINKS = {
    "DG": ("https://docs.aws.amazon.com/sagemaker/latest/dg/{}.html", "{}"),
    "MP": ("https://docs.aws.amazon.com/marketplace/latest/userguide/{}.html", "{}"),
    "API": ("https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_{}.html", "{}"),
    "RT": ("https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_{}.html", "{}"),
}
_WORDS = {"seen": "seen in logs", "own": "our conclusion"}
_KEYS = {"title", "text", "source", "not_ours", "not_met"}


class ContractError(Exception):
    """What is wrong with the rows or the markers of tests, a line each."""


@dataclass(frozen=True)
class Row:
    """One requirement, and where it is said."""

    number: str
    text: str
    source: tuple[str, ...]
    not_ours: str = ""
    not_met: str = ""


@dataclass(frozen=True)
class Held:
    """A test that holds a row."""

    path: str
    """From the repository's root."""
    test: str


def rows(path: Path) -> dict[str, tuple[str, list[Row]]]:
    """Section: its title and its rows."""
    found = {}
    for section, content in tomllib.loads(path.read_text()).items():
        title = content.pop("title")
        numbered = {f"{section}.{number}": row for number, row in content.items() if isinstance(row, dict)}
        found[section] = (
            title,
            [_row(number, row) for number, row in (numbered or {section: content}).items()],
        )
    return found


def _row(number: str, facts: Mapping[str, Any]) -> Row:
    if unknown := set(facts) - _KEYS:
        raise ContractError(f"{number}: unknown key {', '.join(sorted(unknown))}")
    return Row(number, **{**facts, "source": tuple(facts["source"])})


def numbers(path: Path) -> set[str]:
    """Every row there is."""
    return {row.number for _, listed in rows(path).values() for row in listed}


def tests(root: Path) -> dict[str, list[Held]]:
    """Row: the tests that hold it, in the order of the files and of their code."""
    found: dict[str, list[Held]] = {}
    for folder in ("tests", "images", "benchmarks"):
        for path in sorted(root.glob(f"{folder}/**/test_*.py")):
            for node in ast.parse(path.read_text(), str(path)).body:
                if isinstance(node, ast.FunctionDef):
                    held = Held(path.relative_to(root).as_posix(), node.name)
                    for number in _marked(node, held):
                        found.setdefault(number, []).append(held)
    return found


def _marked(test: ast.FunctionDef, held: Held) -> list[str]:
    """The rows of a test's markers."""
    found = []
    for one in test.decorator_list:
        if isinstance(one, ast.Call) and ast.unparse(one.func) == "pytest.mark.contract":
            for value in one.args:
                if not isinstance(value, ast.Constant):
                    raise ContractError(
                        f"{held.path}: {held.test}: expected rows as texts, got {ast.unparse(value)}"
                    )
                found.append(str(value.value))
    return found


def check(sections: Mapping[str, tuple[str, list[Row]]], held: Mapping[str, list[Held]]) -> None:
    """Raises ContractError where a row is neither tested nor explained, or a marker names no row."""
    known = {row.number: row for _, listed in sections.values() for row in listed}
    wrong = []
    for number, row in known.items():
        if row.not_ours and row.not_met:
            wrong.append(f"{number} is called not ours and not met; it is one of them")
        if row.not_ours and number in held:
            wrong.append(f"{number} is called not ours, but {held[number][0].test} holds it")
        if not (row.not_ours or row.not_met or number in held):
            wrong.append(f"{number} has no test that is marked with it, and no reason: {row.text}")
    for number in sorted(set(held) - set(known)):
        one = held[number][0]
        wrong.append(f"{one.path}: {one.test} is marked with {number}, which is no row of contract.toml")
    if wrong:
        raise ContractError("\n".join(wrong))


def document(sections: Mapping[str, tuple[str, list[Row]]], held: Mapping[str, list[Held]]) -> str:
    """A count, and a table a section."""
    every = [row for _, listed in sections.values() for row in listed]
    tested = sum(row.number in held and not row.not_met for row in every)
    unmet = sum(bool(row.not_met) for row in every)
    ours = sum(bool(row.not_ours) for row in every)
    lines = [
        f"{len(every)} rows: {tested} held by tests, {ours} not ours, {unmet} not or not wholly met.",
        "",
    ]
    for section, (title, listed) in sections.items():
        lines += [
            f"## {section}. {title}",
            "",
            "| row | what holds | said in | held by |",
            "| --- | --- | --- | --- |",
        ]
        lines += [
            f"| {row.number} | {_cell(row.text)} | {', '.join(_said(one) for one in row.source)} | "
            f"{_holds(row, held.get(row.number, []))} |"
            for row in listed
        ]
        lines.append("")
    return "\n".join(lines)


def _holds(row: Row, held: list[Held]) -> str:
    parts = [f"[{one.test}](../{one.path})" for one in held]
    if row.not_ours:
        parts.append(f"*not ours:* {_cell(row.not_ours)}")
    if row.not_met:
        parts.append(f"**not {'wholly ' if held else ''}met:** {_cell(row.not_met)}")
    return "<br>".join(parts) or "**open**"


def _said(source: str) -> str:
    kind, _, rest = source.partition(" ")
    if kind in _LINKS:
        link, shown = _LINKS[kind]
        return f"[{shown.format(rest)}]({link.format(rest)})"
    return _WORDS.get(source) or rest


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
