"""The commands against SageMaker as moto plays it: what is sent, what is kept, what comes back."""

import json
import re
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness.archives import packed
from harness.moto_aws import BUCKET, IMAGE, ROLE, answer, fail, refuse
from harness.places import REPOSITORY
from slipway.describe import metric_regex
from tools import aws_shapes
from tools.cli import main, ranges

Slipway = Callable[..., str]
REQUEST = IMAGE.folder / "sample/request.csv"


def train(slipway: Slipway, *more: str) -> str:
    return slipway("train", "--role", ROLE, *more).strip()


def planned(printed: str) -> dict[str, Any]:
    """A dry run's requests by operation, each of which AWS's own model takes in full."""
    found = {}
    for one in json.loads(printed)["requests"]:
        if one["service"] == "sagemaker":
            assert not aws_shapes.problems(one["operation"], one["parameters"])
        found[one["operation"]] = one["parameters"]
    return found


@pytest.mark.contract("A3.1", "A9.1", "C3.5")
def test_a_dry_run_prints_what_the_api_would_get_and_sends_nothing(
    slipway: Slipway, session: Any, tmp_path: Path
) -> None:
    given = ["--dry-run", "--spot", "--set", "seed=7", "--tag", "team=a", "--max-run-s", "600"]
    sent = planned(train(slipway, *given))["CreateTrainingJob"]
    assert sent["AlgorithmSpecification"]["TrainingImage"] == (
        f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/slipway/{IMAGE.name}:{IMAGE.version}"
    )
    assert sent["RoleArn"] == ROLE
    assert sent["HyperParameters"]["seed"] == "7"
    assert all(isinstance(value, str) for value in sent["HyperParameters"].values())
    assert sent["ResourceConfig"]["InstanceType"] == IMAGE.instances.training[0]
    assert sent["StoppingCondition"] == {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 1200}
    assert sent["EnableManagedSpotTraining"] is True
    assert sent["CheckpointConfig"]["S3Uri"].endswith("/checkpoints")
    assert sent["EnableNetworkIsolation"] is True
    assert {"Key": "team", "Value": "a"} in sent["Tags"]
    assert not (tmp_path / "jobs.json").exists()
    assert session.client("s3").list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0
    assert session.client("sagemaker").list_training_jobs()["TrainingJobSummaries"] == []


@pytest.mark.contract("C3.5")
def test_what_a_dry_run_prints_is_what_is_sent(slipway: Slipway, session: Any) -> None:
    given = ["--name", "the-same", "--set", "seed=7", "--spot"]
    dry = planned(train(slipway, "--dry-run", *given))["CreateTrainingJob"]
    sent: list[Any] = []
    session.events.register(
        "provide-client-params.sagemaker.CreateTrainingJob", lambda params, **_: sent.append(dict(params))
    )
    train(slipway, *given)
    assert sent == [dry]


