"""A table as a request of the Open Inference Protocol, and its answer as columns, written apart from ours."""

import struct
from random import Random
from typing import Any

import numpy as np
import orjson

from harness.tables import Cells, Columns

_NUMPY = {"FP64": "<f8", "INT64": "<i8", "BOOL": "?"}


def request(columns: Columns, random: Random) -> tuple[bytes, str | None]:
    """A body and its Inference-Header-Content-Length; each column in one of the ways that can hold it."""
    inputs, packed = [], []
    for name, one in columns.items():
        shape = random.choice([[len(one.values)], [len(one.values), 1]])
        datatype, cells, binary = random.choice(list(_ways(one)))
        entry: dict[str, Any] = {"name": name, "shape": shape, "datatype": datatype}
        if binary:
            data = _bytes(datatype, cells)
            packed.append(data)
            entry["parameters"] = {"binary_data_size": len(data)}
        else:
            nested = len(shape) == 2 and random.random() < 0.5
            entry["data"] = [[cell] for cell in cells] if nested else cells
        inputs.append(entry)
    document: dict[str, Any] = {"inputs": inputs}
    if random.random() < 0.5:
        document["parameters"] = {"content_type": "pd"}
    if random.random() < 0.3:
        document["parameters"] = {"binary_data_output": True}
    head = orjson.dumps(document)
    return head + b"".join(packed), str(len(head)) if packed else None


def _ways(one: Cells) -> list[tuple[str, list[Any], bool]]:
    """Datatype, cells, and whether they go as bytes."""
    gaps = None in one.values
    texts = [None if cell is None else str(cell) for cell in one.values]
    if one.sort == "boolean":
        words = [None if cell is None else str(cell).lower() for cell in one.values]
        return [
            ("BOOL", one.values, False),
            ("BYTES", words, True),
            *_if(not gaps, ("BOOL", one.values, True)),
        ]
    if one.sort == "number":
        return [("FP64", one.values, False), ("FP64", one.values, True)]
    if one.sort == "integer":
        floats = [None if cell is None else float(cell) for cell in one.values]
        ways = [("INT64", one.values, False), ("FP64", floats, False), ("FP64", floats, True)]
        return [*ways, *_if(not gaps, ("INT64", one.values, True))]
    if one.sort == "big":
        ways = [("INT64", one.values, False), ("BYTES", texts, False), ("BYTES", texts, True)]
        return [*ways, *_if(not gaps, ("INT64", one.values, True))]
    return [("BYTES", texts, False), ("BYTES", texts, True)]


def _if(so: bool, way: tuple[str, list[Any], bool]) -> list[tuple[str, list[Any], bool]]:
    return [way] if so else []


def _bytes(datatype: str, cells: list[Any]) -> bytes:
    if datatype == "BYTES":
        texts = [(cell or "").encode() for cell in cells]
        return b"".join(struct.pack("<I", len(text)) + text for text in texts)
    return np.array([np.nan if cell is None else cell for cell in cells], _NUMPY[datatype]).tobytes()


def answered(body: bytes, header: str | None) -> dict[str, list[Any]]:
    """The outputs' cells by name, None where missing."""
    length = len(body) if header is None else int(header)
    document, rest, found = orjson.loads(body[:length]), body[length:], {}
    for output in document["outputs"]:
        size = output.get("parameters", {}).get("binary_data_size")
        if size is None:
            cells = output["data"]
        else:
            cells, rest = _cells(output["datatype"], rest[:size]), rest[size:]
        assert output["shape"] == [len(cells)], output
        found[output["name"]] = [None if cell == "" or cell != cell else cell for cell in cells]
    assert not rest
    return found


def _cells(datatype: str, data: bytes) -> list[Any]:
    if datatype != "BYTES":
        found: list[Any] = np.frombuffer(data, _NUMPY[datatype]).tolist()
        return found
    texts, at = [], 0
    while at < len(data):
        (length,) = struct.unpack_from("<I", data, at)
        texts.append(data[at + 4 : at + 4 + length].decode())
        at += 4 + length
    return texts
