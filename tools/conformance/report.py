"""What was found, as a table to read, as Markdown, and as JUnit XML for a CI."""

import shutil
import textwrap
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from .registry import Check, Result, Verdict

_HEAD = ("row", "what was done", "expected", "seen", "verdict")
_SHARES = (0.28, 0.27, 0.45)  # of the width that row and verdict leave
_FORBIDDEN = {number: "�" for number in range(32) if chr(number) not in "\t\n\r"}


def _cells(result: Result) -> tuple[str, ...]:
    one = result.check
    return (one.row, one.did, one.expected, result.seen, result.verdict.value)


def table(results: Sequence[Result], width: int | None = None) -> str:
    """Columns as wide as the terminal, texts wrapped."""
    width = max(100, width or shutil.get_terminal_size((150, 40)).columns)
    widths = [6, *(int((width - 6 - 7 - 8) * share) for share in _SHARES), 7]
    lines = [_line(_HEAD, widths), "  ".join("─" * one for one in widths)]
    lines += [_line(_cells(result), widths) for result in results]
    return "\n".join(lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    wrapped = [textwrap.wrap(cell, width) or [""] for cell, width in zip(cells, widths, strict=True)]
    height = max(map(len, wrapped))
    rows = [[part[at] if at < len(part) else "" for part in wrapped] for at in range(height)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def markdown(results: Sequence[Result]) -> str:
    lines = ["| " + " | ".join(_HEAD) + " |", "| --- | --- | --- | --- | --- |"]
    lines += ["| " + " | ".join(map(_escaped, _cells(one))) + " |" for one in results]
    return "\n".join(lines)


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|").replace("<", "&lt;")


def listed(checks: Sequence[Check]) -> str:
    """What can be checked, as Markdown."""
    lines = ["| row | needs | what is done | expected |", "| --- | --- | --- | --- |"]
    lines += [f"| {one.row} | {one.needs} | {one.did} | {one.expected} |" for one in checks]
    return "\n".join(lines)


def summary(results: Sequence[Result]) -> str:
    counts = Counter(result.verdict for result in results)
    rows = sorted({result.check.row for result in results if result.verdict is Verdict.FAIL})
    told = (
        f"{counts[Verdict.PASS]} passed, {counts[Verdict.FAIL]} failed, {counts[Verdict.NOT_APPLICABLE]} n/a"
    )
    return told + (f"; rows that fail: {', '.join(rows)}" if rows else "")


def junit(results: Sequence[Result], image: str, path: Path) -> None:
    suite = ElementTree.Element("testsuite", name=f"conformance of {image}", tests=str(len(results)))
    counts = Counter(result.verdict for result in results)
    suite.set("failures", str(counts[Verdict.FAIL]))
    suite.set("skipped", str(counts[Verdict.NOT_APPLICABLE]))
    suite.set("errors", "0")
    suite.set("time", f"{sum(result.seconds for result in results):.3f}")
    for result in results:
        one = result.check
        case = ElementTree.SubElement(suite, "testcase", classname=f"{one.needs}.{one.row}")
        case.set("name", f"{one.row} {one.run.__name__}")
        case.set("time", f"{result.seconds:.3f}")
        said = f"did: {one.did}\nexpected: {one.expected}\nseen: {result.seen}".translate(_FORBIDDEN)
        if result.verdict is Verdict.FAIL:
            ElementTree.SubElement(case, "failure", message=result.seen.translate(_FORBIDDEN)).text = said
        elif result.verdict is Verdict.NOT_APPLICABLE:
            ElementTree.SubElement(case, "skipped", message=result.seen.translate(_FORBIDDEN))
        else:
            ElementTree.SubElement(case, "system-out").text = said
    ElementTree.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)
