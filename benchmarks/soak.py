"""Multi-model endpoint: loads and unloads under load, and the memory that is left at the end.

    make demo IMG=kmeans
    .slipway/envs/kmeans/bin/python -m benchmarks.soak images/kmeans [--times 200]

Serves the image with SAGEMAKER_MULTI_MODEL on this machine. One model stays and is asked all the time, others
come and go. Memory is what each process has of its own and its share of what it shares (PSS), summed.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from threading import Event, Thread

from tools import ROOT
from tools.client import Reply, send
from tools.process import Server

from .process import memory_mb

KEPT = 4  # models that are loaded at the same time


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("image", type=Path)
    parser.add_argument("--times", type=int, default=200)
    options = parser.parse_args()
    image = options.image.resolve()
    trained = ROOT / ".slipway/runs" / image.name / "model"
    if not trained.is_dir():
        sys.exit(f"nothing is trained yet; first: make demo IMG={image.name}")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(trained, Path(folder, "models/m/model"))
        with Server.of(image, Path(folder), Path(folder, "log"), SAGEMAKER_MULTI_MODEL="true") as server:
            server.wait_ready()
            soak(server.port, server.pid, Path(folder, "models/m/model"), image, options.times)


def soak(port: int, pid: int, model: Path, image: Path, times: int) -> None:
    body = (image / "sample/request.csv").read_bytes()

    def done(reply: Reply) -> None:
        if not reply.ok:
            raise RuntimeError(f"{reply.status}: {reply.reason}")

    def load(name: str) -> None:
        given = json.dumps({"model_name": name, "url": str(model)})
        done(send(port, "POST", "/models", given.encode()))

    def ask(name: str) -> None:
        done(send(port, "POST", f"/models/{name}/invoke", body, {"Content-Type": "text/csv"}))

    load("stays")
    asked, over = [0], Event()

    def keep_asking() -> None:
        while not over.is_set():
            ask("stays")
            asked[0] += 1

    ask("stays")
    before = memory_mb(pid)
    asking = Thread(target=keep_asking)
    asking.start()
    started, most = time.monotonic(), 0.0
    for number in range(times):
        load(str(number))
        ask(str(number))
        if number % 20 == 0:
            most = max(most, memory_mb(pid))
            print(f"{number} of {times} loaded", file=sys.stderr)
        if number >= KEPT:
            done(send(port, "DELETE", f"/models/{number - KEPT}"))
    for number in range(max(0, times - KEPT), times):
        done(send(port, "DELETE", f"/models/{number}"))
    over.set()
    asking.join()
    spent, after = time.monotonic() - started, memory_mb(pid)
    print(f"{times} models came and went in {spent:.0f} s, while one was asked {asked[0]} times")
    print(
        f"memory in MB: {before:.0f} with one model, {most:.0f} with {KEPT + 1}, {after:.0f} with one again"
    )
    print(f"ratio of the end to the beginning: {after / before:.2f}")
    print(f"a further model: {(most - before) / KEPT:.0f} MB")


if __name__ == "__main__":
    main()
