"""Processes of a server that are killed: what the others do, what clients hear, and what is left."""

import json
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.processes import alive, descendants, name
from slipway.manifest import Manifest
from slipway.serving import nginx
from slipway.serving.forked import NAME
from tools import ROOT, client, process
from unit.model import Adder

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
SLOW = json.dumps({"instances": [[1, 2]], "configuration": {"fault": "sleeps a little"}}).encode()


@pytest.fixture
def server(folder, root, schema):
    """Two workers, behind nginx where there is one."""
    Adder().save(root / "model")
    Manifest.stamp(
        root / "model", image="adder", version="1.2.3", reads=schema, hyperparameters={}, metrics={}
    )
    told = {"PYTHONPATH": f"{ROOT / 'shared'}:{ROOT / 'tests'}", "MODEL_SERVER_WORKERS": "2"}
    with process.Server.of(folder, root, **told) as found:
        found.wait_ready()
        yield found


def workers(pid):
    """The processes that answer: those whose parent is gunicorn's arbiter."""
    arbiter = next(one for one in descendants(pid) if name(one) == NAME)
    return descendants(arbiter)


@pytest.mark.skipif(nginx.find() is None, reason="nginx is not installed: nobody sends a request again")
def test_no_request_is_lost_with_its_worker(server):
    """Each is sent to another worker once."""

    def ask(_):
        return client.ask(server.port, SLOW, "application/json").status

    with ThreadPoolExecutor(4) as threads:
        answers = [threads.submit(ask, number) for number in range(8)]
        process.wait_until(lambda: len(workers(server.pid)) == 2, "two workers", lambda: server.log)
        os.kill(workers(server.pid)[0], signal.SIGKILL)
        assert [answer.result() for answer in answers] == [200] * 8


def test_a_killed_server_leaves_no_process(server):
    started = descendants(server.pid)
    assert len(started) >= 3
    server.popen.kill()
    process.wait_until(lambda: not any(map(alive, started)), f"the end of {started}", lambda: "", 40)
