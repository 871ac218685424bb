"""Requests that nobody would send, to find those that break a reader: `python -m harness.fuzz SECONDS`.

Guided by coverage where atheris is installed, else by chance alone. A find is printed as it is to be put into
`unit/test_fuzz.py`.
"""

# ruff: noqa: E501  # lists of odd things

import resource
import sys
import time
import zlib
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory, gettempdir

try:
    import atheris
except ImportError:
    atheris = None
with atheris.instrument_imports(include=["slipway"]) if atheris else nullcontext():
    from harness.law import Echo, stamped
    from harness.tables import Cells, forms
    from slipway import Column, Schema
    from slipway.errors import UserError
    from slipway.serving.endpoint import Endpoint
    from slipway.settings import Settings

TYPES = ("text/csv", "application/json", "application/jsonlines", "application/x-npy", "application/x-parquet",
         "application/x-recordio-protobuf", "text/libsvm", "text/csv; header=present; delimiter=semicolon",
         "text/csv; charset=utf-16", "text/tab-separated-values", "xlsx")  # fmt: skip
ACCEPTED = ("", "text/csv; header=present", "application/json", "application/jsonlines", "application/x-parquet",
            "application/x-npy", "application/x-recordio-protobuf")  # fmt: skip
ATTRIBUTES = ("", "on_error=record", '{"on_error": "record", "stream": true}', "stream=true")
WORDS = (b'"', b"\n", b"\r\n", b",", b";", b"\x00", b"NaN", b"1e999", b"-", b"\xef\xbb\xbf", b"\xff", b"{}", b"[[", b"]]",
         b"null", b"\\ud800", b'"features"', b'"instances"', b'"data"', b'"columns"', b'"keys"', b'"shape"', b'"values"',
         b"18446744073709551616", b"9" * 30, b"true", b"x,n", b"\x00\xd8", b"PAR1", b"0x1", b"1_0", b"\xe2\x80\xa8")  # fmt: skip
SECONDS = 2.0
RUNS = 25_000  # with a seed
GROWTH = 150  # MB over a run


@dataclass(frozen=True)
class Request:
    """One request, and which of the two models it goes to."""

    body: bytes
    content_type: str
    accept: str = ""
    attributes: str = ""
    mixed: bool = True

    @classmethod
    def of(cls, data: bytes) -> "Request":
        """What some bytes say: three that choose, then the body; headers may be its first line."""
        kind, accept, more = [*data[:3], 0, 0, 0][:3]
        body = data[3:]
        content_type, attributes = TYPES[kind % len(TYPES)], ATTRIBUTES[more % len(ATTRIBUTES)]
        if more & 0x40:
            head, _, body = body.partition(b"\n")
            content_type += ";" + head.decode("latin-1")
        elif more & 0x20:
            head, _, body = body.partition(b"\n")
            attributes = head.decode("latin-1")
        return cls(body, content_type, ACCEPTED[accept % len(ACCEPTED)], attributes, more < 0x80)


@cache
def endpoints() -> dict[bool, Endpoint]:
    """A model of columns of each kind, and one of numbers alone."""
    mixed = [
        Column(name="code", kind="text"),
        Column(name="ok", kind="boolean", words=("false", "true")),
        Column(name="n", kind="integer"),
        Column(name="x", kind="number"),
    ]
    numbers = [Column(name="n", kind="integer"), Column(name="x", kind="number")]
    found = {}
    for key, columns in {True: mixed, False: numbers}.items():
        schema = Schema(columns=tuple(columns), table=tuple(columns))
        manifest = stamped().model_copy(update={"reads": schema})
        found[key] = Endpoint(Echo(columns), manifest, Settings.read({"SLIPWAY_MAX_CELLS": "1000000"}))
    return found


def check(request: Request) -> None:
    """Raises whatever is no UserError; AssertionError for a lost row, or where it took too long."""
    started, said = time.process_time(), ""
    try:
        answer = endpoints()[request.mixed]._answer(
            request.body, request.content_type, request.accept, request.attributes, None
        )
        body = answer.body + b"".join(answer.rest or ())
    except UserError as error:
        said, body = str(error), b""
    spent = time.process_time() - started
    assert "\n" not in said, "an error of several lines"
    assert spent < SECONDS, f"{spent:.1f} s"
    if body and answer.media_type == "application/jsonlines" and is_lines(request):
        lines = sum(1 for line in request.body.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip())
        lost = lines - body.count(b"\n")
        assert lost == 0 or (lost == 1 and "csv" in request.content_type), f"{lost} rows lost"


