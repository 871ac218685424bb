"""What importing the package costs, and what it gives."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import slipway

SLOW = ("matplotlib", "sklearn", "scipy", "jinja2", "flask", "pyarrow.parquet", "slipway.training")


def imported_by(code, slow=SLOW):
    """Which of the slow modules are loaded after `code`, in a fresh process."""
    asked = f"{code}\nimport sys\nprint(*[name for name in {slow!r} if name in sys.modules])"
    environ = {**os.environ, "PYTHONPATH": str(Path(slipway.__file__).parents[1])}
    run = subprocess.run(
        [sys.executable, "-c", asked], env=environ, capture_output=True, text=True, check=True
    )
    return run.stdout.split()


@pytest.mark.parametrize("code", ["import slipway", "import slipway.serving.app"])
@pytest.mark.contract("B2.4")
def test_serving_does_not_wait_for_what_only_training_needs(code):
    assert imported_by(code) == []


def test_the_supervisor_does_not_wait_for_what_only_its_workers_need():
    assert imported_by("import slipway.serving.supervisor", ("numpy", "pyarrow", "slipway.table")) == []


def test_every_public_name_is_there():
    assert all(getattr(slipway, name) for name in slipway.__all__)
    assert slipway.Channel.__module__ == "slipway.training.channel"


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = slipway.nothing
