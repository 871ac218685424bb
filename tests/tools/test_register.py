"""`register`: a version in the model registry as moto plays it, with what the training job left."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness.archives import packed
from harness.cards import facts
from harness.moto_aws import BUCKET, IMAGE, ROLE, refuse
from slipway.training.cards import quality
from slipway.training.cards.sagemaker import card
from tools import aws_shapes
from tools.cli import main

Slipway = Callable[..., str]


@pytest.fixture
def job(slipway: Slipway, session: Any, tmp_path: Path) -> str:
    """A training job that has left all that a job leaves."""
    name = slipway("train", "--role", ROLE).strip()
    about = facts(tmp_path)
    left = {"model-card.json": card(about), "model-quality.json": quality.model_quality(about)}
    left["data-statistics.json"] = {"version": 0.0, "features": []}
    leave(session, name, {f"./{file}": json.dumps(content).encode() for file, content in left.items()})
    return name


def leave(session: Any, job: str, files: dict[str, bytes]) -> None:
    key = f"slipway/{job}/output/output.tar.gz"
    session.client("s3").put_object(Bucket=BUCKET, Key=key, Body=packed(files))


@pytest.fixture
def sent(session: Any) -> list[dict[str, Any]]:
    """The requests of CreateModelPackage; moto keeps no card."""
    found: list[dict[str, Any]] = []
    session.events.register(
        "provide-client-params.sagemaker.CreateModelPackage", lambda params, **_: found.append(dict(params))
    )
    return found


def test_a_version_has_card_metrics_and_what_it_runs_on(
    slipway: Slipway, session: Any, job: str, sent: list[dict[str, Any]]
) -> None:
    arn = slipway("register").strip()
    sagemaker, s3 = session.client("sagemaker"), session.client("s3")
    version = sagemaker.describe_model_package(ModelPackageName=arn)
    assert version["ModelPackageGroupName"] == f"slipway-{IMAGE.name}"
    assert version["ModelPackageVersion"] == 1
    assert version["ModelApprovalStatus"] == "PendingManualApproval"
    (container,) = version["InferenceSpecification"]["Containers"]
    assert container["ModelDataUrl"] == f"s3://{BUCKET}/slipway/{job}/output/model.tar.gz"
    assert container["Image"].endswith(f"slipway/{IMAGE.name}:{IMAGE.version}")
    assert "text/csv" in version["InferenceSpecification"]["SupportedContentTypes"]
    for kind in ("ModelQuality", "ModelDataQuality"):
        uri = version["ModelMetrics"][kind]["Statistics"]["S3Uri"]
        key = uri.removeprefix(f"s3://{BUCKET}/")
        assert json.loads(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())["version"] == 0.0
    group = sagemaker.describe_model_package_group(ModelPackageGroupName=f"slipway-{IMAGE.name}")
    tags = sagemaker.list_tags(ResourceArn=group["ModelPackageGroupArn"])["Tags"]
    assert tags == [{"Key": "slipway:image", "Value": IMAGE.name}]
    assert aws_shapes.problems("CreateModelPackage", sent[0]) == []
    assert "Tags" not in sent[0], "a version has those of its group, and AWS refuses others"


def test_the_card_says_what_only_the_account_knows(
    slipway: Slipway, session: Any, job: str, sent: list[dict[str, Any]]
) -> None:
    slipway("register")
    assert sent[0]["ModelCard"]["ModelCardStatus"] == "Draft"
    content = json.loads(sent[0]["ModelCard"]["ModelCardContent"])
    artifact = f"s3://{BUCKET}/slipway/{job}/output/model.tar.gz"
    assert content["model_overview"] == {"model_artifact": [artifact]}, "all that a package's card may have"
    details = content["training_details"]["training_job_details"]
    described = session.client("sagemaker").describe_training_job(TrainingJobName=job)
    assert details["training_arn"] == described["TrainingJobArn"]
    assert all(uri.startswith(f"s3://{BUCKET}/slipway/{job}/input/") for uri in details["training_datasets"])
    assert IMAGE.name in details["training_environment"]["container_image"][0]
    assert details["training_metrics"][0]["name"] == "test:loss"


def test_the_next_version_is_of_the_same_group(slipway: Slipway, session: Any, job: str) -> None:
    slipway("register", "--group", "penguins")
    second = slipway("register", "--group", "penguins", "--approve", "--environment", "A=b").strip()
    version = session.client("sagemaker").describe_model_package(ModelPackageName=second)
    assert version["ModelPackageVersion"] == 2
    assert version["ModelApprovalStatus"] == "Approved"
    assert version["InferenceSpecification"]["Containers"][0]["Environment"] == {"A": "b"}


def test_a_job_that_left_no_card_is_registered_without_and_that_is_said(
    slipway: Slipway, session: Any, sent: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As models of an older image."""
    slipway("train", "--role", ROLE)
    said: list[str] = []
    monkeypatch.setattr(main.Context, "say", lambda self, text: said.append(text))
    slipway("register")
    assert {"ModelCard", "ModelMetrics"}.isdisjoint(sent[0])
    assert "registered without model-card.json, model-quality.json, data-statistics.json" in said[-1]


@pytest.mark.parametrize("content", [b"[1]", b"{", b'{"training_details": 3}'])
def test_a_card_that_is_none_is_told(slipway: Slipway, session: Any, job: str, content: bytes) -> None:
    leave(session, job, {"model-card.json": content})
    with pytest.raises(main.CommandError, match=r"model-card\.json is no model card"):
        slipway("register")


def test_a_card_that_is_too_large_is_not_read(slipway: Slipway, session: Any, job: str) -> None:
    leave(session, job, {"model-card.json": b" " * (1 << 20) + b"{}"})
    with pytest.raises(main.CommandError, match="expected at most 1048576"):
        slipway("register")


def test_a_dry_run_prints_both_calls(slipway: Slipway, session: Any, job: str) -> None:
    printed = json.loads(slipway("register", "--dry-run", "--tag", "team=a"))
    calls = {one["operation"]: one["parameters"] for one in printed["requests"]}
    assert list(calls) == ["CreateModelPackageGroup", "CreateModelPackage"]
    assert all(not aws_shapes.problems(name, parameters) for name, parameters in calls.items())
    assert {"Key": "team", "Value": "a"} in calls["CreateModelPackageGroup"]["Tags"]
    assert [one["to"].rpartition("/")[2] for one in printed["uploads"]] == [
        "model-quality.json",
        "data-statistics.json",
    ]
    assert session.client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"] == []


def test_what_aws_refuses_is_not_taken_for_a_missing_group(slipway: Slipway, session: Any, job: str) -> None:
    refuse(session, "DescribeModelPackageGroup", "AccessDeniedException", "no")
    with pytest.raises(ClientError):
        slipway("register")
