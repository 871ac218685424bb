"""Training, transforms and results by way of SageMaker: what is sent, what is kept, what comes back."""

import importlib.util
import io
import json
import re
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import validate_parameters

from harness.places import REPOSITORY
from slipway.image import Image

ROLE = "arn:aws:iam::123456789012:role/SageMakerExecution"
IMAGE = sorted(path.parent for path in REPOSITORY.glob("images/*/image.toml"))[-1]
BUCKET = "sagemaker-eu-west-1-123456789012"
MODEL = botocore.session.get_session().get_service_model("sagemaker")


@pytest.fixture
def command(session: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Runs a command; returns what it printed, as JSON where it is some."""
    spec = importlib.util.spec_from_file_location("aws_main", REPOSITORY / "tools/aws/__main__.py")
    assert spec is not None
    assert spec.loader is not None
    main = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(main)

    def run(name: str, *given: str) -> Any:
        options = ["--image", IMAGE.name, "--job-file", str(tmp_path / "jobs.json"), *given]
        assert main.run(main.parse([name, *options]), session) == 0
        said = capsys.readouterr().out
        return json.loads(said) if said.startswith("{") else said.split()

    return run


def train(command: Callable[..., Any], *more: str) -> Any:
    return command("train", "--role", ROLE, *more)


def call(plan: Any, operation: str) -> Any:
    """A planned call's parameters, which the API would take."""
    (found,) = (one["parameters"] for one in plan["calls"] if one["operation"] == operation)
    shape = MODEL.operation_model("".join(map(str.capitalize, operation.split("_")))).input_shape
    validate_parameters(found, shape)
    return found


def test_a_dry_run_prints_what_the_api_would_get_and_sends_nothing(
    command: Callable[..., Any], session: Any, tmp_path: Path
) -> None:
    plan = train(command, "--dry-run", "--spot", "--set", "seed=7", "--tag", "team=a", "--max-run-s", "600")
    sent = call(plan, "create_training_job")
    image = Image.read(IMAGE)
    assert sent["AlgorithmSpecification"]["TrainingImage"] == (
        f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/slipway/{image.name}:{image.version}"
    )
    assert sent["RoleArn"] == ROLE
    assert sent["HyperParameters"]["seed"] == "7"
    assert all(isinstance(value, str) for value in sent["HyperParameters"].values())
    assert sent["ResourceConfig"]["InstanceType"] == image.instances.training[0]
    assert sent["StoppingCondition"] == {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 1200}
    assert sent["EnableManagedSpotTraining"] is True
    assert sent["CheckpointConfig"]["S3Uri"].endswith("/checkpoints")
    assert sent["EnableNetworkIsolation"] is True
    assert sent["Tags"] == [{"Key": "team", "Value": "a"}]
    assert not (tmp_path / "jobs.json").exists()
    assert session.client("s3").list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0
    assert session.client("sagemaker").list_training_jobs()["TrainingJobSummaries"] == []


def test_every_setting_is_an_option(command: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "hp.json").write_text('{"seed": 3, "list": [1, 2]}')
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    sent = call(
        train(
            command,
            *("--dry-run", "--name", "mine", "--bucket", "other", "--prefix", "x/y", "--region", "us-east-1"),
            *("--account", "111122223333", "--data", str(tmp_path / "rows.csv")),
            *("--hyperparameters", str(tmp_path / "hp.json"), "--instance-type", "ml.c5.xlarge"),
            *("--instance-count", "2", "--volume-gb", "50", "--no-isolation", "--kms-key", "k"),
            *("--subnet", "subnet-1", "--security-group", "sg-1", "--environment", "A=b=c"),
        ),
        "create_training_job",
    )
    assert sent["TrainingJobName"] == "mine"
    assert sent["HyperParameters"] == {"seed": "3", "list": "[1, 2]"}
    assert sent["OutputDataConfig"] == {"S3OutputPath": "s3://other/x/y", "KmsKeyId": "k"}
    assert sent["ResourceConfig"] == {
        "InstanceType": "ml.c5.xlarge",
        "InstanceCount": 2,
        "VolumeSizeInGB": 50,
        "VolumeKmsKeyId": "k",
    }
    assert sent["VpcConfig"] == {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    assert sent["Environment"] == {"A": "b=c"}
    assert sent["EnableNetworkIsolation"] is False
    assert "us-east-1" in sent["AlgorithmSpecification"]["TrainingImage"]
    (channel,) = sent["InputDataConfig"]
    assert (
        channel["DataSource"]["S3DataSource"]["S3Uri"]
        == f"s3://other/x/y/mine/input/{channel['ChannelName']}/"
    )


def test_metric_definitions_find_what_a_job_prints(command: Callable[..., Any]) -> None:
    definitions = call(train(command, "--dry-run"), "create_training_job")["AlgorithmSpecification"][
        "MetricDefinitions"
    ]
    assert 0 < len(definitions) <= 40
    for one in definitions:
        assert re.search(one["Regex"], f"metric {one['Name']}=-0.5;")[1] == "-0.5"  # type: ignore[index]
        assert "*" not in one["Name"]


def test_the_job_file_carries_names_from_training_to_transform_to_results(
    command: Callable[..., Any], session: Any, tmp_path: Path
) -> None:
    (job,) = train(command)
    s3, sagemaker = session.client("s3"), session.client("sagemaker")
    facts = sagemaker.describe_training_job(TrainingJobName=job)
    for channel in facts["InputDataConfig"]:
        prefix = channel["DataSource"]["S3DataSource"]["S3Uri"].partition(f"{BUCKET}/")[2]
        assert s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix)["KeyCount"] >= 1
    (transform,) = command("transform", "--input-filter", "$[:-1]", "--environment", "A=b")
    model = sagemaker.describe_model(ModelName=transform)
    artifact = facts["ModelArtifacts"]["S3ModelArtifacts"]
    assert model["PrimaryContainer"]["ModelDataUrl"] == artifact
    assert model["PrimaryContainer"]["Environment"] == {"A": "b"}
    made = sagemaker.describe_transform_job(TransformJobName=transform)
    assert made["TransformInput"]["SplitType"] == "Line"
    assert made["DataProcessing"]["InputFilter"] == "$[:-1]"
    key = artifact.partition(f"{BUCKET}/")[2]
    s3.put_object(Bucket=BUCKET, Key=key, Body=packed({"metrics.json": b"{}"}))
    s3.put_object(
        Bucket=BUCKET, Key=key.replace("model.tar", "output.tar"), Body=packed({"report.html": b"<h1>"})
    )
    output = made["TransformOutput"]["S3OutputPath"].partition(f"{BUCKET}/")[2]
    s3.put_object(Bucket=BUCKET, Key=f"{output}/request.csv.out", Body=b"1\n")
    files = command("fetch", "--to", str(tmp_path / "here"))
    assert {str(Path(file).relative_to(tmp_path / "here")) for file in files} == {
        "model/metrics.json",
        "output/report.html",
        f"transforms/{transform}/request.csv.out",
    }
    assert all(Path(file).read_bytes() for file in files)


def test_a_dry_transform_prints_both_calls(command: Callable[..., Any]) -> None:
    train(command)
    plan = command("transform", "--dry-run", "--join", "Input", "--max-concurrent", "2", "--split", "None")
    model, job = call(plan, "create_model"), call(plan, "create_transform_job")
    assert model["ModelName"] == job["ModelName"] == job["TransformJobName"]
    assert job["TransformInput"]["SplitType"] == job["TransformOutput"]["AssembleWith"] == "None"
    assert job["MaxConcurrentTransforms"] == 2
    assert job["DataProcessing"] == {"JoinSource": "Input"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["transform"], "train first"),
        (["train", "--role", ROLE, "--metric", "nonsense~"], "declares no metric nonsense~"),
        (["train", "--role", ROLE, "--set", "k"], "--set: expected key=value, got k"),
        (["train", "--role", ROLE, "--data", "no/such/folder"], "no/such/folder does not exist"),
        (["train", "--role", ROLE, "--subnet", "s"], "go together"),
        (["fetch", "--training-job", "x"], "no training job x is in the job file"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(
    command: Callable[..., Any], given: list[str], message: str
) -> None:
    with pytest.raises(Exception, match=re.escape(message)) as caught:
        command(*given)
    assert type(caught.value).__name__ == "AwsError"
    assert "\n" not in str(caught.value)


def test_a_job_file_of_another_image_is_not_written_over(command: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "jobs.json").write_text('{"image": "other", "region": "eu-west-1"}')
    with pytest.raises(Exception, match=r"is of other in eu-west-1, not of"):
        train(command)


def test_an_archive_that_points_outside_is_refused(
    command: Callable[..., Any], session: Any, tmp_path: Path
) -> None:
    (job,) = train(command)
    facts = session.client("sagemaker").describe_training_job(TrainingJobName=job)
    key = facts["ModelArtifacts"]["S3ModelArtifacts"].partition(f"{BUCKET}/")[2]
    session.client("s3").put_object(Bucket=BUCKET, Key=key, Body=packed({"../outside": b"x"}))
    with pytest.raises(tarfile.OutsideDestinationError):
        command("fetch", "--to", str(tmp_path / "here"))
    assert not (tmp_path / "outside").exists()


def packed(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
