"""The file that carries job names from one command to the next."""

import json
from pathlib import Path
from typing import Any, Self

from plan import AwsError
from pydantic import BaseModel, ConfigDict, ValidationError


class Training(BaseModel):
    """A training job that was started."""

    model_config = ConfigDict(extra="forbid")

    job: str
    role: str
    image_uri: str


class Transform(BaseModel):
    """A batch transform that was started."""

    model_config = ConfigDict(extra="forbid")

    job: str
    training_job: str
    output: str
    """Where its answers are, s3://…"""


class Jobs(BaseModel):
    """What was started for one image, the latest last."""

    model_config = ConfigDict(extra="forbid")

    image: str
    region: str
    trainings: list[Training] = []
    transforms: list[Transform] = []

    @classmethod
    def read(cls, path: Path, image: str, region: str) -> Self:
        """The file's content, or an empty one where there is none. Raises AwsError where it is another's."""
        if not path.exists():
            return cls(image=image, region=region)
        try:
            found = cls.model_validate_json(path.read_bytes())
        except ValidationError as error:
            raise AwsError(f"{path} is no file of jobs: {error.errors()[0]['msg']}") from None
        if (found.image, found.region) != (image, region):
            raise AwsError(
                f"{path} is of {found.image} in {found.region}, not of {image} in {region}; "
                "name another with --job-file"
            )
        return found

    def training(self, job: str) -> Training:
        """The training job called `job`, or the latest where it is empty."""
        known = [one for one in self.trainings if job in ("", one.job)]
        if not known:
            raise AwsError(
                f"no training job {job} is in the job file" if job else "train first: no job is known"
            )
        return known[-1]

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.model_dump(mode="json"), indent=2) + "\n")


def pairs(texts: list[str], option: str) -> dict[str, str]:
    """key=value texts as a dict."""
    found: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise AwsError(f"--{option}: expected key=value, got {text}")
        found[key] = value
    return found
