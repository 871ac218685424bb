"""A multi-model endpoint's registry: what happens when memory, time or a process is at an end."""

import asyncio
import os
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import orjson
import pytest

from slipway import machine
from slipway.drift.baseline import FILE
from slipway.manifest import Manifest
from slipway.serving.answer import Answer
from slipway.serving.management import page, wanted
from slipway.serving.metrics.container import Metrics
from slipway.serving.multimodel import _QUEUE, Models, MultiModelApp
from slipway.training.run import train
from unit.model import Adder

ASK = (b"1,2\n", "text/csv", "application/json", "", "")


def asks(**options):
    body = orjson.dumps({"instances": [[1, 2]], "configuration": options})
    return (body, "application/json", "", "", "")


def registry(settings):
    return Models(settings, Metrics(settings, 1))


@pytest.fixture
def models(settings_of, tmp_path, schema):
    """A registry, and the folder of a model to load."""
    stored = tmp_path / "models/a/model"
    stored.mkdir(parents=True)
    Adder().save(stored)
    Manifest.stamp(stored, image="adder", version="1.2.3", reads=schema, hyperparameters={}, metrics={})
    found = registry(settings_of(MODEL_SERVER_TIMEOUT="1"))
    found.stored = str(stored)
    yield found
    for name in list(found._loaded):
        found.unload(name)


def told(answer: Answer):
    return answer.status, orjson.loads(answer.body)


@pytest.mark.contract("B5.5")
def test_a_model_is_loaded_asked_and_unloaded(models):
    assert models.load("a", models.stored).status == 200
    assert told(models.ask("a", ASK)) == (200, {"predictions": [{"sum": 3.0, "half": 1.5}]})
    process = models._loaded["a"].process
    assert models.unload("a").status == 200
    assert not process.is_alive(), "its memory is free when the answer comes"


@pytest.mark.contract("B5.2")
def test_a_model_that_would_not_fit_is_refused_before_it_is_loaded(models, monkeypatch):
    """The platform unloads others on 507, and tries again."""
    monkeypatch.setattr(machine, "available_bytes", lambda: 1 << 20)
    status, message = told(models.load("a", models.stored))
    assert (status, message["type"]) == (507, "InsufficientMemoryException")
    assert told(models.listed(models.facts, 9, 0)) == (200, {"models": []})
    monkeypatch.undo()
    assert models.load("a", models.stored).status == 200


def test_a_model_that_left_too_little_is_unloaded(models, monkeypatch):
    left = iter([machine.memory_bytes(), 0])
    monkeypatch.setattr(machine, "available_bytes", lambda: next(left))
    assert models.load("a", models.stored).status == 507
    assert told(models.describe("a"))[0] == 404


def test_models_that_are_being_loaded_count_as_taken(models, monkeypatch):
    room_for_one = 0.05 * machine.memory_bytes() + 1.5 * (48 << 20)
    monkeypatch.setattr(machine, "available_bytes", lambda: room_for_one)
    with ThreadPoolExecutor(2) as threads:
        loads = [threads.submit(models.load, name, models.stored) for name in ("a", "b")]
        assert sorted(load.result().status for load in loads) == [200, 507]


def test_a_model_that_the_kernel_ended_is_not_loaded_any_more(models, monkeypatch):
    models.load("a", models.stored)
    counted = iter(range(9))
    monkeypatch.setattr(machine, "kills_for_memory", lambda: next(counted))
    models._loaded["a"].process.kill()
    assert models.ask("a", ASK).status == 507
    assert models.ask("a", ASK).status == 404
    assert models.load("a", models.stored).status == 200


@pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV", "SIGTERM"])
def test_a_model_whose_process_ended_is_told_so(models, name, capfd):
    """507 would have the platform unload others, whose memory is not what it lacks."""
    models.load("a", models.stored)
    os.kill(models._loaded["a"].process.pid, signal.Signals[name])
    answer = models.ask("a", ASK)
    status, message = told(answer)
    text = f"the process of model a ended ({name}); the model has to be loaded again"
    assert (status, message["message"], dict(answer.headers)) == (503, text, {"Retry-After": "1"})
    assert f"a model's process ended: {name}" in capfd.readouterr().err
    assert models.ask("a", ASK).status == 404
    assert models.load("a", models.stored).status == 200


def test_a_model_whose_process_ends_while_it_is_loaded_is_told_so(models, folder):
    (folder / "predictor.py").write_text(
        "import os\n\nfrom unit.model import Adder\n\n\nclass Model(Adder):\n"
        "    @classmethod\n    def load(cls, folder):\n        os._exit(3)\n"
    )
    status, message = told(models.load("a", models.stored))
    assert (status, message["message"]) == (
        500,
        "the model's process ended while it was loaded (exit code 3)",
    )


