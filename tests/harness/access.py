"""What IAM would say: the permissions that calls of AWS need, and whether a policy gives them.

As much of IAM as the policies of this repository use; what is not known here is an error, not a yes.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from tools.cli.errors import action

Tags = Mapping[str, str]
_ARN = "arn:aws:sagemaker:eu-west-1:123456789012"
# The kind of resource that a parameter of SageMaker's names.
_KINDS = {
    "TrainingJobName": "training-job",
    "HyperParameterTuningJobName": "hyper-parameter-tuning-job",
    "TransformJobName": "transform-job",
    "ModelName": "model",
    "EndpointConfigName": "endpoint-config",
    "EndpointName": "endpoint",
    "ModelPackageGroupName": "model-package-group",
}


@dataclass(frozen=True)
class Need:
    """A permission, what it is for, and what conditions may ask about the request."""

    action: str
    resource: str
    facts: Mapping[str, str] = field(default_factory=dict)


class Recorder:
    """Listens to a session, and knows what each call needed."""

    def __init__(self, session: Any) -> None:
        self.needs: list[Need] = []
        self._tags: dict[str, Tags] = {}
        session.events.register("provide-client-params.*.*", self._heard)

    def _heard(self, params: Mapping[str, Any], model: Any, **_: Any) -> None:
        self.needs += self._needs(model.service_model.service_name, model.name, params)

    def _needs(self, service: str, operation: str, params: Mapping[str, Any]) -> Iterator[Need]:
        if (service, operation) == ("sts", "GetCallerIdentity"):
            return  # needs no permission
        name = action(service, operation)
        if service == "s3":
            key = f"/{params['Key']}" if "Key" in params else ""
            yield Need(name, f"arn:aws:s3:::{params['Bucket']}{key}", {"s3:prefix": params.get("Prefix", "")})
        elif service == "ecr":
            repository = params.get("repositoryName") or next(iter(params.get("repositoryNames", [])), "")
            where = f"arn:aws:ecr:eu-west-1:123456789012:repository/{repository}" if repository else "*"
            yield Need(name, where)
        elif service == "logs":
            yield Need(name, f"arn:aws:logs:eu-west-1:123456789012:log-group:{params['logGroupName']}:*")
        else:
            yield from self._sagemaker(name, operation, params)

    def _sagemaker(self, name: str, operation: str, params: Mapping[str, Any]) -> Iterator[Need]:
        arns = [f"{_ARN}:{kind}/{params[key]}" for key, kind in _KINDS.items() if key in params]
        arns = arns or [params["ResourceArn"]]
        if operation == "CreateModelPackage":  # a version of its group
            arns = [f"{arns[0].replace(':model-package-group/', ':model-package/')}/1"]
        if operation == "CreateTransformJob":
            arns = [arn for arn in arns if ":transform-job/" in arn]
        if operation == "CreateEndpoint":  # is granted by the request's tags, for the configuration, too
            arns = arns[::-1]
        tags = {one["Key"]: one["Value"] for one in params.get("Tags", [])}
        facts = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
        inside = {**params, **params.get("TrainingJobDefinition", {})}
        if "EnableNetworkIsolation" in inside:
            facts["sagemaker:NetworkIsolation"] = str(inside["EnableNetworkIsolation"]).lower()
        for arn in arns:
            owned = {f"aws:ResourceTag/{key}": value for key, value in self._tags.get(arn, {}).items()}
            yield Need(name, arn, {**facts, **owned})
        if tags:
            self._tags[arns[0]] = tags
            yield Need("sagemaker:AddTags", arns[0], {**facts, "sagemaker:TaggingAction": operation})
        for key in ("RoleArn", "ExecutionRoleArn"):
            if key in inside:
                yield Need("iam:PassRole", inside[key], {"iam:PassedToService": "sagemaker.amazonaws.com"})


class Policy:
    """A policy document."""

    def __init__(self, text: str) -> None:
        self.statements: list[dict[str, Any]] = json.loads(text)["Statement"]

    def actions(self) -> list[str]:
        return [name for one in self.statements for name in _list(one["Action"])]

    def allows(self, need: Need) -> bool:
        return any(
            any(fnmatchcase(need.action, name) for name in _list(one["Action"]))
            and any(fnmatchcase(need.resource, pattern) for pattern in _list(one["Resource"]))
            and all(
                _holds(operator, need.facts.get(key), _list(wanted))
                for operator, keys in one.get("Condition", {}).items()
                for key, wanted in keys.items()
            )
            for one in self.statements
            if one["Effect"] == "Allow"
        )


def _holds(operator: str, value: str | None, wanted: list[str]) -> bool:
    if value is None:
        return False
    if operator in {"StringEquals", "Bool"}:
        return value in wanted
    if operator in {"StringLike", "ArnLike"}:
        return any(fnmatchcase(value, pattern) for pattern in wanted)
    raise NotImplementedError(operator)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
