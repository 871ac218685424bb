"""The road of a request: each step once, none back, and few of them (docs/architecture.md tells it)."""

import sys
from pathlib import Path

from slipway.serving.app import App
from slipway.serving.endpoint import Endpoint
from slipway.settings import Settings
from unit.model import Adder

SHARED = str(Path(__file__).parents[2] / "shared/slipway")
ROAD = [
    "App.answer_now",
    "App._timed",
    "Endpoint.answer",
    "Endpoint._answer",
    "Endpoint.source",
    "Invocation.answer",
    "CSV.read",
    "read_matrix",
    "typed",
    "Adder.predict",
    "checked",
    "Invocation._write",
    "CSV.write",
]


def test_a_plain_row_goes_from_the_socket_to_its_answer_in_few_steps(manifest):
    """At most 15 hops, of which the protocol's are two; 31 they were in version 0.1."""
    app = App(Settings.read({}))
    app.endpoint = Endpoint(Adder(), manifest, app.settings)
    headers, body = [(b"content-type", b"text/csv"), (b"accept", b"text/csv")], b"1,2\n"
    assert app.answer_now(headers, body).status == 200
    called: list[str] = []

    def note(frame, event, argument):
        code = frame.f_code
        if event == "call" and (code.co_filename.startswith(SHARED) or "Adder" in code.co_qualname):
            called.append(code.co_qualname)

    sys.setprofile(note)
    try:
        app.answer_now(headers, body)
    finally:
        sys.setprofile(None)
    assert [step for step in called if step in ROAD] == ROAD
    assert len(ROAD) + 2 <= 15
    assert len(called) <= 42, "\n".join(called)  # two of them count the request