def test_an_unloaded_model_is_not_there_for_who_found_it_before(models):
    models.load("a", models.stored)
    resident = models._loaded["a"]
    models.unload("a")
    models._loaded["a"] = resident
    status, message = told(models.ask("a", ASK))
    assert (status, message["type"]) == (404, "ModelNotFoundException")
    del models._loaded["a"]


def sent(app, method, path, body=b"", headers=()):
    """Status and document of a request to the application."""

    async def ask():
        answers = []

        async def receive():
            return {"type": "http.request", "body": body}

        async def send(message):
            answers.append(message)

        scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode()}
        await app({**scope, "headers": list(headers), "query_string": b""}, receive, send)
        return answers[0]["status"], b"".join(part.get("body", b"") for part in answers[1:])

    return ask()


@pytest.mark.parametrize(
    ("name", "url", "text"),
    [
        ("a\0b", "/m", "model_name: expected a text without NUL"),
        ("a", "/m\0", "url: expected a text without NUL"),
        ("a", "/m" * 50_000, "url: expected at most 4096 bytes, got 100000"),
        ("a", "/" + "m" * 300, "url: File name too long"),
        ("é" * 600, "/m", "model_name: expected at most 1024 bytes, got 1200"),
    ],
    ids=lambda value: value[:9] if isinstance(value, str) else "",
)
@pytest.mark.contract("B5.2")
def test_what_cannot_be_loaded_or_not_be_unloaded_is_refused(settings_of, name, url, text):
    app = MultiModelApp(settings_of())
    app.warm()
    body = orjson.dumps({"model_name": name, "url": url})
    status, answer = asyncio.run(sent(app, "POST", "/models", body))
    assert (status, orjson.loads(answer)["message"]) == (400, text)


def test_what_fails_is_answered_in_json(settings_of, capfd):
    app = MultiModelApp(settings_of())
    app.warm()
    app._models.listed = None
    status, answer = asyncio.run(sent(app, "GET", "/models"))
    assert (status, orjson.loads(answer)["type"]) == (500, "InternalError")
    assert "a request failed: TypeError" in capfd.readouterr().err


@pytest.mark.contract("B2.3")
def test_many_requests_to_one_model_keep_neither_ping_nor_others_waiting(settings_of):
    """Those for which there is no room are told when to come again."""
    app = MultiModelApp(settings_of())
    app.warm()
    go = Event()

    def ask(name, request):
        if name == "a":
            go.wait(20)
        return Answer(200, "text/plain", b"")

    app._models.ask = ask

    async def crowded():
        many = [asyncio.ensure_future(sent(app, "POST", "/models/a/invoke")) for _ in range(_QUEUE + 36)]
        await asyncio.sleep(0.1)
        started = time.perf_counter()
        others = [await sent(app, "GET", "/ping"), await sent(app, "POST", "/models/b/invoke")]
        others.append(await sent(app, "GET", "/models"))
        spent = time.perf_counter() - started
        go.set()
        return [status for status, _ in await asyncio.gather(*many)], [status for status, _ in others], spent

    many, others, spent = asyncio.run(crowded())
    assert (many.count(200), many.count(503)) == (_QUEUE, 36)
    assert others == [200, 200, 200]
    assert spent < 1
    assert not app._waiting


def test_a_model_that_takes_too_long_is_ended(models):
    models.load("a", models.stored)
    status, message = told(models.ask("a", asks(fault="sleeps")))
    assert (status, message["message"]) == (504, "the request took longer than 1 s (MODEL_SERVER_TIMEOUT)")
    assert models.ask("a", ASK).status == 404


def test_a_fault_inside_one_model_is_its_answer_and_no_more(models):
    models.load("a", models.stored)
    assert models.ask("a", asks(fault="raises")).status == 500
    assert models.ask("a", ASK).status == 200


def test_unloading_waits_for_the_answer_under_way(models):
    models.load("a", models.stored)
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(models.ask, "a", asks(fault="sleeps a little"))
        time.sleep(0.1)
        assert models.unload("a").status == 200
        assert asked.result().status == 200


def test_a_broken_model_is_told_in_one_line(models):
    shutil.rmtree(models.stored)
    status, message = told(models.load("a", models.stored))
    assert status == 500
    assert message["message"].startswith("no model: ")
    assert told(models.listed(models.facts, 9, 0)) == (200, {"models": []})


@pytest.mark.parametrize(
    ("query", "found"), [("", (100, 0)), ("limit=5&next_page_token=7", (5, 7)), ("limit=900", (100, 0))]
)
@pytest.mark.contract("B5.3")
def test_a_page_of_the_list(query, found):
    assert page(query) == found


def test_what_to_load():
    assert wanted(b'{"model_name": "a", "url": "/opt/ml/models/a/model"}') == ("a", "/opt/ml/models/a/model")


