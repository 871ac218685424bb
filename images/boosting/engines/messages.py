"""What an engine says of a mistake, as one plain line: without source files, checks and stack traces."""

import re

_LIMIT = 800
# XGBoost tells of its collective in a form of its own: "[histogram.h:197|15:02:11]: …"
_NETWORK = re.compile(
    r"^\s*\[[\w.]+:\d+\|[\d:]+\]|\b(?:socket|connection|allreduce|allgather)\b", re.IGNORECASE
)
_PLACE = re.compile(r"^(?:\[[\d:]+\]\s*)?\S+\.(?:cpp|h|hpp|cc|cu|cuh|c):\d+:\s*")  # "[12:00:00] /x.cc:1: "
_AT = re.compile(r"\s*,?\s*at \S+\.(?:cpp|h|hpp|cc|cu), line \d+\s*\.?\s*$")  # of LightGBM
_CHECK = re.compile(r"^Check failed: (?P<condition>.*?)(?:\s\([^()]* vs\. [^()]*\))?\s*:\s(?P<text>.*)$")
_BARE_CHECK = re.compile(r"^Check failed: (?P<condition>.*?)(?:\s\([^()]* vs\. [^()]*\))?[\s:]*$")
_ENUM = re.compile(
    r"^Key '(?P<key>[^']*)' not found in enum E?(?P<enum>\w+)\. Valid options are: (?P<options>.*)$"
)
_OUTER = re.compile(r"\((?P<name>[\w. ]+)\)")
_NOISE = re.compile(r"static_cast<[^>]*>|\b\w+->|\bconfig_\.|\bstd::|(?<=\d)f\b")
_SIZE = re.compile(r"([\w.]+?)_?\.[sS]ize\(\)")

_BARE = dict.fromkeys(("stod", "stof", "stoi", "stol"), "a parameter that takes a number was given text")


def plain(message: str) -> str:
    """The first thing that `message` says, in one line of at most 800 characters.

    >>> plain("[15:02:11] /src/objective.cc:27: Unknown objective: `foo`\\nStack trace:\\n [bt] (0)")
    'Unknown objective: `foo`'
    >>> plain("Check failed: (num_leaves) > (1) at /src/io/config_auto.cpp, line 352 .\\n")
    'expected num_leaves > 1'
    """
    lines = [line.strip() for line in message.strip().splitlines()]
    first = next((line for line in lines if line), "no reason given")
    while (stripped := _PLACE.sub("", first)) != first:
        first = stripped
    first = _AT.sub("", first).removeprefix("Error: ").strip()
    if found := _CHECK.match(first):
        first = found["text"].strip() or _expected(found["condition"])
    elif found := _BARE_CHECK.match(first):
        first = _expected(found["condition"])
    elif found := _ENUM.match(first):
        options = found["options"].replace("'", "").strip().rstrip(".")
        first = f"unknown value {found['key']}; expected one of {options}"
    return _BARE.get(first, first)[:_LIMIT].rstrip(" ,:;")


def is_of_network(message: str) -> bool:
    """Whether `message` is about the way to another host.

    >>> is_of_network("Socket recv error, Connection reset by peer (code: 104)")
    True
    """
    return bool(_NETWORK.search(message))


def _expected(condition: str) -> str:
    """A condition of C++ as far as a user can read it."""
    text = _SIZE.sub(r"size of \1", _NOISE.sub("", condition))
    return "expected " + _OUTER.sub(r"\g<name>", text).strip()