@pytest.mark.parametrize(
    "command",
    [
        ["train", "--role", "R"],
        ["tune", "--role", "R"],
        ["transform", "--role", "R", "--model-data", "s3://b/model.tar.gz"],
        ["deploy", "--role", "R", "--model-data", "s3://b/model.tar.gz", "--serverless"],
        ["deploy", "--role", "R", "--multi-model"],
        ["invoke", str(REQUEST), "--endpoint", "e"],
        ["invoke", str(REQUEST), "--endpoint", "e", "--async"],
    ],
    ids=" ".join,
)
@pytest.mark.contract("C3.5")
def test_a_dry_run_needs_no_account(command: list[str], tmp_path: Path) -> None:
    """As a process of its own, without credentials, a region but that of the option, or a network."""
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"}
    environ["PYTHONPATH"] = f"{REPOSITORY}:{REPOSITORY / 'shared'}"
    given = [command[0], IMAGE.name, *command[1:], "--dry-run", "--region", "eu-west-1"]
    given += ["--job-file", str(tmp_path / "jobs.json")]
    done = subprocess.run(
        [sys.executable, "-m", "tools.cli", *given], env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert planned(done.stdout)
    said = [line for line in done.stderr.splitlines() if not line.startswith("about ")]
    assert len(said) <= 1


@pytest.mark.contract("C3.5")
def test_every_setting_is_an_option(slipway: Slipway, tmp_path: Path) -> None:
    (tmp_path / "hp.json").write_text('{"seed": 3, "list": [1, 2]}')
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    sent = planned(
        train(
            slipway,
            *("--dry-run", "--name", "mine", "--bucket", "other", "--prefix", "x/y", "--region", "us-east-1"),
            *(
                "--account",
                "111122223333",
                "--data",
                str(tmp_path / "rows.csv"),
                "--content-type",
                "text/csv",
            ),
            *("--hyperparameters", str(tmp_path / "hp.json"), "--instance-type", "ml.c5.xlarge"),
            *("--instance-count", "2", "--volume-gb", "50", "--no-isolation", "--kms-key", "k"),
            *("--subnet", "subnet-1", "--security-group", "sg-1", "--environment", "A=b=c"),
        )
    )["CreateTrainingJob"]
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
    assert channel["ContentType"] == "text/csv"
    uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
    assert uri == f"s3://other/x/y/mine/input/{channel['ChannelName']}/"


@pytest.mark.contract("C3.5")
def test_data_that_is_in_s3_stays_where_it_is(slipway: Slipway) -> None:
    printed = train(slipway, "--dry-run", "--data", "s3://mine/penguins/")
    (channel,) = planned(printed)["CreateTrainingJob"]["InputDataConfig"]
    assert channel["DataSource"]["S3DataSource"]["S3Uri"] == "s3://mine/penguins/"
    assert json.loads(printed)["uploads"] == []
    first = next(name for name, facts in IMAGE.channels.items() if facts.required)
    assert channel["ChannelName"] == first
    printed = train(slipway, "--dry-run", "--channel", f"{first}=s3://mine/other/")
    (channel,) = planned(printed)["CreateTrainingJob"]["InputDataConfig"]
    assert channel["DataSource"]["S3DataSource"]["S3Uri"] == "s3://mine/other/"


@pytest.mark.contract("A8.1", "C3.5")
def test_metric_definitions_find_what_a_job_prints(slipway: Slipway) -> None:
    sent = planned(train(slipway, "--dry-run"))["CreateTrainingJob"]
    definitions = sent["AlgorithmSpecification"]["MetricDefinitions"]
    assert 0 < len(definitions) <= 40
    for one in definitions:
        found = re.search(one["Regex"], f"metric {one['Name']}=-0.5;")
        assert found
        assert found[1] == "-0.5"
        assert "*" not in one["Name"]


def test_the_job_file_carries_names_from_training_to_transform_to_results(
    slipway: Slipway, session: Any, tmp_path: Path
) -> None:
    job = train(slipway)
    s3, sagemaker = session.client("s3"), session.client("sagemaker")
    facts = sagemaker.describe_training_job(TrainingJobName=job)
    for channel in facts["InputDataConfig"]:
        prefix = channel["DataSource"]["S3DataSource"]["S3Uri"].partition(f"{BUCKET}/")[2]
        assert s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix)["KeyCount"] >= 1
    transform = slipway("transform", "--input-filter", "$[:-1]", "--environment", "A=b").strip()
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
    files = slipway("fetch", "--to", str(tmp_path / "here")).split()
    assert {str(Path(file).relative_to(tmp_path / "here")) for file in files} == {
        "model/metrics.json",
        "output/report.html",
        f"transforms/{transform}/request.csv.out",
    }
    assert all(Path(file).read_bytes() for file in files)
    dry = json.loads(slipway("fetch", "--dry-run"))["downloads"]
    assert {one["from"] for one in dry} >= {artifact, f"s3://{BUCKET}/{output}/"}


