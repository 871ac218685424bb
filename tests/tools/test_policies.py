"""The policies of policies/: enough for every command, and no more than is said."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import UnknownServiceError

from harness.access import Need, Policy, Recorder
from harness.archives import packed
from harness.moto_aws import BUCKET, IMAGE, REGION, ROLE
from harness.places import REPOSITORY
from tools.cli import main, policy

FILES = sorted((REPOSITORY / "policies").glob("*.json"))
VALUES = {
    "<partition>": "aws",
    "<region>": REGION,
    "<account>": "123456789012",
    "<bucket>": BUCKET,
    "<prefix>": "slipway",
    "<role>": "SlipwayExecution",
}
# What IAM has a permission for, and no API an operation of that name.
NO_OPERATIONS = {"iam:PassRole", "s3:ListBucket"}


def read(name: str) -> Policy:
    return Policy(policy.filled((REPOSITORY / f"policies/{name}.json").read_text(), VALUES))


def denied(given: Policy, needs: list[Need]) -> list[str]:
    return sorted({f"{one.action} on {one.resource}" for one in needs if not given.allows(one)})


def test_every_command_is_allowed_what_it_calls_and_every_permission_is_used(
    slipway: Callable[..., str], session: Any, tmp_path: Path
) -> None:
    recorder = Recorder(session)
    request = str(IMAGE.folder / "sample/request.csv")
    job = slipway("train", "--role", ROLE).strip()
    slipway("transform")
    slipway("transform", "--data", "s3://elsewhere/rows/")
    for kind in ([], ["--serverless"], ["--multi-model"], ["--async"]):
        name = slipway("deploy", *kind).strip()
        slipway("invoke", request, "--no-wait", "--to", str(tmp_path / "answer"))
    slipway("tune", "--role", ROLE, "--no-wait")
    slipway("status")
    s3 = session.client("s3")
    for file in ("model.tar.gz", "output.tar.gz"):
        s3.put_object(Bucket=BUCKET, Key=f"slipway/{job}/output/{file}", Body=packed({}))
    slipway("register", "--training-job", job)
    slipway("fetch", "--training-job", job, "--to", str(tmp_path / "here"))
    slipway("delete", "--all", "--yes")
    user = read("user")
    # moto knows no UpdateEndpoint; PutObject above stands for SageMaker's own.
    updated = {"EndpointName": name, "EndpointConfigName": name}
    recorder.needs += recorder._needs("sagemaker", "UpdateEndpoint", updated)
    assert not denied(user, recorder.needs)
    unused = set(user.actions()) - {one.action for one in recorder.needs}
    assert unused == {"s3:AbortMultipartUpload"}, "called only where an upload breaks off"


def test_pushing_is_allowed_what_it_calls(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from tools.push import ecr

    monkeypatch.setattr(ecr, "docker", lambda *_, **__: "")
    recorder = Recorder(session)
    registry = ecr.Ecr(session.client("ecr"))
    with registry.opened() as (host, config):
        registry.prepare("slipway/other")
        registry.holds("slipway/other", "0.0.1", host, config)
    push = read("push")
    assert not denied(push, recorder.needs)
    # What `docker push` calls by itself, as AWS's guide to ECR lists it.
    docker = {"BatchCheckLayerAvailability", "InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload"}
    docker |= {"PutImage", "GetDownloadUrlForLayer"}
    assert set(push.actions()) == {one.action for one in recorder.needs} | {f"ecr:{name}" for name in docker}


@pytest.mark.parametrize(
    "need",
    [
        Need("sagemaker:DeleteEndpoint", "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/theirs"),
        Need("sagemaker:CreateModel", "arn:aws:sagemaker:eu-west-1:123456789012:model/untagged"),
        Need(
            "sagemaker:CreateTrainingJob",
            "arn:aws:sagemaker:eu-west-1:123456789012:training-job/open",
            {"aws:RequestTag/slipway:image": "i", "sagemaker:NetworkIsolation": "false"},
        ),
        Need("sagemaker:AddTags", "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/theirs"),
        Need(
            "sagemaker:DescribeEndpoint",
            "arn:aws:sagemaker:us-east-1:123456789012:endpoint/of-another-region",
        ),
        Need(
            "iam:PassRole",
            "arn:aws:iam::123456789012:role/Admin",
            {"iam:PassedToService": "sagemaker.amazonaws.com"},
        ),
        Need("iam:PassRole", ROLE, {"iam:PassedToService": "ec2.amazonaws.com"}),
        Need("s3:GetObject", f"arn:aws:s3:::{BUCKET}/private/x"),
        Need("s3:DeleteObject", f"arn:aws:s3:::{BUCKET}/slipway/x"),
        Need("s3:ListBucket", f"arn:aws:s3:::{BUCKET}", {"s3:prefix": ""}),
        Need("ecr:PutImage", "arn:aws:ecr:eu-west-1:123456789012:repository/slipway/kind"),
    ],
    ids=lambda need: f"{need.action} {need.resource.rpartition(':')[2]}",
)
def test_a_user_is_not_allowed_more(need: Need) -> None:
    assert not read("user").allows(need)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_policy_allows_everything(path: Path) -> None:
    """Actions are named one by one; all resources only where IAM knows none for the action."""
    for one in json.loads(path.read_text())["Statement"]:
        actions = one["Action"] if isinstance(one["Action"], list) else [one["Action"]]
        assert not [name for name in actions if "*" in name or "?" in name]
        assert "NotAction" not in one
        assert "NotResource" not in one
        if one.get("Resource") == "*":
            assert set(actions) <= {"ecr:GetAuthorizationToken", "cloudwatch:PutMetricData"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_action_exists(path: Path) -> None:
    core = botocore.session.get_session()
    for name in Policy(path.read_text()).actions():
        service, _, operation = name.partition(":")
        try:
            known = list(core.get_service_model(service).operation_names)
            if service == "sagemaker":
                known += core.get_service_model("sagemaker-runtime").operation_names
        except UnknownServiceError:
            known = []
        assert operation in known or name in NO_OPERATIONS, f"AWS has no {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_policies_are_printed_filled_in(path: Path, session: Any, capsys: pytest.CaptureFixture[str]) -> None:
    main.run(main.parse(["policy", path.stem, "--role", ROLE]), session)
    printed = capsys.readouterr().out
    assert printed == policy.filled(path.read_text(), VALUES)
    assert json.loads(printed)["Version"] == "2012-10-17"
    assert len(printed) < 6144 or path.stem != "user", "a managed policy has at most 6,144 characters"


def test_only_sagemaker_may_take_the_role_and_only_for_this_account() -> None:
    (one,) = json.loads((REPOSITORY / "policies/trust.json").read_text())["Statement"]
    assert one["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    assert one["Condition"]["StringEquals"] == {"aws:SourceAccount": "<account>"}