def is_lines(request: Request) -> bool:
    """Whether each line of a request that is not blank must be a row, or a header."""
    lines = request.content_type in {"application/jsonlines", "text/csv"}
    return lines and "record" not in request.attributes and not set(b'"\r') & set(request.body)


def seeds() -> list[bytes]:
    """A request in each format, as it should be."""
    columns = {
        "code": Cells("code", "text", ["007", "a,b", None], ["007", "a,b", ""]),
        "ok": Cells("boolean", "boolean", [True, None, False], ["true", "", "false"]),
        "n": Cells("integer", "integer", [1, 2, None], ["1", "2", "NA"]),
        "x": Cells("number", "number", [0.5, None, 1e300], ["0.5", "", "1e300"]),
    }
    found = [b"\x06\x00\x80" + b"1 qid:3 1:0.5 2:7 # note\n0 2:1\n"]
    for more, some in ((0, columns), (0x80, {"n": columns["n"], "x": columns["x"]})):
        for _, form in forms(some):
            made = form()
            kind = next((place for place, one in enumerate(TYPES) if made.media_type.startswith(one)), 0)
            found += [bytes([kind, accept, more + accept % 4]) + made.body for accept in range(3)]
    return found


def mutated(random: Random, corpus: list[bytes]) -> bytes:
    """One of them, damaged."""
    data = bytearray(random.choice(corpus))
    for _ in range(random.choice([1, 1, 2, 4, 8])):
        at, length = random.randrange(len(data) + 1), random.choice([0, 1, 1, 2, 8, 40])
        if random.random() < 0.5:
            data[at : at + length] = random.choice(WORDS) * random.choice([1, 1, 1, 2, 50])
        elif random.random() < 0.5:
            data[at : at + length] = bytes(random.choices(range(256), k=random.choice([0, 1, 2, 8])))
        else:
            other = random.choice(corpus)
            start = random.randrange(len(other))
            data[at : at + length] = other[start : start + random.choice([1, 4, 16, 200])]
    return bytes(data)


def is_workbook(data: bytes) -> bool:
    """Whether it is one of those of which each takes a process, so that few are tried."""
    return bool(data) and TYPES[data[0] % len(TYPES)] == "xlsx"


def told(data: bytes) -> None:
    """Checks one; says which it is before it raises."""
    try:
        check(Request.of(data))
    except BaseException:
        print(f"found: {data!r}", flush=True)
        raise


def by_chance(seconds: float, seed: int = 0) -> int:
    """Tries for so long; the number of requests. Raises for the first that breaks something."""
    random, corpus, tried = Random(seed), seeds(), 0
    until, before = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        data = mutated(random, corpus)
        if is_workbook(data) and random.random() < 0.95:
            continue
        told(data)
        tried += 1
        if tried == 2000:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10 if before else 0
    assert grown < GROWTH, f"{grown} MB more after {tried} requests"
    return tried


def by_coverage(seconds: int, seed: int | None) -> None:
    """Lets atheris look; it ends the process, with 0 where nothing was found. With a `seed` it looks at the same."""

    def one(data: bytes) -> None:
        if not is_workbook(data) or zlib.crc32(data) % 20 == 0:
            told(data)

    with TemporaryDirectory() as folder:
        for number, data in enumerate(seeds()):
            (Path(folder) / f"{number:03}").write_bytes(data)
        limits = [f"-max_total_time={seconds}", "-max_len=4096", "-timeout=20", "-rss_limit_mb=1024"]
        limits += [] if seed is None else [f"-seed={seed}", f"-runs={RUNS}"]
        quiet = ["-verbosity=0", "-print_final_stats=1", f"-artifact_prefix={gettempdir()}/"]
        atheris.Setup([sys.argv[0], *limits, *quiet, folder], one)
        atheris.Fuzz()


if __name__ == "__main__":
    wanted = int(sys.argv[1])
    if atheris:
        by_coverage(wanted, int(sys.argv[2]) if len(sys.argv) > 2 else None)
    else:
        print("atheris is not installed: by chance alone")
        print(f"{by_chance(wanted)} requests, nothing found")
