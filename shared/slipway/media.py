"""Media types as HTTP writes them: parameters, case, lists, weights (RFC 9110, sections 8.3 and 12.5.1)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

_PARAMETER = re.compile(r';\s*([^=;\s]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)')

_PARAMETERS = re.compile(r'(?:\s*;\s*(?:[^=;"\s]+\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^=;"\s]+))?)*\s*')


@dataclass(frozen=True)
class MediaType:
    """`essence` is `type/subtype` in lower case; parameter names are in lower case, values as they came."""

    essence: str
    parameters: Mapping[str, str] = field(default_factory=dict, hash=False)


@lru_cache(maxsize=256)
def parse(text: str) -> MediaType:
    """One media type. Anything parses: what it names is looked up elsewhere."""
    essence, semicolon, rest = text.partition(";")
    found = _PARAMETER.findall(semicolon + rest)
    return MediaType(
        essence.strip().lower(), {name.lower(): value.strip().strip('"') for name, value in found}
    )


def malformed(text: str) -> bool:
    """Whether a parameter is not `name=value`, or comes twice with different values."""
    _, semicolon, rest = text.partition(";")
    if not _PARAMETERS.fullmatch(semicolon + rest):
        return True
    found = [(name.lower(), value.strip()) for name, value in _PARAMETER.findall(semicolon + rest)]
    return len(dict(found)) < len(set(found))


@lru_cache(maxsize=256)
def preferences(accept: str) -> tuple[MediaType, ...]:
    """The media types of an Accept header, most wanted first; those with weight 0 are left out."""
    weighed = []
    for place, part in enumerate(_split(accept)):
        media = parse(part)
        weight = _weight(media.parameters.get("q", "1"))
        if media.essence and weight > 0:
            weighed.append((-weight, place, media))
    return tuple(media for _, _, media in sorted(weighed, key=lambda entry: entry[:2]))


def matches(wanted: MediaType, essence: str) -> bool:
    """Whether `wanted`, which may be `*/*` or `text/*`, covers `essence`."""
    if wanted.essence in {"*/*", "*"}:
        return True
    if wanted.essence.endswith("/*"):
        return essence.startswith(wanted.essence[:-1])
    return wanted.essence == essence


def _split(accept: str) -> list[str]:
    return re.findall(r'(?:"(?:[^"\\]|\\.)*"|[^,"])+', accept)


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 1.0
