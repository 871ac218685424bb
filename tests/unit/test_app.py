"""The ASGI application: limits, readiness, and a ping that is never kept waiting."""

import asyncio
import json
import signal
import time
from threading import Event, get_ident

import pytest

from slipway.serving import app as application
from slipway.serving.answer import later
from slipway.serving.app import App
from slipway.serving.endpoint import Endpoint
from slipway.settings import Settings
from unit.model import Adder


class Slow(Adder):
    """Answers once it is let go, and remembers in which thread."""

    def __init__(self):
        super().__init__()
        self.begun, self.go, self.thread = Event(), Event(), 0

    def predict(self, table, options):
        self.thread = get_ident()
        self.begun.set()
        self.go.wait(30)
        return super().predict(table, options)


class Patient(Adder):
    """Takes its time."""

    def __init__(self, seconds):
        super().__init__()
        self.seconds = seconds

    def predict(self, table, options):
        time.sleep(self.seconds)
        return super().predict(table, options)


class Hanging(Adder):
    """Never ends over a row that begins with 13."""

    def __init__(self):
        super().__init__()
        self.begun, self.go = Event(), Event()

    def predict(self, table, options):
        if table.matrix[0, 0] == 13:
            self.begun.set()
            self.go.wait(30)
        return super().predict(table, options)


@pytest.fixture
def served(manifest):
    def made(model=None, **environ):
        settings = Settings.read(environ)
        found = App(settings)
        found.endpoint = Endpoint(model or Adder(), manifest, settings)
        return found

    return made


async def ask(app, path="/invocations", method="POST", body=(b"1,2\n",), **headers):
    """One request, its body in pieces; a header that comes twice has an underscore behind its name."""
    headers = {"content-type": "text/csv", **headers}
    pieces = [{"type": "http.request", "body": piece, "more_body": True} for piece in body]
    messages = iter([*pieces, {"type": "http.request", "body": b"", "more_body": False}])
    sent = []

    async def receive():
        return next(messages)

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "server": ("127.0.0.1", 8080),
        "client": ("127.0.0.1", 1234),
        "headers": [(name.rstrip("_").encode(), value.encode()) for name, value in headers.items()],
    }
    await app(scope, receive, send)
    content = b"".join(
        message.get("body", b"") for message in sent if message["type"] == "http.response.body"
    )
    return sent[0]["status"], dict(sent[0]["headers"]), content


def test_a_request_is_answered_with_its_length_and_type(served):
    status, headers, body = asyncio.run(ask(served(), accept="application/json"))
    assert (status, body) == (200, b'{"predictions":[{"sum":3.0,"half":1.5}]}\n')
    assert headers[b"content-type"] == b"application/json"
    assert int(headers[b"content-length"]) == len(body)


@pytest.mark.contract("B4.8")
def test_a_body_may_come_in_pieces(served):
    """Chunked."""
    assert asyncio.run(ask(served(), body=(b"1,", b"", b"2\n3", b",4\n")))[2] == b"3.0,1.5\n7.0,3.5\n"


@pytest.mark.contract("B2.7", "B8.6")
def test_several_accept_lines_are_one_list(served):
    answer = asyncio.run(ask(served(), accept="image/png", accept_="application/jsonlines"))
    assert answer[1][b"content-type"] == b"application/jsonlines"


@pytest.mark.parametrize("body", [(b"1,2\n3,4\n",), (b"1,2\n", b"3,4\n")], ids=["whole", "pieces"])
@pytest.mark.contract("B2.13")
def test_a_body_over_the_limit_is_refused_and_one_below_is_not(served, body):
    status, _, answer = asyncio.run(ask(served(MAX_CONTENT_LENGTH="7"), body=body))
    assert status == 413
    assert json.loads(answer)["message"] == "the body is over the limit of 7 bytes (MAX_CONTENT_LENGTH)"
    assert asyncio.run(ask(served(MAX_CONTENT_LENGTH="8"), body=body))[0] == 200


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
@pytest.mark.contract("B2.3", "B2.5")
def test_ping_is_200_when_the_model_is_loaded_and_503_before(served, method):
    status, _, body = asyncio.run(ask(served(), "/ping", method))
    assert (status, body) == (200, b"")
    assert asyncio.run(ask(App(Settings.read({})), "/ping", method))[0] == 503


@pytest.mark.contract("B2.13")
def test_before_the_model_is_loaded_a_request_is_told_to_come_later():
    status, _, body = asyncio.run(ask(App(Settings.read({}))))
    assert (status, json.loads(body)["message"]) == (503, "the model is being loaded")


@pytest.mark.contract("B2.5", "B2.13")
def test_a_broken_model_is_never_ready_and_says_why(settings_of, capfd):
    broken = App(settings_of())
    broken.load()
    assert asyncio.run(ask(broken, "/ping", "GET"))[0] == 503
    status, _, body = asyncio.run(ask(broken))
    assert status == 500
    assert "no model" in json.loads(body)["message"]
    assert "no model" in capfd.readouterr().err


def test_options_of_the_deployment_that_do_not_fit_are_told_and_nothing_crashes(settings_of, capfd):
    from slipway.training.run import train

    assert train(settings_of()) == 0
    broken = App(settings_of(SLIPWAY_OPTIONS="times=many"))
    broken.load()
    assert asyncio.run(ask(broken))[0] == 500
    assert "option in SLIPWAY_OPTIONS times" in capfd.readouterr().err


