"""The memory of answering one large request: the peak over what the process held, beside the request's size.

    make demo IMG=kmeans
    .slipway/envs/kmeans/bin/python -m benchmarks.answering kmeans [--mb 10] [--accept application/json]
    .slipway/envs/kmeans/bin/python -m benchmarks.answering kmeans --mb 100 --container 1024

The request is the image's sample, again and again: as CSV with names, as CSV with on_error=record, as JSON of
lists, as JSON Lines of objects. In the process that asks, without a server; with `--container` over HTTP, in
a container of the image with so many MB of memory and no swap, as CSV alone. $SLIPWAY_MODEL_DIR names another
model than that of `make demo`.
"""

import argparse
import ctypes
import gc
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tools import ROOT, client
from tools.process import wait_until

from . import containers
from .containers import docker

MB = 1 << 20


def repeated(image: Path, size: int) -> tuple[bytes, list[bytes]]:
    """The sample's line of names, and its rows until they have so many bytes."""
    head, *rows = (image / "sample/request.csv").read_bytes().splitlines()
    return head, rows * max(1, size // (sum(map(len, rows)) + len(rows)))


def bodies(image: Path, size: int) -> Iterator[tuple[str, str, str, bytes]]:
    """What it is called, media type, custom attributes, body."""
    from slipway.formats import read_table

    head, rows = repeated(image, size)
    csv = b"\n".join([head, *rows]) + b"\n"
    yield "CSV", "text/csv", "", csv
    yield "CSV, on_error=record", "text/csv", "on_error=record", csv
    table = read_table((image / "sample/request.csv").read_bytes(), "text/csv; header=present")
    cells = [[None if cell != cell else cell for cell in table.column(name).tolist()] for name in table.names]
    times = len(rows) // table.height
    lists = [list(row) for row in zip(*cells, strict=True)] * times
    yield "JSON", "application/json", "", json.dumps({"instances": lists}).encode()
    objects = (json.dumps(dict(zip(table.names, row, strict=True))).encode() + b"\n" for row in lists)
    yield "JSON Lines", "application/jsonlines", "", b"".join(objects)


def in_process(image: Path, size: int, accept: str) -> None:
    from slipway.serving.endpoint import Endpoint
    from slipway.settings import Settings

    told = {"SLIPWAY_ALGORITHM": str(image), "SLIPWAY_ROOT": str(ROOT / ".slipway/runs" / image.name)}
    if folder := os.environ.get("SLIPWAY_MODEL_DIR"):
        told["SLIPWAY_MODEL_DIR"] = folder
    served = Endpoint.load(Settings.read(told))
    served.model.warm()
    print("| request | MB | answer, MB | peak, MB | peak with the request / request |")
    print("| --- | --- | --- | --- | --- |")
    for what, media_type, attributes, body in bodies(image, size):
        served.answer((image / "sample/request.csv").read_bytes(), "text/csv", accept)
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        before = held("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")
        answer = served.answer(body, media_type, accept, attributes)
        peak = held("VmHWM") - before
        if answer.status != 200:
            raise SystemExit(f"{answer.status}: {answer.message}")
        size_of = len(answer.body) if answer.size is None else answer.size
        ratio = (peak * MB + len(body)) / len(body)
        print(
            f"| {what} | {len(body) / MB:.1f} | {size_of / MB:.1f} | {peak:.0f} | {ratio:.1f} |", flush=True
        )


def held(name: str) -> float:
    """MB of this process: VmRSS now, VmHWM at most."""
    found = re.search(rf"{name}:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def in_container(image: Path, size: int, limit: int, mounted: bool) -> None:
    model = Path(os.environ.get("SLIPWAY_MODEL_DIR", ROOT / ".slipway/runs" / image.name / "model"))
    head, rows = repeated(image, size)
    body = b"\n".join([head, *rows]) + b"\n"
    limits = ["--memory", f"{limit}m", "--memory-swap", f"{limit}m", "--env", "MODEL_SERVER_TIMEOUT=600"]
    mounts = ["--volume", f"{model}:/opt/ml/model:ro"]
    if mounted:
        mounts += ["--volume", f"{ROOT / 'shared/slipway'}:/opt/slipway/slipway:ro"]
        mounts += ["--volume", f"{image}:/opt/algorithm/{image.name}:ro"]
    with containers.started(
        f"slipway/{image.name}", "serve", *limits, *containers.PUBLISHED, *mounts
    ) as name:
        port = containers.port(name)
        wait_until(lambda: client.pings(port), "a 200 on /ping", lambda: docker("logs", name, both=True))
        idle = containers.held(name) / MB
        reply = client.send(port, "POST", "/invocations", body, client.asked("text/csv", ""), timeout=600)
        answered = f"{len(reply.body.splitlines()):,} answers" if reply.ok else reply.text
        print(f"{image.name}: {len(body) / MB:.0f} MB, {len(rows):,} rows, in a container of {limit} MB:")
        print(f"{reply.status}, {answered}")
        killed = docker("inspect", "--format", "{{.State.OOMKilled}}", name)
        most = containers.held(name) / MB
        print(f"processes held {idle:.0f} MB before, at most {most:.0f} MB; killed: {killed}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("image")
    parser.add_argument("--mb", type=float, default=10)
    parser.add_argument("--accept", default="")
    parser.add_argument("--container", type=int, metavar="MB")
    parser.add_argument("--mounted", action="store_true", help="with the code as it is here")
    options = parser.parse_args()
    image = ROOT / "images" / options.image
    if options.container:
        in_container(image, int(options.mb * MB), options.container, options.mounted)
    else:
        in_process(image, int(options.mb * MB), options.accept)


if __name__ == "__main__":
    sys.exit(main())
