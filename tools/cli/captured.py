"""Requests that an endpoint captured to S3, compared with the training of the model that it serves.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
"""

import base64
import binascii
import json
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slipway.drift.baseline import FILE as BASELINE
from slipway.manifest import FILE as MANIFEST

from ..drift.compare import REQUESTS
from .errors import CommandError
from .facts import in_environment
from .s3 import listed, small_files, split_uri

_MOST_BYTES = 16 << 20  # of the manifest and the baseline


@dataclass(frozen=True)
class Seen:
    """What was compared."""

    answer: Mapping[str, Any]
    """In the form of GET /drift."""
    requests: int
    unread: int
    """Requests that could not be read as rows of the model: it refused them, too."""


def compare(sagemaker: Any, s3: Any, endpoint: str, rows: int, false_alarms: float) -> Seen:
    """The last `rows` rows that `endpoint` captured. Raises CommandError where there are none to be had."""
    facts = sagemaker.describe_endpoint(EndpointName=endpoint)
    place = (facts.get("DataCaptureConfig") or {}).get("DestinationS3Uri", "")
    if not place:
        raise CommandError(
            f"{endpoint} captures no requests, and GET /drift does not go through InvokeEndpoint: deploy it "
            "with --capture 100, or ask CloudWatch for slipway_drift_score"
        )
    config = sagemaker.describe_endpoint_config(EndpointConfigName=facts["EndpointConfigName"])
    model = sagemaker.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
    container = model["PrimaryContainer"]
    if container.get("Mode") == "MultiModel":
        raise CommandError(f"{endpoint} serves many models, and drift is of one")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        image = _unpack(s3, container["ModelDataUrl"], folder)
        if not _write(folder / REQUESTS, _requests(s3, f"{place.rstrip('/')}/{endpoint}/"), rows):
            raise CommandError(f"{endpoint} has captured no request yet, below {place}")
        words = ["-m", "tools.drift.compare", str(folder), "--rows", str(rows)]
        told = in_environment(image, [*words, "--false-alarms", str(false_alarms)])
    return Seen(**json.loads(told))


def _unpack(s3: Any, uri: str, folder: Path) -> str:
    """Manifest and baseline of a model, into `folder`; returns the image that trained it."""
    try:
        found = small_files(s3, uri, folder, [MANIFEST, BASELINE], _MOST_BYTES)
    except tarfile.TarError:
        raise CommandError(f"{uri} is no model.tar.gz") from None
    if BASELINE not in found:
        raise CommandError(f"{uri} has no {BASELINE}: the log of its training says why, or it is older")
    return str(json.loads(found[MANIFEST].read_bytes())["image"])


def _write(path: Path, requests: Iterator[tuple[bytes, str]], most: int) -> int:
    """Writes at most `most` requests, as each has a row or more; returns how many there were."""
    written = 0
    with path.open("w") as file:
        for body, content_type in requests:
            file.write(json.dumps([content_type, base64.b64encode(body).decode()]) + "\n")
            written += 1
            if written == most:
                break
    return written


def _requests(s3: Any, place: str) -> Iterator[tuple[bytes, str]]:
    """Body and content type of each, the latest file first: their keys have the hour."""
    bucket, _ = split_uri(place)
    keys = [key for key, _ in listed(s3, place) if key.endswith(".jsonl")]
    for key in sorted(keys, key=lambda key: key.rsplit("/", 5)[1:], reverse=True):
        content: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        for line in reversed(content.splitlines()):
            captured = _captured(line)
            if captured is not None:
                yield captured


def _captured(line: bytes) -> tuple[bytes, str] | None:
    try:
        found: Mapping[str, Any] = json.loads(line)["captureData"]["endpointInput"]
        packed = found.get("encoding") == "BASE64"
        body = base64.b64decode(found["data"]) if packed else str(found["data"]).encode()
    except (ValueError, KeyError, TypeError, binascii.Error):
        return None
    return body, str(found.get("observedContentType", ""))
