"""The memory of answers is reckoned with before they are begun."""

import asyncio
import os
import threading
import time

import orjson
import pytest

from slipway import machine
from slipway.errors import InsufficientMemory, PayloadTooLarge
from slipway.serving import memory
from slipway.serving.app import App
from slipway.serving.endpoint import Endpoint
from slipway.serving.large import LARGE
from slipway.serving.memory import Claims, Factors, ModelsMemory, WorkerMemory
from slipway.settings import Settings
from unit.model import Adder

MB = 1 << 20
ROWS = b"1,2\n" * (LARGE // 4 + 1)


@pytest.fixture
def free(monkeypatch):
    """A machine of 1,000 MB, all of it free; what processes hold is what they held."""
    monkeypatch.setattr(memory, "_SPARE", 0.0)
    monkeypatch.setattr(machine, "memory_bytes", lambda: 1000 * MB)
    monkeypatch.setattr(machine, "resident_bytes", lambda process=None: 50 * MB)
    left = [1000 * MB]
    monkeypatch.setattr(machine, "available_bytes", lambda: left[0])
    return left


def test_what_others_were_promised_is_not_free(free):
    claims = Claims(3)
    assert claims.claim(0, 600 * MB)
    assert not claims.claim(1, 600 * MB)
    assert claims.claim(1, 300 * MB)
    claims.release(0)
    assert claims.claim(2, 600 * MB)


def test_what_they_hold_already_is_counted_once(free, monkeypatch):
    claims = Claims(2)
    assert claims.claim(0, 600 * MB)
    monkeypatch.setattr(machine, "resident_bytes", lambda process=None: 550 * MB)
    free[0] = 500 * MB
    assert claims.claim(1, 400 * MB)


def test_what_cannot_fit_is_refused_with_the_figures(free):
    with pytest.raises(PayloadTooLarge, match=r"about 1200 MB .* 1000 MB are free of 1000 MB"):
        Claims(2).claim(0, 1200 * MB)


def test_a_process_that_ended_holds_no_claim(free, monkeypatch):
    claims = Claims(2)
    assert claims.claim(0, 900 * MB, process=4711)
    monkeypatch.setattr(machine, "resident_bytes", lambda process=None: 0 if process == 4711 else 50 * MB)
    assert claims.claim(1, 900 * MB)


def test_claims_are_seen_by_forked_processes(free):
    claims = Claims(2)
    child = os.fork()
    if not child:
        os._exit(0 if claims.claim(0, 600 * MB, process=os.getppid()) else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert not claims.claim(1, 600 * MB)


def test_a_large_body_waits_until_there_is_room(free):
    claims = Claims(2)
    claims.claim(1, 900 * MB)
    mine = WorkerMemory(claims, 30)

    async def ask():
        async with mine.room(500 * MB):
            return time.monotonic()

    async def both():
        asyncio.get_running_loop().call_later(0.3, claims.release, 1)
        return await ask()

    started = time.monotonic()
    assert asyncio.run(both()) - started >= 0.3


def test_nobody_waits_for_ever(free):
    claims = Claims(2)
    claims.claim(1, 900 * MB)

    async def ask():
        async with WorkerMemory(claims, 0.2).room(500 * MB):
            pass

    with pytest.raises(InsufficientMemory, match="about 500 MB"):
        asyncio.run(ask())


def test_models_share_what_is_free(free):
    shared = ModelsMemory(2)
    held = threading.Event()

    def hold():
        with shared.room(800 * MB, 4711, 5):
            held.set()
            time.sleep(0.3)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    with pytest.raises(InsufficientMemory), shared.room(300 * MB, 4712, 0.1):
        pass
    with shared.room(300 * MB, 4712, 5):
        pass
    holder.join()


@pytest.mark.parametrize(
    ("size", "content_type", "accept", "attributes", "times"),
    [
        (LARGE, "text/csv", "", "", 0),
        (10 * LARGE, "text/csv", "", "", 8),
        (10 * LARGE, "text/csv; charset=utf-8", "application/json", "", 8),
        (10 * LARGE, "text/csv", "application/x-npy", "", 64),
        (10 * LARGE, "text/csv", "", "on_error=record", 64),
        (10 * LARGE, "application/json", "", "", 64),
    ],
)
def test_the_estimate_follows_how_a_body_is_read(size, content_type, accept, attributes, times):
    need = Factors(8, 64).need(size, content_type, accept, attributes)
    assert need == (32 * MB + times * size if times else 0)


def test_what_answers_are_written_in_counts_where_a_request_does_not_say(manifest):
    settings = Settings.read({"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "application/x-npy"})
    factors = Endpoint(Adder(), manifest, settings).factors
    said = factors.need(10 * LARGE, "text/csv", "application/x-npy")
    assert factors.need(10 * LARGE, "text/csv", "") == said
    assert factors.need(10 * LARGE, "text/csv", "text/csv") < said


def test_what_is_not_cut_for_its_charset_is_reckoned_with_as_a_whole():
    whole = Factors(8, 64).need(10 * LARGE, "application/json", "", "")
    assert Factors(8, 64).need(10 * LARGE, "text/csv; charset=iso-8859-1", "", "") == whole


@pytest.mark.parametrize("content_type", ["", "text/csv", "application/x-www-form-urlencoded"])
def test_a_route_says_how_a_body_is_read_whatever_its_media_type(content_type, free, manifest):
    app = App(Settings.read({}))
    app.endpoint = Endpoint(Adder(), manifest, app.settings)
    free[0] = 80 * MB
    sent = []

    async def receive():
        return {"type": "http.request", "body": ROWS, "more_body": False}

    async def send(message):
        sent.append(message)

    headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(ROWS)).encode())]
    path = f"/v2/models/{app.endpoint.name}/infer"
    asyncio.run(app({"type": "http", "method": "POST", "path": path, "headers": headers}, receive, send))
    assert sent[0]["status"] == 413
    assert b"80 MB are free" in sent[1]["body"]


@pytest.mark.parametrize("content_type", ["text/csv", "application/json"])
def test_a_body_that_does_not_fit_is_not_even_read(content_type, free, manifest):
    app = App(Settings.read({}))
    app.endpoint = Endpoint(Adder(), manifest, app.settings)
    free[0] = 20 * MB
    read, sent = [], []

    async def receive():
        read.append(1)
        return {"type": "http.request", "body": ROWS, "more_body": False}

    async def send(message):
        sent.append(message)

    headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(ROWS)).encode())]
    scope = {"type": "http", "method": "POST", "path": "/invocations", "headers": headers}
    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 413
    assert b"20 MB are free" in sent[1]["body"]
    assert not read
    free[0] = 1000 * MB
    sent.clear()
    if content_type == "text/csv":
        asyncio.run(app(scope, receive, send))
        assert sent[0]["status"] == 200


def test_another_time_is_named_where_others_hold_the_memory(free, manifest):
    app = App(Settings.read({"MODEL_SERVER_TIMEOUT": "1"}))
    app.endpoint = Endpoint(Adder(), manifest, app.settings)
    app._memory._claims = Claims(2)
    app._memory._claims.claim(1, 990 * MB)
    sent = []

    async def receive():
        return {"type": "http.request", "body": ROWS, "more_body": False}

    async def send(message):
        sent.append(message)

    headers = [(b"content-type", b"text/csv"), (b"content-length", str(len(ROWS)).encode())]
    asyncio.run(
        app({"type": "http", "method": "POST", "path": "/invocations", "headers": headers}, receive, send)
    )
    assert sent[0]["status"] == 507
    assert (b"retry-after", b"1") in sent[0]["headers"]
    assert orjson.loads(sent[1]["body"])["type"] == "InsufficientMemory"
