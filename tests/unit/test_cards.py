"""Cards and metrics that a job leaves for those who keep models: bounded, and of no cell of the data."""

import json

import numpy as np
import pytest
import yaml

from harness.cards import facts
from slipway.table.schema import Column
from slipway.table.table import Table
from slipway.training.cards import quality
from slipway.training.cards.write import readme, write


def parts(text):
    _, matter, body = text.split("---\n", 2)
    return yaml.safe_load(matter), body


@pytest.mark.contract("B9.7")
def test_the_front_matter_is_what_hugging_face_reads(tmp_path):
    """The keys of huggingface_hub's ModelCardData, the results in the form of its model index."""
    matter, _ = parts(readme(facts(tmp_path)))
    assert matter["library_name"] == "slipway"
    assert matter["pipeline_tag"] == "tabular-classification"
    assert matter["tags"] == ["slipway", "tabular", tmp_path.name]
    (model,) = matter["model-index"]
    (result,) = model["results"]
    assert result["task"] == {"type": "tabular-classification"}
    assert result["dataset"].keys() == {"type", "name"}
    assert result["metrics"][0] == {"type": "loss", "name": "test:loss", "value": 0.25}
    assert len(result["metrics"]) == 50


def test_a_task_without_a_tag_is_a_word_among_others(tmp_path):
    matter, _ = parts(readme(facts(tmp_path, task="clustering")))
    assert "pipeline_tag" not in matter
    assert "clustering" in matter["tags"]
    assert "model-index" in matter


def test_a_card_without_task_metrics_or_listing_is_a_card(tmp_path):
    plain = facts(tmp_path, task="")
    plain = type(plain)(
        plain.image.model_copy(update={"listing": None}), plain.manifest.model_copy(update={"metrics": {}})
    )
    matter, body = parts(readme(plain))
    assert matter.keys() == {"library_name", "tags"}
    assert "## Evaluation" not in body
    assert "None" not in body.replace("| none | null |", "")


def test_names_of_columns_cannot_break_the_tables(tmp_path):
    _, body = parts(readme(facts(tmp_path)))
    rows = [line for line in body.splitlines() if line.startswith("| ")]
    assert all(line.replace(r"\|", "").count("|") in {3, 4} for line in rows)
    assert "<b>" not in body
    assert "200 more are in the model's `manifest.json`" in body
    assert len(body) < 100_000


@pytest.mark.parametrize("task", ["regression", "multiclass classification", "clustering", ""])
def test_metrics_are_in_the_group_that_studio_draws(tmp_path, task):
    found = quality.model_quality(facts(tmp_path, task=task))
    group = f"{task.replace(' ', '_')}_metrics" if task else "metrics"
    assert found[group]["test:loss"] == {"value": 0.25, "standard_deviation": "NaN"}
    assert found["dataset"]["item_count"] == 7


def test_the_data_are_counted_and_not_told(tmp_path):
    """No smallest or greatest value, no category: what is there, and what is missing."""
    plain = facts(tmp_path)
    table = Table(plain.manifest.reads.columns, None, 2, np.array([[4711.5] * 300, [np.nan] * 300]))
    write(tmp_path, plain.image, plain.manifest, "regression", table)
    found = json.loads((tmp_path / "data-statistics.json").read_text())
    assert found["dataset"]["item_count"] == 2
    assert found["features"][0]["inferred_type"] == "Fractional"
    assert found["features"][0]["numerical_statistics"] == {"common": {"num_present": 1, "num_missing": 1}}
    assert not any("4711" in path.read_text() for path in tmp_path.iterdir())


def test_texts_are_counted_as_such_and_columns_that_training_lacks_are_not(tmp_path):
    plain = facts(tmp_path)
    columns = (Column(name="there", kind="text"), Column(name="not there", kind="text"))
    manifest = plain.manifest.model_copy(
        update={"reads": plain.manifest.reads.model_copy(update={"columns": columns})}
    )
    table = Table(columns[:1], [np.array(["secret", None, "b"], dtype=object)], 3)
    write(tmp_path, plain.image, manifest, "", table)
    (one,) = json.loads((tmp_path / "data-statistics.json").read_text())["features"]
    assert one == {
        "name": "there",
        "inferred_type": "String",
        "string_statistics": {"common": {"num_present": 2, "num_missing": 1}},
    }
    assert not any("secret" in path.read_text() for path in tmp_path.iterdir())


def test_data_that_were_read_piece_by_piece_have_no_statistics(tmp_path):
    plain = facts(tmp_path, rows=None)
    write(tmp_path, plain.image, plain.manifest, "", None)
    assert not (tmp_path / "data-statistics.json").exists()
    assert "training rows" not in (tmp_path / "README.md").read_text()
