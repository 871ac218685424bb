"""A server starts without docstrings; Arrow works as ever, and tools still have them."""

import subprocess
import sys
from pathlib import Path

import pytest

from slipway.settings import Settings

BOTH = """
import sys, warnings
warnings.simplefilter("error")
from slipway import docstrings
if sys.argv[1] == "without":
    docstrings.leave_out()
import pyarrow, pyarrow.compute
from slipway.settings import Settings
kept = sum(bool(field.description) for field in Settings.model_fields.values())
print(kept, "ndigits" in pyarrow.compute.round.__doc__)
print(pyarrow.compute.round(pyarrow.array([1.26]), 1, round_mode="up").to_pylist())
"""


@pytest.mark.parametrize(
    ("how", "told"), [("with", f"{len(Settings.model_fields)} True"), ("without", "0 False")]
)
def test_docstrings_are_left_out_and_nothing_else(how, told):
    """Where Arrow reads its docstrings in another way, this finds them there."""
    environ = {"PYTHONPATH": str(Path(__file__).parents[2] / "shared")}
    command = [sys.executable, "-c", BOTH, how]
    run = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    assert run.stdout == f"{told}\n[1.3]\n"
