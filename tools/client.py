"""How the tools ask a server: one request, and the reason when it is refused."""

from pathlib import Path

import requests

from slipway import formats

from .runs import RunError


def guess(path: Path) -> str:
    """The media type that a file's ending stands for."""
    found = [codec.media_type for codec in formats.FORMATS if path.name.lower().endswith(codec.suffixes)]
    if not found:
        endings = ", ".join(suffix for codec in formats.FORMATS for suffix in codec.suffixes)
        raise RunError(
            f"TYPE= is needed, as {path.name} ends in none of {endings}; "
            f"it is one of {', '.join(formats.MEDIA_TYPES)}"
        )
    return found[0]


def ask(port: int, body: bytes, headers: dict[str, str]) -> requests.Response:
    """One POST to /invocations, past any proxy that the environment names."""
    with requests.Session() as session:
        session.trust_env = False
        return session.post(f"http://127.0.0.1:{port}/invocations", data=body, headers=headers, timeout=3600)


def reason(answer: requests.Response) -> str:
    """The message of an error, as the server words it."""
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return answer.text.strip()[:200] or answer.reason
