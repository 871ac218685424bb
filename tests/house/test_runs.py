"""`make train` on a laptop: what it lays out, and what a failure leaves."""

import json
import sys
from pathlib import Path

import pytest

from tools import runs

REPOSITORY = Path(__file__).parents[2]

OK = """
import pathlib, sys
model = pathlib.Path(sys.argv[1], "model")
model.mkdir()
(model / "manifest.json").write_text(sys.argv[2])
"""
FAIL = """
import pathlib, sys
output = pathlib.Path(sys.argv[1], "output")
output.mkdir()
(output / "failure").write_text("k is 0")
sys.exit(9)
"""


@pytest.fixture
def run(tmp_path, monkeypatch) -> runs.Run:
    monkeypatch.setattr(runs, "ROOT", tmp_path)
    return runs.Run(REPOSITORY / "tools/template")


def trained(run: runs.Run, monkeypatch, program: str, text: str = "") -> None:
    monkeypatch.setattr(
        run, "command", lambda verb: ([sys.executable, "-c", program, str(run.root), text], {})
    )
    run.lay_out(None, None, "text/csv; charset=iso-8859-1")
    run.train()


def test_a_training_that_fails_leaves_the_model_before_it(run, monkeypatch):
    trained(run, monkeypatch, OK, "first")
    with pytest.raises(runs.RunError, match="training failed with exit code 9: k is 0"):
        trained(run, monkeypatch, FAIL)
    assert (run.paths.model / "manifest.json").read_text() == "first"
    trained(run, monkeypatch, OK, "second")
    assert (run.paths.model / "manifest.json").read_text() == "second"
    assert [path.name for path in run.root.parent.iterdir()] == ["template"]


def test_data_that_cannot_be_laid_out_leaves_the_model_before_it(run, monkeypatch, tmp_path):
    trained(run, monkeypatch, OK, "first")
    for name in ("train", "unheard"):
        (tmp_path / "data" / name).mkdir(parents=True)
    with pytest.raises(runs.RunError, match="unheard is no channel of template"):
        run.lay_out(tmp_path / "data", None)
    assert (run.paths.model / "manifest.json").read_text() == "first"


def test_the_media_type_of_the_data_reaches_every_channel(run, monkeypatch):
    trained(run, monkeypatch, OK)
    config = json.loads(run.paths.input_data_config.read_text())
    assert {entry["ContentType"] for entry in config.values()} == {"text/csv; charset=iso-8859-1"}
