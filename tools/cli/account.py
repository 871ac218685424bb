"""Whose AWS account it is, and what things are called in it."""

import argparse
import os
import re
import sys
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from botocore.config import Config

from slipway.image import Image

from .errors import AWS_ERRORS, CommandError

EXAMPLE = "111122223333"
"""The account's number in a dry run that has no account."""
_QUICK = Config(connect_timeout=3, read_timeout=3, retries={"total_max_attempts": 1})


class Account:
    """Region, account, bucket and prefix: as the options say, else as is usual."""

    def __init__(self, options: argparse.Namespace, session: Any) -> None:
        self._options = options
        self._session = session
        self.prefix = options.prefix.strip("/")
        self.region = str(options.region or session.region_name or "")
        if not self.region:
            raise CommandError("no region: give --region, or set AWS_REGION")

    @cached_property
    def number(self) -> str:
        """Asked of STS where the options leave it open; in a dry run without an account an example."""
        if self._options.account:
            return str(self._options.account)
        if not self._options.dry_run:
            return str(self._session.client("sts").get_caller_identity()["Account"])
        try:
            sts = self._session.client("sts", region_name=self.region, config=_QUICK)
            return str(sts.get_caller_identity()["Account"])
        except AWS_ERRORS:
            print(f"no account can be asked: {EXAMPLE} stands for it; --account gives yours", file=sys.stderr)
            return EXAMPLE

    @cached_property
    def partition(self) -> str:
        return str(self._session.get_partition_for_region(self.region))

    @cached_property
    def bucket(self) -> str:
        """SageMaker's default bucket unless given."""
        return str(self._options.bucket or f"sagemaker-{self.region}-{self.number}")

    @property
    def output(self) -> str:
        """Where training jobs leave what they made, each in a folder of its own."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def image_uri(self, image: Image) -> str:
        """Where `make push` puts the image."""
        suffix = ".cn" if self.partition == "aws-cn" else ""
        host = f"{self.number}.dkr.ecr.{self.region}.amazonaws.com{suffix}"
        return f"{host}/slipway/{image.name}:{image.version}"

    def role(self, given: str | None, known: str = "") -> str:
        """The ARN of the role that SageMaker is to run as: `given`, $SLIPWAY_ROLE, or what is `known`."""
        role = given or os.environ.get("SLIPWAY_ROLE") or known
        if not role:
            raise CommandError(
                "--role is missing: name or ARN of the role that SageMaker is to run as (SLIPWAY_ROLE "
                "gives it, too); docs/aws.md says how to make one"
            )
        return role if role.startswith("arn:") else f"arn:{self.partition}:iam::{self.number}:role/{role}"

    def new_name(self, start: str, longest: int = 63) -> str:
        """A name that nothing has yet: SageMaker never forgets one of a job."""
        end = f"{datetime.now(UTC):-%y%m%d-%H%M%S-%f}"[:-3]
        return re.sub(r"[^A-Za-z0-9-]", "-", start)[: longest - len(end)].rstrip("-") + end
