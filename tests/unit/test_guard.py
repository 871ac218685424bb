"""A process that trains and is killed: the failure file says so all the same, and none is left behind."""

import json
import signal
import sys

import pytest

from harness.processes import alive, descendants
from slipway import machine
from slipway.training import guard
from tools import process
from unit.test_stopping import ran

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("SIGABRT", "AlgorithmError: training was ended by SIGABRT: the log of the job has the details"),
        ("SIGKILL", "PlatformError: training was ended by SIGKILL"),
    ],
)
@pytest.mark.contract("A1.6", "A1.7")
def test_a_job_that_is_killed_leaves_a_failure_file(folder, root, name, cause):
    module = folder / "train.py"
    killed = f"    import os, signal\n    os.kill(os.getpid(), signal.{name})\n    job.report"
    module.write_text(module.read_text().replace("    job.report", killed))
    code, failure = ran(folder, root)
    assert code == 255
    assert failure.startswith(cause)


def test_a_kill_by_the_kernel_for_want_of_memory_is_told_from_another(monkeypatch):
    monkeypatch.setattr(machine, "kills_for_memory", lambda: 3)
    assert "want of memory" in guard._cause(signal.SIGKILL, 2)
    assert "want of memory" not in guard._cause(signal.SIGKILL, 3)
    monkeypatch.setattr(machine, "kills_for_memory", lambda: None)  # no count is kept
    assert "want of memory" in guard._cause(signal.SIGKILL, None)


def test_where_the_first_process_is_killed_so_is_the_one_that_trains(folder, root):
    (root / "input/config/hyperparameters.json").write_text(json.dumps({"fail": "late"}))
    words, environ = process.command("train", folder, root, sys.executable)
    environ["PYTHONPATH"] += ":tests"
    with process.Process(words, environ, log=root / "log") as job:
        process.wait_until(lambda: "on train" in job.log, "training", lambda: job.log)
        trains = descendants(job.popen.pid)
        assert len(trains) == 1
        job.popen.kill()
        process.wait_until(lambda: not alive(trains[0]), "its end", lambda: job.log)
