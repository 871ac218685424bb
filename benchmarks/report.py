"""The table that a run prints, and the notes without which its figures say nothing."""

import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

from .stacks import Stack
from .workload import CASES, CLUSTERS, FEATURES

# What the design asks for: a ratio to ours of at least this much.
TARGETS = {
    ("csv1", "classic"): 30,
    ("json1", "awssklearn"): 15,
    ("csv1", "limit"): 1 / 6,
    ("json1", "limit"): 1 / 6,
    ("csv10k", "classic"): 6,
    ("csv10k", "classic-passive"): 3,
    ("csv10k", "awssklearn"): 20,
    ("csv10k", "limit"): 1 / 3.5,
    ("json10k", "awssklearn"): 5,
}


def text(result: dict[str, Any]) -> str:
    lines = []
    if "cases" in result:
        lines += ["", "Server CPU per request, median of the rounds, and that stack's divided by ours", ""]
        lines += _table(["case", "stack", "CPU", "ratio to ours", "to reach"], _rows(result["cases"]))
    if "slow_clients" in result:
        lines += ["", "One good client, alone and beside the slow connections", ""]
        heads = ["stack", "alone p50", "alone p99", "beside p50", "beside p99", "failed"]
        lines += _table(heads, [_slow_row(name, one) for name, one in result["slow_clients"].items()])
    return "\n".join([*lines, "", *(f"{name}: {value}" for name, value in result["notes"].items())])


def notes(stacks: Sequence[Stack], workers: int, connections: int) -> dict[str, str]:
    found = {
        "workload": f"k-means, {CLUSTERS} clusters, {FEATURES} features, numbers with 6 decimals",
        "shape": f"{workers} worker(s) a stack, {connections} requests at a time, keep-alive; no client",
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
        f"Linux {platform.release()}, Python {platform.python_version()}",
        "nginx": _first_line(["nginx", "-v"]) or "none: gunicorn listens itself in every stack",
        "cc": _first_line(["cc", "--version"]) or "none",
    }
    for stack in stacks:
        if versions := stack.versions():
            found[stack.name] = ", ".join(f"{package} {version}" for package, version in versions.items())
    return found


def _rows(cases: dict[str, dict[str, Any]]) -> list[list[str]]:
    rows = []
    for case, found in cases.items():
        for stack, one in found.items():
            if "median_us" not in one:
                rows.append([CASES[case].title, stack, f"answers {one['status']}", "", ""])
                continue
            ratios = _ratio(one.get("ratio")), _ratio(TARGETS.get((case, stack)))
            rows.append([CASES[case].title, stack, _time(one["median_us"]), *ratios])
    return rows


def _slow_row(name: str, one: dict[str, Any]) -> list[str]:
    cells = [one[when][at] for when in ("alone", "beside") for at in ("p50_ms", "p99_ms")]
    failed = f"{one['beside']['failed']} of {one['beside']['requests']}"
    return [name, *("no answer" if cell is None else f"{cell:.1f} ms" for cell in cells), failed]


def _time(us: float) -> str:
    return f"{us:.0f} us" if us < 1_000 else f"{us / 1e3:.2f} ms"


def _ratio(ratio: float | None) -> str:
    if ratio is None:
        return ""
    return f"{ratio:.1f} x" if ratio >= 1 else f"1 / {1 / ratio:.1f}"


def _table(heads: list[str], rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in [heads, *rows]) for i in range(len(heads))]
    rule = ["-" * width for width in widths]
    lines = [
        [cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in (heads, rule, *rows)
    ]
    return [f"| {' | '.join(cells)} |" for cells in lines]


def _first_line(command: list[str]) -> str:
    if not shutil.which(command[0]):
        return ""
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stdout or done.stderr).partition("\n")[0]
