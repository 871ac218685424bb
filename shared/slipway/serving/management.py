"""What the platform asks a multi-model endpoint for, as it comes in paths and bodies."""

from pathlib import Path
from urllib.parse import parse_qs

import orjson

from slipway.errors import UserError
from slipway.manifest import FILE
from slipway.serving.answer import Answer, error_response, http_error
from slipway.serving.metrics.watch import Watch

_MOST = 100  # models of one page of the list
_LONGEST_NAME = 1024  # bytes; names stand in paths, for which nginx has 8 kB
_LONGEST_URL = 4096  # which is a path


def wanted(body: bytes) -> tuple[str, str]:
    """Name and folder of a model to load."""
    try:
        document = orjson.loads(body)
        name, url = document["model_name"], document["url"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise UserError('expected {"model_name": "…", "url": "/opt/ml/models/…/model"}') from None
    if not (isinstance(name, str) and isinstance(url, str) and name and url):
        raise UserError("model_name and url: expected texts that are not empty")
    for what, text, most in (("model_name", name, _LONGEST_NAME), ("url", url, _LONGEST_URL)):
        if len(text.encode()) > most:
            raise UserError(f"{what}: expected at most {most} bytes, got {len(text.encode())}")
        if "\0" in text:  # neither a path of HTTP's nor one of files can hold it
            raise UserError(f"{what}: expected a text without NUL")
    return name, url


def page(query: str) -> tuple[int, int]:
    """How many models to list, and from which on."""
    given = parse_qs(query)
    try:
        limit = int(given.get("limit", [str(_MOST)])[0])
        start = int(given.get("next_page_token", ["0"])[0])
    except ValueError:
        raise UserError("limit and next_page_token: expected whole numbers") from None
    return max(1, min(limit, _MOST)), max(0, start)


def size(folder: Path) -> int:
    """Bytes of all files below `folder`. Raises UserError where no folder can have that name."""
    try:
        return (
            sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0
        )
    except OSError as error:
        raise UserError(f"url: {error.strerror}") from None


def stamped(folder: Path) -> tuple[str, str]:
    """When the model in `folder` was trained, and by which version, as its manifest has it."""
    try:
        manifest = orjson.loads((folder / FILE).read_bytes())
        return str(manifest["created"]), str(manifest["version"])
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError):
        return "", ""


def not_found(name: str) -> Answer:
    """The answer to a request for a model that is not loaded."""
    return error_response(404, "ModelNotFoundException", f"Model not found: {name}")


def no_memory(name: str, why: str = "") -> Answer:
    """The platform unloads other models on this, and tries again."""
    message = f"not enough memory for model {name}{': ' if why else ''}{why}"
    return error_response(507, "InsufficientMemoryException", message)


def drift(watch: Watch | None) -> Answer:
    """What is watched of a model; 404 where nothing is."""
    return watch.answer() if watch else http_error(404, "NotFound", "no baseline of drift with the model")
