"""The model card that a job left, made one of a model package: with what only the account knows."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slipway.training.cards.write import CARD

from .errors import CommandError
from .model import artifact_of

_DATASETS = 15  # that a card names
# All that the card of a package has, where a card by itself has more:
# https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-details.html
_OVERVIEW = ("model_creator", "model_artifact")


def of_package(path: Path, job: Mapping[str, Any]) -> dict[str, Any]:
    """The card's content; `job` is what DescribeTrainingJob answered."""
    try:
        content: dict[str, Any] = json.loads(path.read_text())
        overview = {**content.get("model_overview", {}), "model_artifact": [artifact_of(job)]}
        training = content.setdefault("training_details", {})
        details = training.setdefault("training_job_details", {})
    except (ValueError, AttributeError, TypeError):
        raise CommandError(f"the job's {CARD} is no model card") from None
    content["model_overview"] = {name: overview[name] for name in _OVERVIEW if name in overview}
    details["training_arn"] = job["TrainingJobArn"]
    sources = [one["DataSource"].get("S3DataSource", {}) for one in job.get("InputDataConfig", [])]
    details["training_datasets"] = [one["S3Uri"] for one in sources if "S3Uri" in one][:_DATASETS]
    if image := job.get("AlgorithmSpecification", {}).get("TrainingImage"):
        details["training_environment"] = {"container_image": [image]}
    return content