@pytest.mark.contract("C3.5")
def test_a_dry_transform_prints_both_calls(slipway: Slipway) -> None:
    train(slipway)
    given = ["--dry-run", "--join", "Input", "--max-concurrent", "2", "--split", "None"]
    sent = planned(slipway("transform", *given))
    model, job = sent["CreateModel"], sent["CreateTransformJob"]
    assert model["ModelName"] == job["ModelName"] == job["TransformJobName"]
    assert job["TransformInput"]["SplitType"] == job["TransformOutput"]["AssembleWith"] == "None"
    assert job["MaxConcurrentTransforms"] == 2
    assert job["DataProcessing"] == {"JoinSource": "Input"}


@pytest.mark.contract("A8.4", "C3.5")
def test_a_tuning_job_searches_what_is_tunable_for_the_first_metric(slipway: Slipway) -> None:
    sent = planned(slipway("tune", "--role", ROLE, "--dry-run", "--max-jobs", "9", "--parallel", "3"))
    job = sent["CreateHyperParameterTuningJob"]
    assert len(job["HyperParameterTuningJobName"]) <= 32
    config, definition = job["HyperParameterTuningJobConfig"], job["TrainingJobDefinition"]
    name, facts = next((name, facts) for name, facts in IMAGE.metrics.items() if "*" not in name)
    assert config["HyperParameterTuningJobObjective"] == {"Type": facts.direction, "MetricName": name}
    assert {"Name": name, "Regex": metric_regex(name)} in definition["AlgorithmSpecification"][
        "MetricDefinitions"
    ]
    assert config["ResourceLimits"] == {"MaxNumberOfTrainingJobs": 9, "MaxParallelTrainingJobs": 3}
    searched = {one["Name"] for kind in config["ParameterRanges"].values() for one in kind}
    assert searched
    assert not searched & definition["StaticHyperParameters"].keys()


SCHEMA: Mapping[str, Any] = {
    "name": "it",
    "metrics": {"lift@*": {"direction": "Maximize"}, "rmse": {"direction": "Minimize"}},
    "hyperparameters": [
        {
            "name": "k",
            "aliases": ["n_clusters"],
            "tunable": True,
            "values": {"anyOf": [{"type": "integer", "minimum": 2, "maximum": 9}, {"const": "auto"}]},
        },
        {
            "name": "rate",
            "aliases": [],
            "tunable": True,
            "values": {"type": "number", "minimum": 0.1, "maximum": 1},
        },
        {"name": "init", "aliases": [], "tunable": True, "values": {"enum": ["random", "k-means++"]}},
        {"name": "scaled", "aliases": [], "tunable": True, "values": {"type": "boolean"}},
        {"name": "target", "aliases": [], "tunable": False, "values": {"type": "string"}},
    ],
}


def test_ranges_come_from_the_schema() -> None:
    assert ranges.chosen(SCHEMA, [], []) == {
        "IntegerParameterRanges": [{"Name": "k", "MinValue": "2", "MaxValue": "9", "ScalingType": "Auto"}],
        "ContinuousParameterRanges": [
            {"Name": "rate", "MinValue": "0.1", "MaxValue": "1", "ScalingType": "Auto"}
        ],
        "CategoricalParameterRanges": [
            {"Name": "init", "Values": ["random", "k-means++"]},
            {"Name": "scaled", "Values": ["true", "false"]},
        ],
    }
    held = ranges.chosen(SCHEMA, [], ["n_clusters", "init"])
    assert {one["Name"] for kind in held.values() for one in kind} == {"rate", "scaled"}
    assert ranges.chosen(SCHEMA, ["n_clusters=3:5", "rate", "target=a,b"], []) == {
        "IntegerParameterRanges": [{"Name": "k", "MinValue": "3", "MaxValue": "5", "ScalingType": "Auto"}],
        "ContinuousParameterRanges": [
            {"Name": "rate", "MinValue": "0.1", "MaxValue": "1", "ScalingType": "Auto"}
        ],
        "CategoricalParameterRanges": [{"Name": "target", "Values": ["a", "b"]}],
    }
    assert ranges.objective(SCHEMA, "") == {"Type": "Minimize", "MetricName": "rmse"}


