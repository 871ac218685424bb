"""The curl commands of an image's README: the sample's first rows by OIP and by KServe v1."""

import csv
import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_ROWS = 2


def calls(image: Mapping[str, Any], request: Path) -> str:
    """The commands, as a block of Markdown; `request` is a CSV file with the columns' names."""
    name = image["name"]
    with request.open(newline="") as file:
        rows = list(csv.DictReader(file))
    texts = {column: [row[column] for row in rows] for column in rows[0]}
    tensors = [_tensor(column, cells) for column, cells in texts.items()]
    instances = [
        {one["name"]: one["data"][place] for one in tensors} for place in range(min(_ROWS, len(rows)))
    ]
    commands = [
        _curl(f"v2/models/{name}"),
        _curl(f"v2/models/{name}/infer", {"inputs": tensors}),
        _curl(f"v1/models/{name}:predict", {"instances": instances}),
    ]
    if any(option["name"] == "explain" for option in image["options"]):
        commands.append(_curl(f"v1/models/{name}:explain", {"instances": instances}))
    return "".join(f"    {command}\n" for command in commands)


def _tensor(name: str, texts: Sequence[str]) -> dict[str, Any]:
    """A column of the first rows: of numbers if all its cells in the file are, else of texts."""
    numbers = any(texts) and all(_is_number(text) for text in texts if text)
    cells = [None if not text else json.loads(text) if numbers else text for text in texts[:_ROWS]]
    return {"name": name, "shape": [len(cells)], "datatype": "FP64" if numbers else "BYTES", "data": cells}


def _is_number(text: str) -> bool:
    try:
        return type(json.loads(text)) in {int, float}
    except ValueError:
        return False


def _curl(path: str, document: Any = None) -> str:
    body = [] if document is None else ["-d", shlex.quote(json.dumps(document, ensure_ascii=False))]
    return " ".join(["curl", f"http://localhost:8080/{path}", *body])
