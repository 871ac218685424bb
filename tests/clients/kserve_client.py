"""KServe's client in its own environment: one question on standard input, what it got on standard output.

The question: {"url", "model", "inputs", "instances", "explains"}.
"""

import asyncio
import json
import sys
from typing import Any

import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig


async def ask(given: dict[str, Any]) -> dict[str, Any]:
    """What both protocols' calls give."""
    url, name = given["url"], given["model"]
    v1 = InferenceRESTClient(RESTConfig(protocol="v1"))
    v2 = InferenceRESTClient(RESTConfig(protocol="v2"))
    instances = {"instances": given["instances"]}
    found = {
        "live": [await one.is_server_live(url) for one in (v1, v2)],
        "ready": [
            await v2.is_server_ready(url),
            *[await one.is_model_ready(url, name) for one in (v1, v2)],
        ],
        "predicted": await v1.infer(url, instances, model_name=name),
        "inferred": {kind: await infer(v2, given, kind == "binary") for kind in ("json", "binary")},
    }
    if given["explains"]:
        found["explained"] = await v1.explain(url, name, instances)
    foreign = InferRequest(name, [InferInput("nothing_of_yours", [1], "FP64", [1.0])])
    try:
        await v2.infer(url, foreign, model_name=name)
    except Exception as error:  # which kind it is, is the client's affair
        found["refused"] = str(error)
    return found


async def infer(client: InferenceRESTClient, given: dict[str, Any], binary: bool) -> dict[str, Any]:
    """The outputs' cells by name."""
    tensors = [tensor(one, binary) for one in given["inputs"]]
    parameters = {"binary_data_output": True} if binary else {}
    request = InferRequest(given["model"], tensors, request_id="7", parameters=parameters)
    answer = await client.infer(given["url"], request, model_name=given["model"])
    assert answer.id == "7"
    return {one.name: one.data for one in answer.outputs}


def tensor(one: dict[str, Any], binary: bool) -> InferInput:
    """An input as the client wants it; a gap in binary data is NaN or an empty text."""
    if not binary:
        return InferInput(one["name"], one["shape"], one["datatype"], one["data"])
    gap, kind, datatype = np.nan, np.float64, "FP64"
    if one["datatype"] == "BYTES":
        gap, kind, datatype = "", object, "BYTES"
    elif one["datatype"] == "BOOL":
        kind, datatype = bool, "BOOL"
    found = InferInput(one["name"], one["shape"], datatype)
    cells = [gap if cell is None else cell for cell in one["data"]]
    found.set_data_from_numpy(np.array(cells, kind), binary_data=True)
    return found


if __name__ == "__main__":
    json.dump(asyncio.run(ask(json.load(sys.stdin))), sys.stdout)
