"""A notebook run on this machine against an AWS that notes each call and answers what the next step needs."""

import io
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import chdir, redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import botocore.session
from botocore import xform_name

from .. import aws_shapes

_TRANSFERS = {"upload_file", "download_file"}  # boto3's own, not operations of S3


@dataclass(frozen=True)
class Call:
    """One call of an AWS service."""

    service: str
    operation: str
    parameters: Mapping[str, Any]


@dataclass
class Stage:
    """An AWS that is played: one account in one region."""

    region: str
    account: str
    answers: Mapping[tuple[str, str], bytes]
    """What the model answers, by content type and accept."""
    batch: bytes
    """What a batch transform leaves."""
    calls: list[Call] = field(default_factory=list)

    def replies(self) -> dict[str, Any]:
        """What the operations answer that a notebook asks something of."""
        arn = f"arn:aws:sagemaker:{self.region}:{self.account}"
        artifact = {"S3ModelArtifacts": f"s3://sagemaker-{self.region}-{self.account}/model.tar.gz"}
        done = {"TrainingJobStatus": "Completed", "ModelArtifacts": artifact}
        return {
            "GetCallerIdentity": {
                "Account": self.account,
                "Arn": f"arn:aws:sts::{self.account}:assumed-role/Notebook/me",
            },
            "GetRole": {"Role": {"Arn": f"arn:aws:iam::{self.account}:role/Notebook"}},
            "ListAlgorithms": {"AlgorithmSummaryList": [{"AlgorithmArn": f"{arn}:algorithm/it"}]},
            "ListModelPackages": {
                "ModelPackageSummaryList": [{"ModelPackageArn": f"{arn}:model-package/it"}]
            },
            "DescribeTrainingJob": {**done, "FinalMetricDataList": [{"MetricName": "m", "Value": 1.0}]},
            "DescribeHyperParameterTuningJob": {
                "HyperParameterTuningJobStatus": "Completed",
                "BestTrainingJob": {"TrainingJobName": "best", "TunedHyperParameters": {}},
            },
            "CreateModelPackage": {"ModelPackageArn": f"{arn}:model-package/made"},
            "DescribeModelPackage": {"ModelPackageStatus": "Completed"},
            "GetObject": {"Body": io.BytesIO(self.batch)},
        }

    def call(self, service: str, operation: str, parameters: Mapping[str, Any]) -> Any:
        self.calls.append(Call(service, operation, parameters))
        if operation == "InvokeEndpoint":
            wanted = (parameters.get("ContentType", ""), parameters.get("Accept", ""))
            return {"Body": io.BytesIO(self.answers.get(wanted, b""))}
        return self.replies().get(operation, {})


@cache
def _operations(service: str) -> dict[str, str]:
    """Operations by boto3's names."""
    return {xform_name(name): name for name in aws_shapes.model(service).operation_names}


@cache
def _waiters(service: str) -> dict[str, str]:
    """What each waiter asks, by boto3's names."""
    found = botocore.session.get_session().get_waiter_model(service)
    return {xform_name(name): found.get_waiter(name).operation for name in found.waiter_names}


class _Client:
    """A client of one service: it has the operations and waiters that botocore says, and no other."""

    def __init__(self, stage: Stage, service: str) -> None:
        self._stage = stage
        self._service = service
        self._operations = _operations(service)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name in _TRANSFERS and self._service == "s3":
            return self._transfer
        operation = self._operations[name]
        return lambda **parameters: self._stage.call(self._service, operation, parameters)

    def _transfer(self, path: str, bucket: str, key: str) -> None:
        self._stage.call("s3", "PutObject", {"Bucket": bucket, "Key": key, "Body": Path(path).read_bytes()})

    def get_waiter(self, name: str) -> Any:
        operation = _waiters(self._service)[name]
        waiting = mock.Mock()
        waiting.wait = lambda **parameters: self._stage.call(self._service, operation, parameters)
        return waiting


def rehearse(code: str, folder: Path, stage: Stage) -> list[Call]:
    """The calls that a notebook's code makes when it is run in `folder`. Raises what the code raises."""
    boto3 = ModuleType("boto3")
    boto3.Session = lambda: mock.Mock(  # type: ignore[attr-defined]
        region_name=stage.region, client=lambda service: _Client(stage, service)
    )
    with (
        mock.patch.dict(sys.modules, {"boto3": boto3}),
        mock.patch.dict(os.environ),
        chdir(folder),
        redirect_stdout(io.StringIO()),
    ):
        os.environ.pop("SAGEMAKER_ROLE", None)
        exec(compile(code, "notebook", "exec"), {"__name__": "__main__"})
    return stage.calls
