"""Log lines: one a fact, flushed at once, no tabs (CloudWatch shows them as #011), nothing of a payload.

Text for people, or JSON for what searches logs; metrics are no log lines, and stay as they are in both.
"""

import contextlib
import json
import sys
import traceback
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import IO, Any, Literal

Format = Literal["text", "json"]
_FRAMES = 20  # of a traceback, the innermost
_request: ContextVar[str] = ContextVar("request", default="")
_format: Format = "text"


class InternalError(RuntimeError):
    """An internal error, told in our own words: they quote nothing of a payload, and so may be logged."""


def configure(wanted: Format) -> None:
    """How this process writes its lines from now on."""
    global _format
    _format = wanted


def log(verb: str, text: str, level: Literal["info", "error"] = "info", **facts: Any) -> None:
    """Writes `slipway <verb>: <text>` to stderr, or the same as a JSON object.

    Within a request its id is added; `facts` are further members, in text behind it in brackets.
    """
    facts = {**({"request": _request.get()} if _request.get() else {}), **facts}
    if _format == "json":
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "level": level,
            "verb": verb,
            "message": text,
            **facts,
        }
        _write(json.dumps(line, default=str))
        return
    trace = facts.pop("traceback", "")
    told = "; ".join(f"{name} {value}" for name, value in facts.items())
    _write(trace + f"slipway {verb}: {text}" + (f" [{told}]" if told else ""))


def log_exception(verb: str, text: str, error: BaseException) -> None:
    """Logs an internal error: where it happened, not its message, in which a library may quote a payload."""
    log(verb, f"{text}: {_name(error)}", "error", traceback=where(error))


def where(error: BaseException) -> str:
    """The traceback of `error`, and of what caused it, without their messages."""
    lines: list[str] = []
    one: BaseException | None = error
    while one is not None:
        frames = traceback.format_list(traceback.extract_tb(one.__traceback__, limit=-_FRAMES))
        lines = [
            *(["Traceback (most recent call last):\n"] if frames else []),
            *frames,
            f"{_name(one)}\n",
            *(["which led to\n", *lines] if lines else []),
        ]
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return "".join(lines)


def _name(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if isinstance(error, InternalError) else type(error).__name__


@contextlib.contextmanager
def within(request: str) -> Iterator[None]:
    """Lines that are written inside belong to the request of this id."""
    token = _request.set(request)
    try:
        yield
    finally:
        _request.reset(token)


def relay(source: str, stream: IO[bytes]) -> None:
    """Passes on what other programs and libraries write, until `stream` ends: each line as JSON."""
    for raw in stream:
        line = raw.decode(errors="replace").rstrip()
        if line.startswith('{"_aws"'):  # metrics, which are no log lines
            print(line, flush=True)
        elif line.startswith("{"):
            _write(line)
        elif line:
            log("serve", line, source=source)


def _write(line: str) -> None:
    with contextlib.suppress(OSError):  # whoever read the log has gone, which is no reason to fail
        print(line, file=sys.stderr, flush=True)
