"""The conformance tool on another's server of the Open Inference Protocol: MLServer, as PyPI has it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks import stacks, workload
from benchmarks.process import Server

from harness.conformance import conformance

# What MLServer 1.7 does otherwise than specified, each by the check that finds it.
KNOWN = {
    "health_is_told": "V1.4: the answers to health requests are empty",
    "noise_is_refused_as_told": "V4.2: FastAPI's own error, a list under `detail`",
    "inputs_are_needed": "V4.3: the same",
    "datatypes_are_known": "V4.5: the same",
}
# Without its pool of processes what a model raises has no form; from a pool it comes as an error.
ALONE = {
    "shapes_are_held": "V4.4: 500 text/plain",
    "cells_are_of_their_datatype": "V4.6: 500 text/plain",
}
# Its scikit-learn runtime describes neither inputs nor outputs, has one input and no binary tensors.
NOT_APPLICABLE = {
    "versions_are_served",
    "outputs_are_as_described",
    "inputs_have_names",
    "binary_inputs_are_read",
    "binary_outputs_are_written",
    "binary_data_are_whole",
}


@pytest.fixture(scope="module", params=[stacks.MLServer, stacks.MLServerAlone], ids=lambda stack: stack.name)
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Server]]:
    stack = request.param(tmp_path_factory.mktemp("mlserver"), 1)
    server = stack.start("application/json")
    try:
        server.wait_ready()
        yield stack.name, server
    finally:
        server.stop()


def test_mlserver_gets_the_verdicts_that_it_deserves(served: tuple[str, Server], tmp_path: Path) -> None:
    name, server = served
    (tmp_path / "request.json").write_bytes(workload.CASES["oip1"].body(header=False))
    address = f"http://127.0.0.1:{server.port}"
    given = ["--protocol", "oip", "--model-name", "kmeans", "--payload", str(tmp_path / "request.json")]
    told = conformance(address, *given)
    assert told.code == 1, told.errors
    assert told.named("failure") == set(KNOWN) | (set(ALONE) if name == "mlserver-alone" else set()), (
        told.output
    )
    assert told.named("skipped") == NOT_APPLICABLE, told.output
    assert len(told.named("pass")) >= 14


def test_without_its_name_a_model_is_asked_for(served: tuple[str, Server]) -> None:
    told = conformance(f"http://127.0.0.1:{served[1].port}", "--protocol", "oip")
    assert (told.code, told.output) == (2, "")
    assert told.errors.startswith("conformance: --model-name is needed")
