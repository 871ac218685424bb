"""SIGTERM in the first and last moments of a job: a failure file or a model, and the exit code that fits."""

import subprocess
import sys

import pytest

from slipway.manifest import Manifest
from tools import process

KILL = "import os, signal\nos.kill(os.getpid(), signal.{name})\n"
LAST = """

class Last:
    def __del__(self, kill=os.kill, pid=os.getpid(), number=signal.{name}):
        kill(pid, number)


LAST = Last()
"""


def ran(folder, root, *arguments, **environ):
    """The exit code of a container's process over the small image, and its failure file."""
    (python, *rest), told = process.command("train", folder, root, sys.executable, **environ)
    told["PYTHONPATH"] = f"{environ.get('FIRST', '')}:{told['PYTHONPATH']}:tests"
    command = [python, *rest[:-1], *(arguments or ["train"])]
    done = subprocess.run(command, env=told, cwd=process.ROOT, capture_output=True, timeout=120, check=False)
    path = root / "output/failure"
    return done.returncode, path.read_text() if path.exists() else ""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
@pytest.mark.contract("A1.4", "A1.6")
def test_a_stop_before_training_began_leaves_a_failure_file(folder, root, name):
    module = folder / "hyperparameters.py"
    module.write_text(KILL.format(name=name) + module.read_text())
    told = (255, f"PlatformError: {name} received before training began: there is no model")
    assert ran(folder, root) == told


@pytest.mark.contract("A1.4", "A1.6")
def test_a_stop_is_heard_while_the_libraries_are_loaded(folder, root, tmp_path):
    """Whichever of the words and variables tell that it is a job."""
    (tmp_path / "early").mkdir()
    (tmp_path / "early/pydantic.py").write_text(KILL.format(name="SIGTERM"))
    told = (255, "PlatformError: SIGTERM received before training began: there is no model")
    assert ran(folder, root, FIRST=str(tmp_path / "early")) == told
    (root / "output/failure").unlink()
    assert ran(folder, root, "auto", FIRST=str(tmp_path / "early"), TRAINING_JOB_NAME="job") == told


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.contract("A1.4", "A1.6")
def test_a_stop_after_the_end_changes_nothing(folder, root, name, fails):
    """The interpreter shuts down when it comes."""
    module = folder / "train.py"
    text = "import os, signal\n" + module.read_text() + LAST.format(name=name)
    module.write_text(
        text.replace("    job.report", "    raise ValueError\n    job.report") if fails else text
    )
    code, failure = ran(folder, root)
    if fails:
        assert (code, failure[:15]) == (255, "AlgorithmError:")
    else:
        assert (code, failure) == (0, "")
        assert Manifest.read(root / "model", "adder").metrics == {"loss": 3.0}
