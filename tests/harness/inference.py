"""A sample as requests of the Open Inference Protocol and KServe v1, by what a server's metadata ask for."""

import io
import json
from collections.abc import Mapping
from typing import Any

import pyarrow.parquet as pq

from harness.places import Reply, Server
from harness.samples import Sample


def inputs(sample: Sample, metadata: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The sample's columns that the model reads, in the datatypes that it names where they can hold them."""
    found = []
    for one in metadata["inputs"]:
        if one["name"] not in sample.names:
            continue
        cells = sample.columns[sample.names.index(one["name"])]
        datatype = one["datatype"] if one["shape"] == [-1] else "FP64"
        if datatype == "INT64" and any(cell is not None and cell != int(cell) for cell in cells):
            datatype = "FP64"
        if datatype == "BYTES":
            cells = [None if cell is None else str(cell) for cell in cells]
        elif datatype == "BOOL":
            cells = [None if cell is None else str(cell).lower() == "true" for cell in cells]
        found.append({"name": one["name"], "shape": [len(cells)], "datatype": datatype, "data": cells})
    return found


def columns(server: Server, sample: Sample) -> dict[str, list[Any]]:
    """What /invocations answers to the sample, in a format with types and without lists."""
    return parquet(server.ask(sample.csv(), "text/csv", "application/x-parquet"))


def parquet(reply: Reply) -> dict[str, list[Any]]:
    """The columns of an answer."""
    assert reply.status == 200, reply.text
    found: dict[str, list[Any]] = pq.read_table(io.BytesIO(reply.body)).to_pydict()
    return {name: [plain(cell) for cell in cells] for name, cells in found.items()}


def outputs(reply: Reply) -> dict[str, list[Any]]:
    """The outputs of an answer, as `columns` has them."""
    assert reply.status == 200, reply.text
    return {one["name"]: [plain(cell) for cell in one["data"]] for one in reply.json["outputs"]}


def plain(cell: Any) -> Any:
    """A cell, empty where missing; what is nested comes as JSON in a tensor of BYTES."""
    if isinstance(cell, str) and cell[:1] in {"{", "["}:
        return json.loads(cell)
    return None if cell == "" or cell != cell else cell
