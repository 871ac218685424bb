"""Long answers are sent piece by piece, while the later rows are still predicted."""

import asyncio
import json
import signal
from threading import Event

import numpy as np
import pytest

from slipway.errors import UserError
from slipway.model import Answers, Groups
from slipway.serving import app as application
from slipway.serving.app import App
from slipway.serving.endpoint import Endpoint
from slipway.serving.invocation import PIECE
from slipway.serving.web import create_app
from slipway.settings import Settings
from unit.model import Adder

ROWS = b"".join(b"%d,1\n" % number for number in range(3 * PIECE))


class Gated(Adder):
    """Answers the first piece at once, the others when they are let."""

    def __init__(self):
        super().__init__()
        self.go, self.calls = Event(), 0

    def predict(self, table, options):
        self.calls += 1
        assert self.calls == 1 or self.go.wait(30), "nobody opened the gate"
        if options.fault == "breaks" and self.calls == 2:
            raise UserError(f"secret cell {4000 + 711}")
        return super().predict(table, options)


@pytest.fixture
def served(manifest):
    def made(model, **environ):
        settings = Settings.read({"SLIPWAY_OPTIONS": "stream=true", **environ})
        app = App(settings)
        app.endpoint = Endpoint(model, manifest, settings)
        return app

    return made


async def told(app, body=ROWS, on_piece=lambda count: None, gone=None, **headers):
    """Everything that is sent, message by message; `on_piece` hears how many bodies there were."""
    sent, came = [], asyncio.Event()
    headers = {"content-type": "text/csv", "accept": "application/jsonlines", **headers}

    async def receive():
        if came.is_set():
            await (gone or asyncio.Event()).wait()
            return {"type": "http.disconnect"}
        came.set()
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        sent.append(message)
        on_piece(len(sent) - 1)
        await asyncio.sleep(0)

    scope = {"type": "http", "method": "POST", "path": "/invocations"}
    scope["headers"] = [(name.encode(), value.encode()) for name, value in headers.items()]
    await app(scope, receive, send)
    return sent


def body_of(sent):
    return b"".join(message.get("body", b"") for message in sent)


@pytest.mark.contract("B7.1")
def test_the_first_rows_are_sent_before_the_last_are_predicted(served):
    model = Gated()

    def opened(pieces):
        if pieces == 1:
            assert model.calls == 1, "the first piece waited for the second"
            model.go.set()

    sent = asyncio.run(told(served(model), on_piece=opened))
    assert len(sent) == 5, "a head, three pieces, an end"
    assert b"content-length" not in dict(sent[0]["headers"])
    assert dict(sent[0]["headers"])[b"x-accel-buffering"] == b"no", "nginx is not to gather them"
    rows = [json.loads(line) for line in body_of(sent).splitlines()]
    assert [row["sum"] for row in rows] == [number + 1.0 for number in range(3 * PIECE)]
    assert not sent[-1].get("more_body")


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (ROWS[:100].rpartition(b"\n")[0], {}),
        (ROWS, {"accept": "application/json"}),
        (ROWS, {"x-amzn-sagemaker-custom-attributes": "stream=false"}),
    ],
    ids=["few rows", "no lines", "not asked for"],
)
def test_other_answers_are_sent_whole(served, body, headers):
    model = Gated()
    model.go.set()
    sent = asyncio.run(told(served(model), body, **headers))
    assert (len(sent), model.calls) == (2, 1)
    assert b"content-length" in dict(sent[0]["headers"])


@pytest.mark.parametrize("accept", ["text/csv", "text/csv; header=present", "application/jsonlines"])
def test_the_pieces_make_up_what_is_sent_whole(served, accept):
    pieces = asyncio.run(told(served(Adder()), accept=accept))
    whole = asyncio.run(told(served(Adder(), SLIPWAY_OPTIONS=""), accept=accept))
    assert len(pieces) == 5
    assert body_of(pieces) == body_of(whole)


@pytest.mark.contract("B2.9", "B4.7")
def test_a_bad_cell_is_refused_before_anything_is_sent(served):
    """A status can be told only once."""
    sent = asyncio.run(told(served(Adder()), ROWS + b"oops,1\n"))
    assert sent[0]["status"] == 400
    assert f"row {3 * PIECE + 1}" in body_of(sent).decode()


