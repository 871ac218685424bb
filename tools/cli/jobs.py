"""The file that carries names from one command to the next: .slipway/jobs/<image>.json."""

import json
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from .errors import CommandError

Kind = Literal["real-time", "serverless", "async", "multi-model"]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Training(_Entry):
    """A training job that was started."""

    job: str
    role: str
    image_uri: str
    output: str
    """The S3OutputPath that it was given."""

    @property
    def artifact(self) -> str:
        """Where SageMaker puts the model."""
        return f"{self.output}/{self.job}/output/model.tar.gz"


class Tuning(_Entry):
    """A tuning job that was started."""

    job: str
    role: str
    image_uri: str
    output: str


class Transform(_Entry):
    """A batch transform that was started; its model has its name."""

    job: str
    training_job: str
    output: str
    """Where its answers are, s3://…"""


class Endpoint(_Entry):
    """An endpoint that was made."""

    name: str
    kind: Kind
    config: str
    model: str
    models: str = ""
    """Of a multi-model endpoint: the prefix that its models are under."""


class Jobs(_Entry):
    """What was started for one image, the latest last."""

    image: str
    region: str
    trainings: list[Training] = []
    tunings: list[Tuning] = []
    transforms: list[Transform] = []
    endpoints: list[Endpoint] = []

    @classmethod
    def read(cls, path: Path, image: str, region: str) -> Self:
        """The file's content, or an empty one. Raises CommandError where it is another's."""
        if not path.exists():
            return cls(image=image, region=region)
        try:
            found = cls.model_validate_json(path.read_bytes())
        except ValidationError as error:
            raise CommandError(f"{path} is no file of jobs: {error.errors()[0]['msg']}") from None
        if (found.image, found.region) != (image, region):
            raise CommandError(
                f"{path} is of {found.image} in {found.region}, not of {image} in {region}; "
                "name another with --job-file"
            )
        return found

    def training(self, job: str = "") -> Training:
        """The training job called `job`, or the latest where it is empty."""
        known = [one for one in self.trainings if job in ("", one.job)]
        if not known:
            raise CommandError(
                f"no training job {job} is in the job file" if job else "train first: no job is known"
            )
        return known[-1]

    def endpoint(self, name: str = "") -> Endpoint:
        """The endpoint called `name`, or the latest where it is empty."""
        known = [one for one in self.endpoints if name in ("", one.name)]
        if not known:
            raise CommandError(
                f"no endpoint {name} is in the job file" if name else "deploy first: no endpoint is known"
            )
        return known[-1]

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.model_dump(mode="json"), indent=2) + "\n")
