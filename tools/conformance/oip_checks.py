"""Checks of the Open Inference Protocol: what a server answers, and how it refuses."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from . import oip
from .oip import Client, Outputs, Tensor, answered, outputs, refused
from .registry import Failed, NotApplicable, check
from .stage import Stage

UNHEARD = "/v2/models/unheard-of"
ERROR = 'an error status with {"error": "…"}'


def plain(client: Client) -> Outputs:
    return outputs(client.infer())


def same(found: Outputs, expected: Outputs) -> str:
    """That an answer has the outputs which were expected, as of the plain request. Raises Failed."""
    if found.keys() != expected.keys():
        raise Failed(f"the outputs {', '.join(found)} instead of {', '.join(expected)}")
    for name, tensor in found.items():
        if tensor != expected[name]:
            raise Failed(f"{name}: {shown(tensor)} instead of {shown(expected[name])}")
    return summed(found)


def shown(tensor: Tensor) -> str:
    return f"{tensor.datatype} {list(tensor.shape)} {str(list(tensor.cells))[:60]}"


def summed(found: Outputs) -> str:
    return ", ".join(f"{name} {one.datatype} {list(one.shape)}" for name, one in found.items())


# ---- inference ----
@check("V3.1", "oip", "send the payload", "the model's name; outputs with data that fit datatype and shape")
def it_infers(stage: Stage) -> str:
    reply = stage.client.infer()
    found, name = outputs(reply), answered(reply).get("model_name")
    if name != stage.client.model:
        raise Failed(f"model_name is {name}")
    return summed(found)


@check("V3.2", "oip", "send an id", "the same id")
def ids_come_back(stage: Stage) -> str:
    found = answered(stage.client.infer({**stage.client.sent, "id": "conformance-7"}))
    if found.get("id") != "conformance-7":
        raise Failed(f"id is {found.get('id')}")
    return "conformance-7"


@check("V3.3", "oip", "send data as one list, and nested as the shape is", "the same outputs")
def data_may_be_nested(stage: Stage) -> str:
    client = stage.client
    if all(len(one["shape"]) < 2 for one in client.inputs):
        raise NotApplicable("no input has a shape to nest by")
    flat, nested = (
        outputs(client.infer({**client.sent, "inputs": [shaped(one) for one in client.inputs]}))
        for shaped in (oip.flat, oip.nested)
    )
    expected = plain(client)
    same(flat, expected)
    return same(nested, expected)


@check("V3.4", "oip", "send the inputs in another order", "the same outputs: inputs have names")
def inputs_have_names(stage: Stage) -> str:
    client = stage.client
    if len(client.inputs) < 2:
        raise NotApplicable("there is one input")
    return same(outputs(client.infer({**client.sent, "inputs": client.inputs[::-1]})), plain(client))


@check("V3.5", "oip", "ask for one output", "that one alone, as it is among all")
def outputs_are_chosen(stage: Stage) -> str:
    client = stage.client
    for name, tensor in plain(client).items():
        found = outputs(client.infer({**client.sent, "outputs": [{"name": name}]}))
        if list(found) != [name]:
            raise Failed(f"asked for {name}, got {', '.join(found)}")
        if found[name] != tensor:
            raise Failed(f"{name}: {shown(found[name])} instead of {shown(tensor)}")
    return "that one alone"


@check("V3.6", "oip", "send the payload 16 times, 4 at once", "the same outputs each time")
def it_infers_many_at_once(stage: Stage) -> str:
    client = stage.client
    expected = plain(client)
    with ThreadPoolExecutor(4) as threads:
        replies = list(threads.map(lambda _: client.infer(), range(16)))
    for reply in replies:
        same(outputs(reply), expected)
    return f"{max(reply.seconds for reply in replies) * 1000:.0f} ms at the most"


# ---- errors ----
def _first(client: Client, **changed: Any) -> dict[str, Any]:
    """The request with its first input changed."""
    first, *rest = client.inputs
    return {**client.sent, "inputs": [{**first, **changed}, *rest]}


@check("V4.1", "oip", "infer with a model that is not there", ERROR)
def an_unknown_model_is_refused(stage: Stage) -> str:
    return refused(stage.client.infer(path=UNHEARD))


@check("V4.2", "oip", "send what is no JSON", ERROR)
def noise_is_refused_as_told(stage: Stage) -> str:
    return refused(stage.client.post(b'{"inputs": ['))


@check("V4.3", "oip", "send {}", ERROR)
def inputs_are_needed(stage: Stage) -> str:
    return refused(stage.client.infer({}))


@check("V4.4", "oip", "send a shape that the data do not have", ERROR)
def shapes_are_held(stage: Stage) -> str:
    client = stage.client
    first, *other = client.inputs[0]["shape"]
    return refused(client.infer(_first(client, shape=[first + 1, *other])))


@check("V4.5", "oip", "send a datatype that there is not", ERROR)
def datatypes_are_known(stage: Stage) -> str:
    return refused(stage.client.infer(_first(stage.client, datatype="FP99")))


@check("V4.6", "oip", "send a text in an input of numbers", ERROR)
def cells_are_of_their_datatype(stage: Stage) -> str:
    client = stage.client
    if client.inputs[0]["datatype"] in {"BYTES", "BOOL"}:
        raise NotApplicable("the first input is not of numbers")
    cells = [*oip.flat(client.inputs[0])["data"][:-1], "no number"]
    return refused(client.infer(_first(client, data=cells)))


@check("V4.7", "oip", "send the payload after bad requests", "an answer: they harm no other")
def it_infers_after_errors(stage: Stage) -> str:
    client = stage.client
    client.sent  # noqa: B018
    for body in (b"{", b"\x00" * 100, b"[]", b'{"inputs": [{"name": 1}]}'):
        client.post(body)
    return summed(plain(client))


# ---- the extension for binary tensors ----
def _binary(client: Client) -> Client:
    extensions = answered(client.get("/v2")).get("extensions") or []
    if oip.BINARY not in extensions:
        raise NotApplicable(f"the server does not name the extension {oip.BINARY}")
    return client


def _packed(client: Client) -> tuple[dict[str, Any], bytes]:
    """The request with all data binary that can be. Raises NotApplicable where none can."""
    inputs, parts = [], []
    for one in client.inputs:
        data = oip.packed(one)
        if data is not None:
            size = {**(one.get("parameters") or {}), "binary_data_size": len(data)}
            one = {**{name: value for name, value in one.items() if name != "data"}, "parameters": size}
            parts.append(data)
        inputs.append(one)
    if not parts:
        raise NotApplicable("no input of the payload can be sent as binary")
    return {**client.sent, "inputs": inputs}, b"".join(parts)


@check("V5.1", "oip", "send the data as binary", "the same outputs, if the extension is named")
def binary_inputs_are_read(stage: Stage) -> str:
    client = _binary(stage.client)
    document, data = _packed(client)
    return same(outputs(client.infer(document, binary=data)), plain(client))


@check("V5.2", "oip", "ask for binary outputs", "the same outputs, if the extension is named")
def binary_outputs_are_written(stage: Stage) -> str:
    client = _binary(stage.client)
    parameters = {**(client.sent.get("parameters") or {}), "binary_data_output": True}
    reply = client.infer({**client.sent, "parameters": parameters})
    if oip.LENGTH.lower() not in reply.headers:
        raise Failed(f"no {oip.LENGTH}: {reply}")
    return same(outputs(reply), plain(client))


@check("V5.3", "oip", "send less binary data than is announced", f"{ERROR}, if the extension is named")
def binary_data_are_whole(stage: Stage) -> str:
    client = _binary(stage.client)
    document, data = _packed(client)
    return refused(client.infer(document, binary=data[:-1]))
