"""Model cards against the schema that AWS publishes, and metrics against the parsers of AWS's SDK."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from harness.cards import facts
from slipway.training.cards import quality
from slipway.training.cards.sagemaker import card
from tools import aws_shapes

FREE = {"custom_details", "metadata"}  # whose keys are the author's


def published() -> dict[str, Any]:
    """The schema of AWS::SageMaker::ModelCard, as CloudFormation's registry has it."""
    schema: Any = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", "AWS::SageMaker::ModelCard").schema
    return {**schema["definitions"]["Content"], "definitions": schema["definitions"]}


def cloud_formation(value: Any) -> Any:
    """The API's keys as CloudFormation writes them: model_overview is ModelOverview."""
    if isinstance(value, list):
        return [cloud_formation(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        "".join(word.capitalize() for word in name.split("_")): one if name in FREE else cloud_formation(one)
        for name, one in value.items()
    }


def problems(content: Any) -> list[str]:
    found = jsonschema.Draft7Validator(published()).iter_errors(cloud_formation(content))
    return [f"{'.'.join(map(str, one.path))}: {one.message[:200]}" for one in found]


@pytest.mark.parametrize("task", ["binary classification", "clustering", ""])
def test_a_card_keeps_the_published_schema(tmp_path: Path, task: str) -> None:
    content = card(facts(tmp_path, task=task))
    assert problems(content) == []
    details = content["training_details"]["training_job_details"]
    assert len(details["training_metrics"]) == 50
    assert len(details["hyper_parameters"]) == 100
    texts = re.compile(".{1,255}")
    assert all(texts.fullmatch(one[key]) for one in details["hyper_parameters"] for key in ("name", "value"))
    assert {one["name"] for one in content["evaluation_details"]} == {
        "test job",
        "validation job",
        "training job",
    }


def test_the_schema_refuses_what_is_wrong(tmp_path: Path) -> None:
    """That the check above checks anything."""
    content = card(facts(tmp_path))
    content["intended_uses"]["risk_rating"] = "none"
    content["model_overview"]["model_name"] = "x" * 1025
    content["odd"] = {}
    assert len(problems(content)) == 3


def test_a_card_fits_the_calls_that_take_it(tmp_path: Path) -> None:
    """One line of at most 100,000 characters."""
    text = json.dumps(card(facts(tmp_path)), ensure_ascii=False)
    request = {"ModelCardName": "mine", "Content": text, "ModelCardStatus": "Draft"}
    assert aws_shapes.problems("CreateModelCard", request) == []


@pytest.mark.parametrize("task", ["regression", "binary classification", "multiclass classification"])
def test_the_sdk_reads_the_metrics(tmp_path: Path, task: str) -> None:
    parsers = pytest.importorskip("sagemaker.model_card.evaluation_metric_parsers")
    parser = parsers.RegressionParser() if task == "regression" else parsers.ClassificationParser()
    (group,) = parser.run(quality.model_quality(facts(tmp_path, task=task)))["metric_groups"]
    assert {"name": "test:loss", "value": 0.25, "type": "number"} in group["metric_data"]