@pytest.mark.contract("B5.2")
def test_a_model_that_never_ends_loading_is_given_up(models, settings_of, folder, capfd):
    """Neither is the platform kept waiting, nor does it unload others for it."""
    (folder / "predictor.py").write_text(
        "import time\n\nfrom unit.model import Adder\n\n\nclass Model(Adder):\n"
        "    @classmethod\n    def load(cls, folder):\n        time.sleep(60)\n"
    )
    slow = registry(settings_of(SLIPWAY_LOAD_TIMEOUT="1"))
    status, message = told(slow.load("a", models.stored))
    assert (status, message["message"]) == (
        504,
        "the model took longer than 1 s to load (SLIPWAY_LOAD_TIMEOUT)",
    )
    assert told(slow.describe("a"))[0] == 404
    assert slow._promised == 0
    assert "took longer than 1 s to load" in capfd.readouterr().err


@pytest.mark.contract("B7.1")
def test_a_models_answer_may_come_in_pieces(models):
    """Its turn lasts until the last of them, or until nobody wants them."""
    assert models.load("a", models.stored).status == 200
    rows = b"".join(b"%d,1\n" % number for number in range(5000))
    request = (rows, "text/csv", "application/jsonlines", "stream=true", "")
    for most in (None, 1):
        answer = models.ask("a", request)
        pieces = [answer.body]
        for number, piece in enumerate(answer.rest):
            pieces.append(piece)
            if number == most:
                break
        answer.rest.close()
        count = len(b"".join(pieces).splitlines())
        assert count == 5000 if most is None else 1024 < count < 5000
        assert models.ask("a", ASK).status == 200


def test_models_asked_at_once_are_answered_or_refused_in_words(models, monkeypatch):
    """Each takes memory with its first answer; where that is short they wait for one another."""
    names = [str(number) for number in range(6)]
    for name in names:
        assert models.load(name, models.stored).status == 200
    monkeypatch.setattr(machine, "memory_bytes", lambda: 1 << 30)
    monkeypatch.setattr(machine, "available_bytes", lambda: 52 << 20)
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda name: models.ask(name, ASK), names))
    assert [answer.status for answer in answers] == [200] * 6
    assert models.load("late", models.stored).status == 507
    monkeypatch.setattr(machine, "available_bytes", lambda: 1 << 40)
    assert models.load("late", models.stored).status == 200
    monkeypatch.setattr(machine, "available_bytes", lambda: 20 << 20)
    status, message = told(models.ask("late", ASK))
    assert (status, message["type"]) == (507, "InsufficientMemoryException")
    assert "about 16 MB" in message["message"]
    assert [models.ask(name, ASK).status for name in names] == [200] * 6, "they have what they need"


def test_each_model_is_compared_with_its_own_training(settings_of, root, folder, tmp_path):
    """A model's process counts in memory that the worker reads: nobody waits for a model to be asked."""
    rows = "\n".join(f"{n % 50},{n}" for n in range(300))
    (root / "input/data/train/a.csv").write_text(f"x,y\n{rows}\n")
    (root / "input/data/train/b.csv").unlink()
    assert train(settings_of()) == 0
    bare = shutil.copytree(root / "model", tmp_path / "bare")
    (bare / FILE).unlink()
    Manifest.stamp(bare, **facts_of(Manifest.read(root / "model", "adder")))
    settings = settings_of(SAGEMAKER_MULTI_MODEL="true", SLIPWAY_METRICS_MODELS="2")
    metrics = Metrics(settings, 1)
    models = Models(settings, metrics)
    asked = "".join(f"{n % 50},{n}\n" for n in range(300)).encode()
    for name, url in (("calm", root / "model"), ("bare", bare), ("moved", root / "model")):
        assert models.load(name, str(url)).status == 200
        body = asked.replace(b",", b",9") if name == "moved" else asked
        assert models.ask(name, (body, *ASK[1:])).status == 200
    status, found = told(models.listed(metrics.drift_facts, 9, 0))
    assert (status, found["models"]) == (
        200,
        [
            {"modelName": "calm", "rows": 300, "drifted": []},
            {"modelName": "bare", "rows": None, "drifted": None},
            {"modelName": "moved", "rows": 300, "drifted": ["y", "sum", "half"]},
        ],
    )
    status, found = told(models.drift("moved"))
    assert [one["name"] for one in found["columns"] if one["drifted"]] == ["y", "sum", "half"]
    assert models.drift("bare").status == models.drift("unknown").status == 404
    text = metrics.answer().body.decode()
    assert 'slipway_drift_window_rows{model="calm"} 300.0' in text
    assert 'slipway_drifted_columns{model="calm"} 0.0' in text
    assert "column=" not in text
    assert 'drift_window_rows{model="moved"}' not in text, "the third model has no series of its own"
    for name in ("calm", "bare", "moved"):
        assert models.unload(name).status == 200
    assert told(models.listed(metrics.drift_facts, 9, 0)) == (200, {"models": []})
    assert "slipway_drift" not in metrics.answer().body.decode()


def facts_of(manifest):
    return {
        name: getattr(manifest, name) for name in ("image", "version", "reads", "hyperparameters", "metrics")
    }
