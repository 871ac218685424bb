"""`invoke`: the rows of a file to an endpoint, and its answer."""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from slipway import formats

from .context import Context
from .errors import CommandError
from .jobs import Endpoint, Kind
from .plan import Plan, Request, Upload
from .s3 import content

POLL_S = 2
_LIMITS_MB = {"real-time": 25, "multi-model": 25, "serverless": 4, "async": 1024}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", help="rows; for an asynchronous endpoint also s3://…")
    parser.add_argument("--endpoint", default="", help="the latest of the job file unless given")
    parser.add_argument("--async", dest="queued", action="store_true", help="the endpoint is asynchronous")
    parser.add_argument("--content-type", default="", help="told by the file's ending unless given")
    parser.add_argument("--accept", default="")
    parser.add_argument("--options", default="", help="options of the image: ids=true,…")
    parser.add_argument(
        "--target-model", default="", help="of a multi-model endpoint; the latest trained unless given"
    )
    parser.add_argument("--to", type=Path, help="a file for the answer; standard output unless given")
    parser.add_argument(
        "--timeout-s", type=int, default=3600, help="how long to wait for an asynchronous answer"
    )


def run(context: Context) -> None:
    options = context.options
    endpoint = _endpoint(context)
    plan = _asynchronous(context, endpoint) if endpoint.kind == "async" else _direct(context, endpoint)
    answers = context.carry_out(plan)
    if answers is None:
        return
    if endpoint.kind != "async":
        _write(answers[0]["Body"].read(), options.to)
        return
    place, failure = answers[0]["OutputLocation"], answers[0].get("FailureLocation", "")
    if not options.wait:
        print(place)
        return
    _write(_wait(context.client("s3"), place, failure, options.timeout_s), options.to)


def _endpoint(context: Context) -> Endpoint:
    options = context.options
    known = {one.name: one for one in context.jobs.endpoints}
    if options.endpoint and options.endpoint not in known:
        kind: Kind = "async" if options.queued else "multi-model" if options.target_model else "real-time"
        return Endpoint(name=options.endpoint, kind=kind, config="", model="")
    found = context.jobs.endpoint(options.endpoint)
    return found.model_copy(update={"kind": "async"}) if options.queued else found


def _direct(context: Context, endpoint: Endpoint) -> Plan:
    path = _file(context.options.file, endpoint)
    parameters = {"EndpointName": endpoint.name, "Body": path.read_bytes(), **_headers(context)}
    if endpoint.kind == "multi-model":
        target = context.options.target_model
        if not target:
            latest = context.jobs.training()
            target = latest.artifact.removeprefix(endpoint.models)
        parameters["TargetModel"] = target
    return Plan(requests=[Request("sagemaker-runtime", "InvokeEndpoint", parameters)])


def _asynchronous(context: Context, endpoint: Endpoint) -> Plan:
    given, account = context.options.file, context.account
    uploads = []
    if not given.startswith("s3://"):
        path = _file(given, endpoint)
        name = account.new_name(path.stem) + "".join(path.suffixes)
        uploads = [Upload(path, account.bucket, f"{account.prefix}/{endpoint.name}/requests/{name}")]
        given = uploads[0].uri
    parameters = {"EndpointName": endpoint.name, "InputLocation": given, **_headers(context)}
    return Plan(uploads=uploads, requests=[Request("sagemaker-runtime", "InvokeEndpointAsync", parameters)])


def _file(given: str, endpoint: Endpoint) -> Path:
    path = Path(given)
    if not path.is_file():
        way_out = "; only an asynchronous endpoint reads from S3" if given.startswith("s3://") else ""
        raise CommandError(f"{given} is no file{way_out}")
    most = _LIMITS_MB[endpoint.kind]
    size = path.stat().st_size
    if size > most * 1024**2:
        raise CommandError(
            f"{given} has {size / 1024**2:.0f} MB; a {endpoint.kind} endpoint takes {most}: "
            "deploy with --async, or use `slipway transform`"
        )
    return path


def _headers(context: Context) -> dict[str, str]:
    options = context.options
    found = {
        "ContentType": options.content_type or guess(options.file),
        "Accept": options.accept,
        "CustomAttributes": options.options,
    }
    return {name: value for name, value in found.items() if value}


def guess(name: str) -> str:
    """The media type that a file's ending stands for."""
    for codec in formats.FORMATS:
        if name.lower().endswith(codec.suffixes):
            return codec.media_type
    endings = ", ".join(suffix for codec in formats.FORMATS for suffix in codec.suffixes)
    raise CommandError(f"--content-type is needed, as {name} ends in none of {endings}")


def _wait(s3: Any, place: str, failure: str, timeout_s: int) -> bytes:
    """The object at `place` once it is there. Raises CommandError where `failure` comes."""
    end = time.monotonic() + timeout_s
    while True:
        answer = content(s3, place)
        if answer is not None:
            return answer
        reason = content(s3, failure) if failure else None
        if reason is not None:
            raise CommandError(f"the model refused it: {' '.join(reason.decode(errors='replace').split())}")
        if time.monotonic() > end:
            raise CommandError(f"no answer within {timeout_s} s; it will be at {place}")
        time.sleep(POLL_S)


def _write(answer: bytes, to: Path | None) -> None:
    if to:
        to.write_bytes(answer)
    else:
        sys.stdout.buffer.write(answer)
        sys.stdout.flush()
