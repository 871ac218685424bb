"""The account that moto plays, and how it is made to answer otherwise."""

from typing import Any

from harness.places import REPOSITORY
from slipway.image import Image

REGION = "eu-west-1"
BUCKET = f"sagemaker-{REGION}-123456789012"
ROLE = "arn:aws:iam::123456789012:role/SlipwayExecution"
IMAGE = Image.read(sorted(path.parent for path in REPOSITORY.glob("images/*/image.toml"))[-1])


def answer(session: Any, operation: str, *answers: Any, service: str = "sagemaker") -> None:
    """Lets AWS answer `operation` with these, one after the other, the last for good."""
    waiting = list(answers)

    def reply(**_: Any) -> Any:
        one = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return _Ok(), one() if callable(one) else one

    session.events.register_first(f"before-call.{service}.{operation}", reply)


def refuse(session: Any, operation: str, code: str, message: str) -> None:
    fail(session, "sagemaker", operation, {"Error": {"Code": code, "Message": message}})


def fail(session: Any, service: str, operation: str, parsed: dict[str, Any]) -> None:
    refused = {**parsed, "ResponseMetadata": {"HTTPStatusCode": 400}}
    session.events.register_first(f"before-call.{service}.{operation}", lambda **_: (_Refused(), refused))


class _Ok:
    status_code = 200


class _Refused:
    status_code = 400
