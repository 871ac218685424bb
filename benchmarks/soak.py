"""Memory over time: a server of one model under load, and a multi-model endpoint whose models come and go.

    make soak IMG=kmeans MINUTES=60

Half the time goes to each. Clients ask all the time, and every row that was sent must be answered; on the
multi-model endpoint one model stays and is asked, others are loaded, asked and unloaded. Memory is what each
process has of its own and its share of what it shares (PSS), summed: its level in the last third of the time
over that in the second. Ends with 1 where that differs by more than 3 %, or a row is lost.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from harness.load import TYPE, Load, load_model  # of tests/, as is its clients' count
from tools import ROOT
from tools.client import Reply, send
from tools.process import Server, end_on_signals

from .process import memory_mb

KEPT = 4  # models that are loaded at the same time, besides the one that stays
LEVEL = 0.03  # by how much memory may differ


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("image")
    parser.add_argument("--minutes", type=float, default=60)
    options = parser.parse_args()
    end_on_signals()
    image = ROOT / "images" / options.image
    trained = ROOT / ".slipway/runs" / image.name / "model"
    if not trained.is_dir():
        sys.exit(f"nothing is trained yet; first: make demo IMG={image.name}")
    levels = []
    for name, soak in (("one model", single), ("models that come and go", multi)):
        with tempfile.TemporaryDirectory() as folder:
            levels.append(level(name, soak(image, trained, Path(folder), options.minutes * 30)))
    return any(abs(one - 1) > LEVEL for one in levels)


def single(image: Path, trained: Path, folder: Path, seconds: float) -> list[float]:
    """MB of a server of one model, from time to time."""
    shutil.copytree(trained, folder / "model")
    with Server.of(image, folder, folder / "log", MODEL_SERVER_WORKERS="2") as server:
        server.wait_ready()
        with Load.of(image, server.port) as asking:
            found = sampled(server.pid, seconds, lambda: time.sleep(1))
    print(asking.told())
    return found


def multi(image: Path, trained: Path, folder: Path, seconds: float) -> list[float]:
    """The same of a multi-model endpoint, always with as many models."""
    model = folder / "models/m/model"
    shutil.copytree(trained, model)
    sample = (image / "sample/request.csv").read_bytes()
    with Server.of(image, folder, folder / "log", SAGEMAKER_MULTI_MODEL="true") as server:
        server.wait_ready()
        come = [0]

        def next_one() -> None:
            """One comes and is asked, another goes."""
            name = str(come[0])
            _done(load_model(server.port, name, model))
            _done(send(server.port, "POST", f"/models/{name}/invoke", sample, TYPE))
            if come[0] >= KEPT:
                _done(send(server.port, "DELETE", f"/models/{come[0] - KEPT}"))
            come[0] += 1

        _done(load_model(server.port, "stays", model))
        with Load.of(image, server.port, "/models/stays/invoke") as asking:
            found = sampled(server.pid, seconds, next_one)
    print(f"{come[0]} models came and went; {asking.told()}")
    return found


def sampled(pid: int, seconds: float, work: Callable[[], None]) -> list[float]:
    """MB of a process and all below it, after each time that `work` is done."""
    until, found = time.monotonic() + seconds, []
    while time.monotonic() < until:
        work()
        found.append(memory_mb(pid))
    return found


def level(name: str, memory: list[float]) -> float:
    """The memory of the last third over that of the second; the first is for what is needed once."""
    third = len(memory) // 3
    before, after = (statistics.median(memory[part * third : (part + 1) * third]) for part in (1, 2))
    print(
        f"{name}: {before:.1f} MB, then {after:.1f} MB: {after / before:.3f}, of {len(memory)} samples",
        flush=True,
    )
    return after / before


def _done(reply: Reply) -> None:
    if not reply.ok:
        raise RuntimeError(f"{reply.status}: {reply.reason}")


if __name__ == "__main__":
    sys.exit(main())
