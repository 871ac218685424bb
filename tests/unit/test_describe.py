"""What an image says of itself."""

import json
import re
from typing import Annotated

import pytest
from pydantic import AliasChoices, Field

import slipway
from slipway.describe import declared, describe, metric_regex
from slipway.image import Image, MetricFacts
from slipway.paths import Paths
from slipway.training.job import Job


def test_an_image_tells_its_facts(settings_of):
    facts = json.loads(describe(settings_of()))
    assert (facts["name"], facts["version"]) == ("adder", "1.2.3")
    assert "text/csv" in facts["content_types"]
    assert facts["hyperparameters"][0] == {
        "name": "k",
        "aliases": [],
        "description": "How many.",
        "required": False,
        "default": 3,
        "tunable": True,
        "values": {"maximum": 9, "minimum": 1, "type": "integer"},
    }
    assert [option["name"] for option in facts["options"]] == ["times", "fault", "on_error", "stream"]
    assert "folder" not in facts


def test_a_field_tells_its_other_names_and_whether_it_is_needed():
    class Some(slipway.Hyperparameters):
        k: Annotated[int, Field(validation_alias=AliasChoices("k", "n_clusters"))]
        """How many."""

    assert declared(Some)[0] | {"values": {}} == {
        "name": "k",
        "aliases": ["n_clusters"],
        "description": "How many.",
        "required": True,
        "default": None,
        "tunable": False,
        "values": {},
    }


def test_nothing_to_declare_is_an_empty_list():
    assert declared(slipway.Options.__base__) == []
    assert [one["name"] for one in declared(slipway.Hyperparameters)] == ["kinds", "dates", "missing"]


@pytest.mark.parametrize("value", [0.0, -1.5, 1e-300, 1.5e300, 123456789012.0, 1 / 3, 7])
@pytest.mark.parametrize("name", ["loss", "test:msd"])
@pytest.mark.contract("A8.1")
def test_the_regular_expression_finds_what_a_job_prints(capsys, folder, name, value):
    """The first group is the number."""
    facts = MetricFacts(description="x", direction="Minimize")
    image = Image.read(folder).model_copy(update={"metrics": {name: facts}})
    Job(image, Paths(folder)).log_metrics(**{name: value})
    found = re.search(metric_regex(name), "2026-01-01 " + capsys.readouterr().out)
    assert float(found[1]) == pytest.approx(value, rel=1e-9)
    assert len(metric_regex(name)) <= 500


def test_a_pattern_declares_every_metric_that_fits_it(folder):
    with (folder / "image.toml").open("a") as facts:
        facts.write('[metrics."l*"]\ndescription = "x"\ndirection = "Maximize"\n')
    image = Image.read(folder)
    assert image.metric("lift@10").direction == "Maximize"
    assert image.metric("loss").direction == "Minimize", "a name of its own wins"
    assert image.metric("gain@10") is None
    assert re.search(metric_regex("lift@10"), "metric lift@10=1.5;")[1] == "1.5"
    assert not re.search(metric_regex("lift@10"), "metric lift@100=1.5;")
    assert re.search(metric_regex("lift@*"), "metric lift@10=1.5;")[1] == "1.5"
    assert not re.search(metric_regex("f.1"), "metric fx1=1;"), "a point is a point"