@pytest.mark.contract("B2.3")
def test_the_ping_is_answered_while_a_prediction_runs(served):
    """However long it takes."""
    model = Slow()
    app = served(model)

    async def both():
        running = asyncio.create_task(ask(app))
        await asyncio.to_thread(model.begun.wait, 30)
        ping = await asyncio.wait_for(ask(app, "/ping", "GET"), 10)
        assert not running.done()
        model.go.set()
        return ping[0], (await running)[0]

    assert asyncio.run(both()) == (200, 200)
    assert model.thread != get_ident()


def test_quick_predictions_need_no_thread_and_slow_ones_get_one(served, monkeypatch):
    model = Slow()
    model.go.set()
    app = served(model)

    async def thread_of(**request):
        await ask(app, **request)
        return model.thread

    async def threads():
        first = await thread_of()  # nothing is known yet of what it costs
        app._cost_s = 0.001
        quick = await thread_of()
        large = await thread_of(body=(b"1,2\n" * 20_000,))
        app._cost_s = 0.1
        return [first, quick, large, await thread_of()]

    assert [thread == get_ident() for thread in asyncio.run(threads())] == [False, True, False, False]


def test_a_request_whose_turn_does_not_come_is_told_so_and_ends_no_worker(served, monkeypatch):
    """Waiting is not hanging: a worker that is busy but well must not be killed at every peak."""
    ended = []
    monkeypatch.setattr(application.os, "kill", lambda *_: ended.append(1))
    app = served(Patient(0.7), MODEL_SERVER_TIMEOUT="1")

    async def crowded():
        answers = await asyncio.gather(*(ask(app) for _ in range(3)))
        return sorted(status for status, *_ in answers)

    assert asyncio.run(crowded()) == [200, 200, 503]
    assert not ended


def test_a_request_that_never_ends_costs_no_other_its_answer(served, monkeypatch):
    """Whoever waits behind it is answered by the same worker, before that ends."""
    events = []
    monkeypatch.setattr(application.os, "kill", lambda process, number: events.append(number))
    model = Hanging()
    app = served(model, MODEL_SERVER_TIMEOUT="1")

    async def crowded():
        first = asyncio.create_task(ask(app, body=(b"13,2\n",)))
        await asyncio.to_thread(model.begun.wait, 30)
        others = [asyncio.create_task(ask(app, body=(b"%d,2\n" % place,))) for place in range(5)]
        others += [asyncio.create_task(_later(1.1, ask(app, body=(b"7,2\n",))))]
        answers = await asyncio.gather(first, *others)
        await asyncio.sleep(0.3)
        model.go.set()
        return [(status, body) for status, _, body in answers]

    lost, *others = asyncio.run(crowded())
    assert lost[0] == 504
    assert [status for status, _ in others] == [200] * 6
    assert [float(body.split(b",")[0]) for _, body in others] == [2, 3, 4, 5, 6, 9]
    assert events == [signal.SIGTERM], "as where it is told to end: what it has begun is answered"


async def _later(seconds, work):
    await asyncio.sleep(seconds)
    return await work


@pytest.mark.contract("B2.6")
def test_a_request_that_takes_too_long_is_told_and_its_worker_ends(served, monkeypatch, capfd):
    """A thread cannot be stopped, so the process is."""
    ended = []
    monkeypatch.setattr(application.os, "kill", lambda process, number: ended.append(number))
    model = Slow()
    app = served(model, MODEL_SERVER_TIMEOUT="1")

    async def late():
        answer = await ask(app)
        for _ in range(100):
            if ended:
                break
            await asyncio.sleep(0.05)
        model.go.set()
        return answer

    status, _, body = asyncio.run(late())
    assert (status, ended) == (504, [signal.SIGTERM])
    assert json.loads(body)["message"] == "the request took longer than 1 s (MODEL_SERVER_TIMEOUT)"
    assert "took longer than 1 s" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [("/invocations", "GET", 405), ("/nowhere", "GET", 404), ("/ping", "DELETE", 405)],
)
def test_what_is_not_served_is_refused_as_json(served, path, method, status):
    found, headers, body = asyncio.run(ask(served(), path, method, body=()))
    assert found == status
    assert headers[b"content-type"] == b"application/json"
    assert json.loads(body)["code"] == status


@pytest.mark.contract("B4.2")
def test_execution_parameters_are_served_through_flask(served):
    status, _, body = asyncio.run(
        ask(served(MODEL_SERVER_WORKERS="4"), "/execution-parameters", "GET", body=())
    )
    assert status == 200
    assert json.loads(body) == {
        "MaxConcurrentTransforms": 4,
        "BatchStrategy": "MULTI_RECORD",
        "MaxPayloadInMB": 6,
    }


def test_a_model_that_cannot_be_readied_is_told_and_never_ready(served, capfd):
    class Cold(Adder):
        def warm(self):
            raise ImportError(f"secret {4000 + 711}")

    app = served(Cold())
    app.warm()
    app._thread.submit(int).result()
    status, _, body = asyncio.run(ask(app, "/ping", "GET", body=()))
    text = "the model cannot be readied (ImportError): the log has the details"
    assert (status, json.loads(body)["message"]) == (503, text)
    heard = capfd.readouterr().err
    assert "the model cannot be readied: ImportError" in heard
    assert "4711" not in heard


def test_a_request_for_which_there_is_no_room_is_told_when_to_come_again():
    answer = later("wait")
    assert (answer.status, dict(answer.headers)) == (503, {"Retry-After": "1"})
