"""An image's notebook: from its sample to an endpoint with the SageMaker Python SDK, here or on AWS.

It is text made of what the image says of itself, so that it cannot go stale; `make generate` writes it.
"""

import json
import re
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from .cli import ranges

TEMPLATE = Path(__file__).parent / "notebook.template"
Searched = tuple[str, ranges.Range]
_PLACE = re.compile(r"@([A-Z_]+)@")
_RANGES = dict(
    zip(ranges.KINDS, ("IntegerParameter", "ContinuousParameter", "CategoricalParameter"), strict=True)
)


def notebook(facts: Mapping[str, Any], sample: Path) -> str:
    """The notebook of an image, as JSON. `facts` is what `describe` prints of it."""
    hyperparameters = json.loads((sample / "hyperparameters.json").read_text())
    left = {name: one for name, one in ranges.declared(facts).items() if name not in hyperparameters}
    values = _values(facts, sample, hyperparameters, left.values())
    parts = [one for one in _parts(TEMPLATE.read_text()) if left or "tuning" not in one[1]]
    cells = [
        _cell(place, kind, tags, _PLACE.sub(lambda match: values[match[1]], source))
        for place, (kind, tags, source) in enumerate(parts)
    ]
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return _formatted({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def _values(
    facts: Mapping[str, Any], sample: Path, hyperparameters: Mapping[str, Any], searched: Collection[Searched]
) -> dict[str, str]:
    """What stands in the template for a fact: prose as it is, values as Python."""
    metrics = {name: regex for name, regex in facts["metric_regex"].items() if "*" not in name}
    goal = ranges.objective(facts, "")
    return {
        "NAME": facts["name"],
        "VERSION": facts["version"],
        "TITLE": facts["title"],
        "SUMMARY": facts["summary"],
        "ROW_RULE": facts["row_rule"],
        "INSTANCE": facts["instances"]["training"][0],
        "CHANNELS": repr(sorted(entry.name for entry in sample.iterdir() if entry.is_dir())),
        "HYPERPARAMETERS": repr(hyperparameters),
        "METRICS": repr([{"Name": name, "Regex": regex} for name, regex in metrics.items()]),
        "RANGES": "{" + ", ".join(_range(*one) for one in searched) + "}",
        "PARAMETERS": ", ".join(sorted({_RANGES[kind] for kind, _ in searched})),
        "OBJECTIVE": repr(goal["MetricName"]),
        "DIRECTION": repr(goal["Type"]),
    }


def _range(kind: str, one: ranges.Range) -> str:
    if "Values" in one:
        return f"{one['Name']!r}: {_RANGES[kind]}({one['Values']!r})"
    return f"{one['Name']!r}: {_RANGES[kind]}({one['MinValue']}, {one['MaxValue']})"


def _parts(text: str) -> Iterator[tuple[str, list[str], str]]:
    """Kind, tags and source of each cell: after a line `# %% [markdown] tag` or `# %% tag`."""
    for part in re.split(r"^# %% ?", text, flags=re.MULTILINE)[1:]:
        head, _, source = part.partition("\n")
        tags = head.split()
        if "[markdown]" in tags:
            prose = re.sub(r"^# ?", "", source, flags=re.MULTILINE)
            yield "markdown", tags[1:], prose.strip()
        else:
            yield "code", tags, source.strip()


def _cell(place: int, kind: str, tags: list[str], source: str) -> dict[str, Any]:
    found: dict[str, Any] = {"cell_type": kind, "id": f"cell-{place}", "metadata": {}, "source": source}
    if tags:
        found["metadata"]["tags"] = tags
    if kind == "code":
        found |= {"execution_count": None, "outputs": []}
    return found


def _formatted(made: Mapping[str, Any]) -> str:
    """As JSON, its code in the house's style."""
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--stdin-filename", "notebook.ipynb", "-"],
        input=json.dumps(made, indent=1, ensure_ascii=False) + "\n",
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