def test_where_nothing_is_left_to_tune_it_is_told() -> None:
    with pytest.raises(main.CommandError, match="as k, rate, init, scaled is set; name with --range"):
        ranges.chosen(SCHEMA, [], ["k", "rate", "init", "scaled"])


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("x", "it has no hyperparameter x; tunable: k, rate, init, scaled"),
        ("target", "target has no range of its own"),
        ("k=9:2", "k: 9 is more than 2"),
        ("k=a:b", "k: expected low:high, got a:b"),
    ],
)
def test_a_range_that_is_none_is_told(wanted: str, message: str) -> None:
    with pytest.raises(Exception, match=re.escape(message)):
        ranges.chosen(SCHEMA, [wanted], [])


@pytest.mark.contract("C3.5")
def test_the_best_of_a_tuning_job_is_what_comes_next(
    slipway: Slipway, session: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = slipway("tune", "--role", ROLE, "--no-wait").strip()
    best = {
        "TrainingJobName": f"{job}-007",
        "TunedHyperParameters": {"k": "4"},
        "FinalHyperParameterTuningJobObjectiveMetric": {"MetricName": "score", "Value": 0.5},
    }
    done = {
        "HyperParameterTuningJobStatus": "Completed",
        "TrainingJobStatusCounters": {"Completed": 8, "NonRetryableError": 1},
        "BestTrainingJob": best,
    }
    answer(
        session,
        "DescribeHyperParameterTuningJob",
        {**done, "HyperParameterTuningJobStatus": "InProgress"},
        done,
    )
    slipway("status", "--wait")
    sent = planned(slipway("deploy", "--dry-run"))["CreateModel"]
    assert sent["PrimaryContainer"]["ModelDataUrl"] == f"s3://{BUCKET}/slipway/{job}-007/output/model.tar.gz"


def test_the_log_is_told_while_a_job_runs_and_its_metrics_at_the_end(
    slipway: Slipway, session: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    job = train(slipway, "--no-wait")
    capsys.readouterr()
    logs = session.client("logs")
    group = {"logGroupName": "/aws/sagemaker/TrainingJobs"}
    logs.create_log_group(**group)

    def write(host: str, *lines: tuple[int, str]) -> None:
        stream = {**group, "logStreamName": f"{host}/algo-1-1"}
        logs.create_log_stream(**stream)
        logs.put_log_events(
            **stream, logEvents=[{"timestamp": when, "message": line} for when, line in lines]
        )

    asked: list[Any] = []
    session.events.register("provide-client-params.cloudwatch-logs", lambda params, **_: asked.append(params))
    stages = [
        lambda: {"TrainingJobStatus": "InProgress", "SecondaryStatus": "Starting"},
        lambda: (
            write(job, (NOW, "k=3 chosen"))
            or {"TrainingJobStatus": "InProgress", "SecondaryStatus": "Training"}
        ),
        lambda: (
            write(f"{job}/2", (NOW - 5, "from another host"), (NOW + 1, "metric msd=1.5;"))
            or {
                "TrainingJobStatus": "Completed",
                "SecondaryStatus": "Completed",
                "FinalMetricDataList": [{"MetricName": "msd", "Value": 1.5}],
            }
        ),
    ]
    answer(session, "DescribeTrainingJob", *stages)
    slipway_stderr = run_and_hear(slipway, capsys, "status", "--wait", "--name", job)
    assert slipway_stderr == [
        f"{job}: Starting",
        f"{job}: Training",
        "k=3 chosen",
        f"{job}: Completed",
        "from another host",
        "metric msd=1.5;",
        "msd=1.5",
    ]
    looked = [params["logStreamNamePrefix"] for params in asked if "logStreamNamePrefix" in params]
    assert set(looked) == {f"{job}/"}, "of no other job; moto itself does not look at it"


@pytest.mark.contract("A1.5")
def test_a_job_that_failed_is_told_with_its_reason(slipway: Slipway, session: Any) -> None:
    """What the container wrote to output/failure is the reason."""
    train(slipway, "--no-wait")
    failed = {
        "TrainingJobStatus": "Failed",
        "SecondaryStatus": "Failed",
        "FailureReason": "k is 50,\nbut 12 rows",
    }
    answer(session, "DescribeTrainingJob", failed)
    with pytest.raises(main.CommandError, match="is Failed: k is 50, but 12 rows"):
        slipway("status", "--wait")
    with pytest.raises(main.CommandError, match="is Failed: k is 50"):
        slipway("deploy")


@pytest.mark.parametrize("kind", ["real-time", "serverless", "async", "multi-model"])
@pytest.mark.contract("B5.1")
def test_an_endpoint_is_made_asked_and_deleted(
    slipway: Slipway, session: Any, kind: str, tmp_path: Path
) -> None:
    sagemaker, s3 = session.client("sagemaker"), session.client("s3")
    job = train(slipway)
    models: list[Any] = []  # moto forgets the isolation of a model
    session.events.register(
        "provide-client-params.sagemaker.CreateModel", lambda params, **_: models.append(params)
    )
    name = slipway("deploy", *([] if kind == "real-time" else [f"--{kind}"])).strip()
    facts = sagemaker.describe_endpoint(EndpointName=name)
    config = sagemaker.describe_endpoint_config(EndpointConfigName=facts["EndpointConfigName"])
    (variant,) = config["ProductionVariants"]
    model = sagemaker.describe_model(ModelName=variant["ModelName"])
    if kind == "serverless":
        assert variant["ServerlessConfig"] == {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
        assert models[0]["EnableNetworkIsolation"] is False, "serverless endpoints know no isolation"
    else:
        assert variant["InstanceType"] == IMAGE.instances.hosting[0]
        assert models[0]["EnableNetworkIsolation"] is True
    container = model["PrimaryContainer"]
    if kind == "multi-model":
        assert (container["Mode"], container["ModelDataUrl"]) == ("MultiModel", f"s3://{BUCKET}/slipway/")
    else:
        assert container["ModelDataUrl"].endswith(f"{job}/output/model.tar.gz")
    sent: list[Any] = []
    session.events.register(
        "provide-client-params.sagemaker-runtime", lambda params, **_: sent.append(params)
    )
    if kind == "async":
        slipway("invoke", str(REQUEST), "--no-wait")
        bucket, _, key = sent[0]["InputLocation"].removeprefix("s3://").partition("/")
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == REQUEST.read_bytes()
    else:
        slipway("invoke", str(REQUEST), "--accept", "application/json", "--to", str(tmp_path / "answer"))
        assert (tmp_path / "answer").read_bytes() == b"body"  # what moto answers
        assert sent[0]["Body"] == REQUEST.read_bytes()
        assert sent[0]["Accept"] == "application/json"
    assert sent[0]["ContentType"] == "text/csv"
    assert sent[0].get("TargetModel") == (f"{job}/output/model.tar.gz" if kind == "multi-model" else None)
    gone = slipway("delete", "--yes").split()
    assert gone == [name, facts["EndpointConfigName"], variant["ModelName"]]
    for left in ("list_endpoints", "list_endpoint_configs", "list_models"):
        assert not next(value for value in getattr(sagemaker, left)().values() if isinstance(value, list)), (
            left
        )


def test_an_asynchronous_answer_is_waited_for(slipway: Slipway, session: Any, tmp_path: Path) -> None:
    train(slipway)
    slipway("deploy", "--async")
    s3 = session.client("s3")
    s3.put_object(Bucket=BUCKET, Key="answers/1.out", Body=b"1,2\n")
    s3.put_object(Bucket=BUCKET, Key="failures/1.out", Body=b"row 1:\nno number")
    places = {
        "OutputLocation": f"s3://{BUCKET}/answers/1.out",
        "FailureLocation": f"s3://{BUCKET}/failures/1.out",
    }
    answer(session, "InvokeEndpointAsync", places, service="sagemaker-runtime")
    slipway("invoke", str(REQUEST), "--to", str(tmp_path / "answer"))
    assert (tmp_path / "answer").read_bytes() == b"1,2\n"
    s3.delete_object(Bucket=BUCKET, Key="answers/1.out")
    with pytest.raises(main.CommandError, match="the model refused it: row 1: no number"):
        slipway("invoke", str(REQUEST), "--timeout-s", "1")


@pytest.mark.contract("C3.5")
def test_an_update_serves_another_model_under_the_same_name(slipway: Slipway, session: Any) -> None:
    train(slipway)
    name = slipway("deploy", "--name", "penguins").strip()
    sent = planned(slipway("deploy", "--name", name, "--update", "--dry-run"))
    assert sent["UpdateEndpoint"]["EndpointName"] == name
    assert (
        sent["UpdateEndpoint"]["EndpointConfigName"]
        == sent["CreateEndpointConfig"]["EndpointConfigName"]
        != name
    )
    assert "CreateEndpoint" not in sent


def test_what_was_not_made_here_is_not_deleted(slipway: Slipway, session: Any, tmp_path: Path) -> None:
    sagemaker = session.client("sagemaker")
    sagemaker.create_model(ModelName="theirs", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "i"})
    variant = {
        "VariantName": "v",
        "ModelName": "theirs",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    sagemaker.create_endpoint_config(EndpointConfigName="theirs", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="theirs", EndpointConfigName="theirs")
    with pytest.raises(main.CommandError, match="it was not made here"):
        slipway("delete", "--endpoint", "theirs", "--yes")
    assert sagemaker.describe_endpoint(EndpointName="theirs")
    # Ours, over a configuration and a model of theirs: these stay.
    tags = [{"Key": "slipway:image", "Value": IMAGE.name}]
    sagemaker.create_endpoint(EndpointName="ours", EndpointConfigName="theirs", Tags=tags)
    assert slipway("delete", "--endpoint", "ours", "--yes").split() == ["ours"]
    assert sagemaker.describe_endpoint_config(EndpointConfigName="theirs")
    assert sagemaker.describe_model(ModelName="theirs")


@pytest.mark.contract("C3.5")
def test_deleting_asks_first(slipway: Slipway, session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    train(slipway)
    name = slipway("deploy").strip()
    asked: list[str] = []
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or "n")
    with pytest.raises(main.CommandError, match="nothing was deleted"):
        slipway("delete")
    assert name in asked[0]
    assert session.client("sagemaker").describe_endpoint(EndpointName=name)
    assert [*planned(slipway("delete", "--dry-run"))] == [
        "DeleteEndpoint",
        "DeleteEndpointConfig",
        "DeleteModel",
    ]
    monkeypatch.setattr("builtins.input", lambda question: "y")
    slipway("delete")
    with pytest.raises(main.CommandError, match="deploy first"):
        slipway("invoke", str(REQUEST))


def test_all_that_was_made_can_be_deleted_at_once(slipway: Slipway, session: Any) -> None:
    train(slipway)
    slipway("deploy")
    slipway("deploy")
    slipway("transform")
    slipway("delete", "--all", "--yes")
    sagemaker = session.client("sagemaker")
    assert sagemaker.list_endpoints()["Endpoints"] == []
    assert sagemaker.list_models()["Models"] == []


def test_what_was_made_is_taken_back_where_the_rest_fails(slipway: Slipway, session: Any) -> None:
    train(slipway)
    refuse(session, "CreateEndpoint", "ResourceLimitExceeded", "The account-level limit is 0.")
    with pytest.raises(ClientError):
        slipway("deploy")
    sagemaker = session.client("sagemaker")
    assert sagemaker.list_models()["Models"] == []
    assert sagemaker.list_endpoint_configs()["EndpointConfigs"] == []


def test_everything_made_carries_the_tag(slipway: Slipway, session: Any) -> None:
    job = train(slipway, "--tag", "team=a")
    name = slipway("deploy", "--tag", "team=a").strip()
    sagemaker = session.client("sagemaker")
    endpoint = sagemaker.describe_endpoint(EndpointName=name)
    arns = [
        sagemaker.describe_training_job(TrainingJobName=job)["TrainingJobArn"],
        endpoint["EndpointArn"],
        sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])[
            "EndpointConfigArn"
        ],
        sagemaker.describe_model(ModelName=name)["ModelArn"],
    ]
    for arn in arns:
        tags = {one["Key"]: one["Value"] for one in sagemaker.list_tags(ResourceArn=arn)["Tags"]}
        assert tags == {"slipway:image": IMAGE.name, "team": "a"}


@pytest.mark.contract("C3.5")
def test_the_status_of_all_is_a_line_each(slipway: Slipway) -> None:
    job = train(slipway)
    name = slipway("deploy").strip()
    lines = slipway("status").splitlines()
    assert [line.split()[:2] for line in lines] == [["training", job], ["endpoint", name]]
    assert "Completed" in lines[0]
    assert "InService" in lines[1]
    assert set(planned(slipway("status", "--dry-run"))) == {"DescribeTrainingJob", "DescribeEndpoint"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["transform"], "train first"),
        (["train"], "--role is missing"),
        (["train", "--role", ROLE, "--metric", "nonsense~"], "declares no metric nonsense~"),
        (["train", "--role", ROLE, "--set", "k"], "--set: expected key=value, got k"),
        (["train", "--role", ROLE, "--data", "no/such/folder"], "no/such/folder does not exist"),
        (["train", "--role", ROLE, "--channel", "x~=s3://b"], "has no channel x~"),
        (["train", "--role", ROLE, "--subnet", "s"], "go together"),
        (["train", "--role", ROLE, "--name", "a" * 64, "--dry-run"], "TrainingJobName: expected at most 63"),
        (
            ["train", "--role", ROLE, "--instance-type", "ml.none", "--dry-run"],
            "InstanceType: expected one of",
        ),
        (["fetch", "--training-job", "x"], "no training job x is in the job file"),
        (["invoke", "none.csv", "--endpoint", "e"], "none.csv is no file"),
        (["invoke", "s3://b/rows.csv", "--endpoint", "e"], "only an asynchronous endpoint reads from S3"),
        (["invoke", str(IMAGE.folder / "image.toml"), "--endpoint", "e"], "--content-type is needed"),
        (["delete"], "deploy first"),
        (["status"], "the job file knows no job"),
        (
            ["deploy", "--model-data", "s3://b/m", "--serverless", "--memory-mb", "1000"],
            "in steps of 1024, got 1000",
        ),
        (["deploy", "--model-data", "s3://b/m", "--serverless", "--memory-mb", "7168"], "1024 to 6144"),
        (["deploy", "--model-data", "s3://b/m", "--serverless", "--concurrency", "201"], "1 to 200, got 201"),
        (
            ["deploy", "--model-data", "s3://b/m", "--serverless", "--instance-type", "ml.m5.large"],
            "has none",
        ),
        (["deploy", "--model-data", "s3://b/m", "--memory-mb", "2048"], "--memory-mb is for --serverless"),
        (["deploy", "--model-data", "s3://b/m", "--models", "s3://b/"], "--models is for --multi-model"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(slipway: Slipway, given: list[str], message: str) -> None:
    with pytest.raises(main.CommandError, match=re.escape(message)) as caught:
        slipway(*given)
    assert "\n" not in str(caught.value)


def test_an_unknown_image_is_told_with_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main.parse(["train", f"{IMAGE.name}x"])
    (line,) = capsys.readouterr().err.splitlines()
    assert f"did you mean {IMAGE.name}?" in line


def test_an_image_that_was_not_pushed_is_told_before_anything_is_uploaded(
    slipway: Slipway, session: Any
) -> None:
    session.client("ecr").batch_delete_image(
        repositoryName=f"slipway/{IMAGE.name}", imageIds=[{"imageTag": IMAGE.version}]
    )
    with pytest.raises(main.CommandError, match=f"is not in ECR: push it with `make push IMG={IMAGE.name}`"):
        train(slipway)
    assert session.client("s3").list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0


def test_a_bucket_that_is_not_there_is_told(slipway: Slipway) -> None:
    with pytest.raises(
        main.CommandError, match=r"the bucket none does not exist: make it \(`aws s3 mb s3://none`\)"
    ):
        train(slipway, "--bucket", "none")


@pytest.mark.parametrize(
    ("code", "message", "told"),
    [
        (
            "AccessDeniedException",
            "User: u is not authorized to perform: iam:PassRole on resource: r",
            "not allowed: iam:PassRole. policies/user.json allows",
        ),
        (
            "AccessDeniedException",
            "no",
            "not allowed: sagemaker:CreateTrainingJob. policies/user.json allows",
        ),
        ("ResourceLimitExceeded", "The limit is 0.", "The limit is 0. Ask for more in Service Quotas"),
        ("ResourceInUse", "Job already exists.", "Job already exists. Choose another --name"),
        ("ExpiredTokenException", "expired", "log in (`aws configure`"),
    ],
)
def test_what_aws_refuses_is_told_with_the_way_out(
    session: Any, tmp_path: Path, monkeypatch: Any, capsys: Any, code: str, message: str, told: str
) -> None:
    refuse(session, "CreateTrainingJob", code, message)
    monkeypatch.setattr("boto3.Session", lambda **_: session)
    given = ["train", IMAGE.name, "--role", ROLE, "--job-file", str(tmp_path / "jobs.json")]
    monkeypatch.setattr(sys, "argv", ["slipway", *given])
    assert main.main() == 1
    *_, line = capsys.readouterr().err.splitlines()
    assert told in line


def test_what_the_model_answers_reaches_the_caller(
    slipway: Slipway, session: Any, monkeypatch: Any, capsys: Any, tmp_path: Path
) -> None:
    refused = {
        "Error": {"Code": "ModelError", "Message": "Received client error (400)"},
        "OriginalStatusCode": 400,
        "OriginalMessage": "row 1: expected a number",
    }
    fail(session, "sagemaker-runtime", "InvokeEndpoint", refused)
    monkeypatch.setattr("boto3.Session", lambda **_: session)
    given = ["invoke", IMAGE.name, str(REQUEST), "--endpoint", "e", "--job-file", str(tmp_path / "jobs.json")]
    monkeypatch.setattr(sys, "argv", ["slipway", *given])
    assert main.main() == 1
    assert "the model answered 400: row 1: expected a number" in capsys.readouterr().err


def test_no_credentials_are_told_in_one_line(monkeypatch: Any, capsys: Any, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    given = ["train", IMAGE.name, "--role", ROLE, "--region", "eu-west-1", "--job-file", str(tmp_path / "j")]
    monkeypatch.setattr(sys, "argv", ["slipway", *given])
    assert main.main() == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "no AWS credentials: log in" in line


def test_a_job_file_of_another_image_is_not_written_over(slipway: Slipway, tmp_path: Path) -> None:
    (tmp_path / "jobs.json").write_text('{"image": "other", "region": "eu-west-1"}')
    with pytest.raises(Exception, match=r"is of other in eu-west-1, not of"):
        train(slipway)


def test_an_archive_that_points_outside_is_refused(slipway: Slipway, session: Any, tmp_path: Path) -> None:
    job = train(slipway)
    facts = session.client("sagemaker").describe_training_job(TrainingJobName=job)
    key = facts["ModelArtifacts"]["S3ModelArtifacts"].partition(f"{BUCKET}/")[2]
    session.client("s3").put_object(Bucket=BUCKET, Key=key, Body=packed({"../outside": b"x"}))
    with pytest.raises(tarfile.OutsideDestinationError):
        slipway("fetch", "--to", str(tmp_path / "here"))
    assert not (tmp_path / "outside").exists()


def test_the_command_runs_from_any_folder(tmp_path: Path) -> None:
    done = subprocess.run(
        [str(REPOSITORY / "slipway"), "--help"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in [*main.COMMANDS, "conformance"])


NOW = int(time.time() * 1000)  # CloudWatch takes no line of another fortnight


def run_and_hear(slipway: Slipway, capsys: pytest.CaptureFixture[str], *given: str) -> list[str]:
    """What a command says on standard error."""
    heard: list[str] = []
    original = main.Context.say
    try:
        main.Context.say = lambda self, text: heard.append(text)  # type: ignore[method-assign]
        slipway(*given)
    finally:
        main.Context.say = original  # type: ignore[method-assign]
    return heard
