"""How a notebook is made of what an image says of itself; tests/clients runs those of the images."""

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tools import notebooks

FACTS: dict[str, Any] = {
    "name": "it",
    "version": "1.2.3",
    "title": "It",
    "summary": "Does it.",
    "row_rule": "A row in, a row out.",
    "instances": {"training": ["ml.c5.large", "ml.m5.large"]},
    "metrics": {"lift@*": {"direction": "Maximize"}, "rmse": {"direction": "Minimize"}},
    "metric_regex": {"lift@*": "lift", "rmse": "rmse=(.*);"},
    "hyperparameters": [
        {
            "name": "k",
            "aliases": [],
            "tunable": True,
            "values": {"type": "integer", "minimum": 2, "maximum": 9},
        },
        {"name": "init", "aliases": [], "tunable": True, "values": {"enum": ["a", "b"]}},
        {"name": "set", "aliases": [], "tunable": True, "values": {"type": "boolean"}},
    ],
}


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    (tmp_path / "train").mkdir()
    (tmp_path / "hyperparameters.json").write_text('{"set": true}')
    return tmp_path


def code(facts: dict[str, Any], sample: Path) -> str:
    """All code of the notebook, which must be a valid one, of valid Python."""
    made = nbformat.reads(notebooks.notebook(facts, sample), as_version=4)
    nbformat.validate(made)
    found = "\n".join(cell.source for cell in made.cells if cell.cell_type == "code")
    compile(found, "notebook", "exec")
    assert "@" not in found
    return found


def test_a_notebook_holds_the_facts_of_its_image(sample: Path) -> None:
    found = code(FACTS, sample)
    assert 'IMAGE_URI = "slipway/it:1.2.3"' in found
    assert '# on AWS: "ml.c5.large"' in found
    assert 'for name in ["train"]' in found
    assert 'hyperparameters={"set": True}' in found
    assert 'metrics = [{"Name": "rmse", "Regex": "rmse=(.*);"}]' in found
    assert 'objective_metric_name="rmse"' in found
    assert 'objective_type="Minimize"' in found
    assert 'ranges = {"k": IntegerParameter(2, 9), "init": CategoricalParameter(["a", "b"])}' in found
    assert "from sagemaker.core.parameter import CategoricalParameter, IntegerParameter" in found


def test_where_nothing_is_left_to_tune_the_notebook_does_not_tune(sample: Path) -> None:
    (sample / "hyperparameters.json").write_text(json.dumps({"set": True, "k": 3, "init": "a"}))
    assert "uner" not in code(FACTS, sample)
    text = notebooks.notebook(FACTS, sample)
    assert "Tune" not in text
    assert "tuning" not in text
