"""Whose AWS account it is, and what things are called in it."""

import argparse
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from plan import AwsError

from slipway.image import Image


class Account:
    """Region, account, bucket and prefix: as the options say, else as is usual."""

    def __init__(self, options: argparse.Namespace, session: Any) -> None:
        self._options = options
        self._session = session
        self.prefix = options.prefix.strip("/")
        self.region = str(options.region or session.region_name or "")
        if not self.region:
            raise AwsError("no region: give --region, or set AWS_DEFAULT_REGION")

    @cached_property
    def number(self) -> str:
        """Asked of STS, the only thing that a dry run asks, where the options leave it open."""
        return str(self._options.account or self._session.client("sts").get_caller_identity()["Account"])

    @cached_property
    def bucket(self) -> str:
        """SageMaker's default bucket unless given."""
        return str(self._options.bucket or f"sagemaker-{self.region}-{self.number}")

    def image_uri(self, image: Image) -> str:
        """Where `make push` puts the image."""
        suffix = ".cn" if self.region.startswith("cn-") else ""
        host = f"{self.number}.dkr.ecr.{self.region}.amazonaws.com{suffix}"
        return f"{host}/slipway/{image.name}:{image.version}"

    def job_name(self, start: str) -> str:
        """A name that no job has: SageMaker never forgets one."""
        return f"{start}-{datetime.now(UTC):%Y-%m-%d-%H-%M-%S-%f}"[:-3]
