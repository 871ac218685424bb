"""`drift`: how far what a model is asked is from what it was trained on, as a page."""

import argparse
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from slipway.errors import listed

from .. import ROOT
from ..drift.answer import DriftAnswer
from ..drift.page import page
from .account import Account
from .captured import Seen, compare
from .errors import CommandError

_TIMEOUT_S = 30


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "target",
        metavar="ENDPOINT|URL|FILE",
        help="a server's address (http://localhost:8080), a file that GET /drift gave, or an endpoint that "
        "captures requests (deploy --capture)",
    )
    parser.add_argument("--to", type=Path, help="a file; .slipway/drift/<name>.html unless given")
    parser.add_argument("--json", action="store_true", help="print what GET /drift answers instead of a page")
    parser.add_argument("--rows", type=int, default=5000, help="of an endpoint: the last rows to compare")
    parser.add_argument(
        "--false-alarms",
        type=float,
        default=0.01,
        help="of an endpoint: how often any column may be called drifted without a change",
    )
    parser.set_defaults(dry_run=False)


def run(options: argparse.Namespace, session: Any) -> None:
    """Prints where the page is."""
    target = str(options.target)
    notes: tuple[str, ...] = ()
    if target.startswith(("http://", "https://")):
        found, name = _asked(target), target.partition("://")[2]
    elif Path(target).is_file():
        found, name = Path(target).read_bytes(), Path(target).name
    else:
        seen = _captured(options, session, target)
        found, name, notes = json.dumps(seen.answer).encode(), target, _notes(seen)
    _check_is_one(found, target)
    try:
        answer = DriftAnswer.model_validate_json(found)
    except ValidationError:
        raise CommandError(f"{target} is not what GET /drift answers") from None
    if options.json:
        print(found.decode().rstrip())
        return
    file = options.to or ROOT / ".slipway/drift" / f"{_file_name(name)}.html"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page(answer, name, notes), encoding="utf-8")
    print(file)


def _asked(url: str) -> bytes:
    """What a server answers. Raises CommandError, one line, where that is no drift."""
    place = f"{url.rstrip('/').removesuffix('/drift')}/drift"
    try:
        with urllib.request.urlopen(place, timeout=_TIMEOUT_S) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        if error.code == 404:
            raise CommandError(
                f"{place} answers 404: the model has no baseline of drift, or SLIPWAY_DRIFT is false"
            ) from None
        raise CommandError(f"{place} answers {error.code}") from None
    except (urllib.error.URLError, TimeoutError) as error:
        raise CommandError(f"{place} does not answer: {getattr(error, 'reason', error)}") from None


def _check_is_one(answer: bytes, target: str) -> None:
    """Raises CommandError, with what to ask instead, for the answer of a multi-model endpoint."""
    try:
        names = [str(one["modelName"]) for one in json.loads(answer)["models"]]
    except (ValueError, LookupError, TypeError):
        return
    one = f"{target.rstrip('/')}/models/NAME"
    raise CommandError(f"{target} serves many models (loaded: {listed(names) or 'none'}): ask for {one}")


def _captured(options: argparse.Namespace, session: Any, endpoint: str) -> Seen:
    region = Account(options, session).region
    sagemaker, s3 = (session.client(name, region_name=region) for name in ("sagemaker", "s3"))
    return compare(sagemaker, s3, endpoint, options.rows, options.false_alarms)


def _notes(seen: Seen) -> tuple[str, ...]:
    told = (
        f"Compared were the rows of {seen.requests} requests that the endpoint captured, the latest first; "
        "answers were not."
    )
    unread = f"{seen.unread} of them could not be read as rows of the model, and were left out."
    return (told, unread) if seen.unread else (told,)


def _file_name(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-." else "-" for letter in name).strip("-.")
