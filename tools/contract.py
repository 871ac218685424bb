"""The contract with SageMaker as a document: its rows, and the tests that hold each.

The rows are in contract.toml. The tests are found by reading their code: a test holds the rows that its
docstring, the messages of its assertions or its parameters name, its own and those of the helpers
beside it that it calls.
"""

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAMED = re.compile(r"\b(?:[A-D][1-9]\.[1-9]\d?|C4)(?![\w.]*\d)")
_LINKS = {
    "DG": ("https://docs.aws.amazon.com/sagemaker/latest/dg/{}.html", "{}"),
    "MP": ("https://docs.aws.amazon.com/marketplace/latest/userguide/{}.html", "{}"),
    "API": ("https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_{}.html", "{}"),
    "RT": ("https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_{}.html", "{}"),
}
_WORDS = {"seen": "seen in logs", "own": "our conclusion"}
_KEYS = {"title", "text", "source", "not_ours", "not_met"}


class ContractError(Exception):
    """What is wrong with the rows or the tests that name them, a line each."""


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
    """A test that names a row."""

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


def tests(root: Path) -> dict[str, list[Held]]:
    """Row: the tests that name it, in the order of the files and of their code."""
    found: dict[str, list[Held]] = {}
    for folder in ("tests", "images", "benchmarks"):
        for path in sorted(root.glob(f"{folder}/**/test_*.py")):
            for test, named in _named(ast.parse(path.read_text(), str(path))).items():
                for number in sorted(named):
                    held = Held(path.relative_to(root).as_posix(), test)
                    found.setdefault(number, []).append(held)
    return found


def _named(module: ast.Module) -> dict[str, set[str]]:
    """Test: the rows it names, with those that the functions of its module name that it calls."""
    functions = {
        node.name: node
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    found = {}
    for name in functions:
        if name.startswith("test_"):
            seen, waiting = set(), [name]
            while waiting:
                one = waiting.pop()
                if one in functions and one not in seen:
                    seen.add(one)
                    waiting += _called(functions[one])
            texts = [text for one in seen for text in _texts(functions[one])]
            texts += _parameters(functions[name], module)
            found[name] = {number for text in texts for number in NAMED.findall(text)}
    return {name: named for name, named in found.items() if named}


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef, module: ast.Module) -> Iterator[str]:
    """Texts that are a row's number and no more, in what a test is parametrized with."""
    assigned = {
        target.id: node.value
        for node in module.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    for decorator in function.decorator_list:
        for node in ast.walk(decorator):
            values = assigned.get(node.id) if isinstance(node, ast.Name) else node
            for part in ast.walk(values) if values else ():
                if isinstance(part, ast.Constant) and NAMED.fullmatch(str(part.value)):
                    yield str(part.value)


def _texts(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    yield ast.get_docstring(function) or ""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert) and node.msg is not None:
            for part in ast.walk(node.msg):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value


def _called(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    calls = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
    return [call.id for call in calls if isinstance(call, ast.Name)]


def check(sections: Mapping[str, tuple[str, list[Row]]], held: Mapping[str, list[Held]]) -> None:
    """Raises ContractError where a row is neither tested nor explained, or a test names no row."""
    known = {row.number: row for _, listed in sections.values() for row in listed}
    wrong = []
    for number, row in known.items():
        if row.not_ours and row.not_met:
            wrong.append(f"{number} is called not ours and not met; it is one of them")
        if row.not_ours and number in held:
            wrong.append(f"{number} is called not ours, but {held[number][0].test} holds it")
        if not (row.not_ours or row.not_met or number in held):
            wrong.append(f"{number} has no test that names it, and no reason: {row.text}")
    for number in sorted(set(held) - set(known)):
        one = held[number][0]
        wrong.append(f"{one.path}: {one.test} names {number}, which is no row of contract.toml")
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