@pytest.mark.contract("B4.7")
def test_bad_rows_are_told_in_their_places(served):
    lines = ROWS.splitlines()
    lines[PIECE + 1], lines[5], lines[-1] = b"oops,1", b"", b"1,2,3"
    app = served(Adder(), SLIPWAY_OPTIONS="stream=true;on_error=record")
    sent = asyncio.run(told(app, b"\n".join(lines)))
    rows = [json.loads(line) for line in body_of(sent).splitlines()]
    assert len(sent) > 3
    assert [place for place, row in enumerate(rows) if row["error"]] == [5, PIECE + 1, 3 * PIECE - 1]
    assert [row["sum"] for row in rows[6:10]] == [7.0, 8.0, 9.0, 10.0]


@pytest.mark.contract("B7.1")
def test_an_answer_that_fails_on_its_way_breaks_off(served, capfd):
    """The client must not take it for whole. Nothing of the payload is logged."""
    model = Gated()
    model.go.set()
    headers = {
        "x-amzn-sagemaker-custom-attributes": "fault=breaks",
        "x-amzn-sagemaker-inference-id": "id-7",
    }
    sent = asyncio.run(told(served(model), **headers))
    assert sent[0]["status"] == 200
    assert sent[-1]["more_body"], "an end was sent"
    heard = capfd.readouterr().err
    assert "an answer was broken off: UserError" in heard
    assert "id-7" in heard
    assert "4711" not in heard


def test_a_client_that_has_gone_is_predicted_for_no_longer(served):
    model = Gated()
    model.go.set()

    async def leaving():
        gone = asyncio.Event()
        gone.set()
        return await told(served(model), gone=gone)

    sent = asyncio.run(leaving())
    assert model.calls <= 2
    assert sent[-1]["more_body"]


@pytest.mark.contract("B2.6")
def test_a_piece_that_takes_too_long_ends_the_worker(served, monkeypatch, capfd):
    ended = []
    monkeypatch.setattr(application.os, "kill", lambda process, number: ended.append(number))
    model = Gated()

    async def late():
        sent = await told(served(model, MODEL_SERVER_TIMEOUT="1"))
        for _ in range(100):
            if ended:
                break
            await asyncio.sleep(0.05)
        model.go.set()
        return sent

    sent = asyncio.run(late())
    assert sent[-1]["more_body"]
    assert ended == [signal.SIGTERM]
    assert "took longer than 1 s" in capfd.readouterr().err


@pytest.mark.contract("B2.3")
def test_pings_are_answered_between_the_pieces(served):
    model = Gated()
    app = served(model)
    pinged = []

    async def both():
        running = asyncio.create_task(told(app))
        while model.calls < 2:
            await asyncio.sleep(0.01)
        pinged.append(app.ping().status)
        model.go.set()
        return await running

    assert len(asyncio.run(both())) == 5
    assert pinged == [200]


def test_groups_of_rows_are_not_cut_in_two(served):
    class Pairs(Adder):
        """Sums y for each pair of rows, which lie far apart."""

        def groups(self, table):
            return np.arange(len(table)) % (2 * PIECE)

        def predict(self, table, options):
            places = table.matrix[:, 0].astype(int) % (2 * PIECE)
            names, of_rows = np.unique(places, return_inverse=True)
            groups = Groups(of_rows, np.arange(len(names)))
            return Answers({"sum": np.bincount(of_rows, table.matrix[:, 1], len(names))}, groups)

    body = b"".join(b"%d,1\n" % number for number in range(4 * PIECE))
    sent = asyncio.run(told(served(Pairs()), body))
    assert len(sent) == 4
    assert {json.loads(line)["sum"] for line in body_of(sent).splitlines()} == {2.0}
    assert len(body_of(sent).splitlines()) == 2 * PIECE


def test_flask_sends_the_same(served):
    app = served(Adder())
    reply = (
        create_app(app).test_client().post("/invocations", data=ROWS, headers={"Content-Type": "text/csv"})
    )
    assert len(reply.data.splitlines()) == 3 * PIECE
