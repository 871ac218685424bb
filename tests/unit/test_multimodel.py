"""A multi-model endpoint's registry: what happens when memory, time or a process is at an end."""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest

from slipway import machine
from slipway.manifest import Manifest
from slipway.serving.endpoint import Answer
from slipway.serving.metrics.container import Metrics
from slipway.serving.multimodel import Models, _page, _wanted
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
    assert told(models.listed(9, 0)) == (200, {"models": []})
    monkeypatch.undo()
    assert models.load("a", models.stored).status == 200


def test_a_model_that_left_too_little_is_unloaded(models, monkeypatch):
    left = iter([machine.memory_bytes(), 0])
    monkeypatch.setattr(machine, "available_bytes", lambda: next(left))
    assert models.load("a", models.stored).status == 507
    assert told(models.told("a"))[0] == 404


def test_models_that_are_being_loaded_count_as_taken(models, monkeypatch):
    room_for_one = 0.05 * machine.memory_bytes() + 1.5 * (48 << 20)
    monkeypatch.setattr(machine, "available_bytes", lambda: room_for_one)
    with ThreadPoolExecutor(2) as threads:
        loads = [threads.submit(models.load, name, models.stored) for name in ("a", "b")]
        assert sorted(load.result().status for load in loads) == [200, 507]


def test_a_model_that_the_kernel_ended_is_not_loaded_any_more(models):
    models.load("a", models.stored)
    models._loaded["a"].process.kill()
    assert models.ask("a", ASK).status == 507
    assert models.ask("a", ASK).status == 404
    assert models.load("a", models.stored).status == 200


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
    assert told(models.listed(9, 0)) == (200, {"models": []})


@pytest.mark.parametrize(
    ("query", "page"), [("", (100, 0)), ("limit=5&next_page_token=7", (5, 7)), ("limit=900", (100, 0))]
)
@pytest.mark.contract("B5.3")
def test_a_page_of_the_list(query, page):
    assert _page(query) == page


def test_what_to_load():
    assert _wanted(b'{"model_name": "a", "url": "/opt/ml/models/a/model"}') == ("a", "/opt/ml/models/a/model")


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
    assert told(slow.told("a"))[0] == 404
    assert slow._promised == 0
    assert "took longer than 1 s to load" in capfd.readouterr().err


@pytest.mark.contract("B7.1")
def test_a_models_answer_may_come_in_pieces(models):
    """Its turn lasts until the last of them, or until nobody wants them."""
    assert models.load("a", models.stored).status == 200
    rows = b"".join(b"%d,1\n" % number for number in range(5000))
    request = (rows, "text/csv", "application/jsonlines", "stream=true", "")
    for wanted in (None, 1):
        answer = models.ask("a", request)
        pieces = [answer.body]
        for number, piece in enumerate(answer.rest):
            pieces.append(piece)
            if number == wanted:
                break
        answer.rest.close()
        count = len(b"".join(pieces).splitlines())
        assert count == 5000 if wanted is None else 1024 < count < 5000
        assert models.ask("a", ASK).status == 200
