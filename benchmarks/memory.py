"""Training beyond memory: k-means from a file larger than its container may hold; prints peaks and ratios.

Usage: -m benchmarks.memory [--image slipway/kmeans:latest] [--limit-mb 700] [--file-mb 1400] [--folder DIR]

The file is made once: rows of 16 numbers around 8 centres, as CSV. Docker limits the container, also in swap:
a job that took more would be killed. In Pipe mode the same bytes come through FIFOs.
"""

import argparse
import os
import re
import sys
import threading
import time
from pathlib import Path

import numpy as np

from tools.layout import configure

from .containers import docker, held, started

MB = 1 << 20
COLUMNS = 16


def make(path: Path, size: int) -> None:
    """Rows of a CSV, `size` bytes of them."""
    random = np.random.default_rng(0)
    centres = random.normal(size=(8, COLUMNS)) * 5
    with path.open("w") as file:
        file.write(",".join(f"x{place}" for place in range(COLUMNS)) + "\n")
        while file.tell() < size:
            rows = centres[random.integers(8, size=20_000)] + random.normal(size=(20_000, COLUMNS))
            file.write("\n".join(",".join(f"{cell:.6f}" for cell in row) for row in rows) + "\n")


def lay_out(root: Path, data: Path, mode: str) -> None:
    """A tree like /opt/ml whose train channel is `data`, as a file or through FIFOs."""
    (root / "input/data").mkdir(parents=True)
    given = {"k": 8, "n_init": 1, "k_max": 8, "max_iter": 2}
    configure(root, given, ["train"], ContentType="text/csv", TrainingInputMode=mode)
    if mode == "File":
        (root / "input/data/train").mkdir()
        os.link(data, root / "input/data/train/rows.csv")


def feed(root: Path, data: Path, done: threading.Event) -> None:
    """Writes the data into one FIFO an epoch, until the job has ended."""
    epoch = 0
    while not done.is_set():
        fifo = root / f"input/data/train_{epoch}"
        os.mkfifo(fifo)
        with fifo.open("wb", buffering=0) as stream, data.open("rb") as source:
            try:
                while piece := source.read(MB):
                    stream.write(piece)
            except BrokenPipeError:
                pass
        epoch += 1


def train(image: str, root: Path, data: Path, mode: str, limit: int) -> tuple[float, float, int]:
    """MB at the peak (without the page cache), seconds, passes over the data."""
    done = threading.Event()
    if mode == "Pipe":
        threading.Thread(target=feed, args=(root, data, done), daemon=True).start()
    limits = ["--memory", str(limit), "--memory-swap", str(limit), "--volume", f"{root}:/opt/ml"]
    begun = time.perf_counter()
    try:
        with started(image, "train", *limits) as name:
            peak = 0
            while docker("inspect", "--format", "{{.State.Running}}", name) == "true":
                peak = max(peak, held(name))
                time.sleep(0.2)
            code = docker("wait", name)
            log = docker("logs", name, both=True)
    finally:
        done.set()
    if code != "0":
        raise SystemExit(f"the job failed with {code}:\n{log}")
    return peak / MB, time.perf_counter() - begun, len(re.findall(r"pass \d+: the centres", log))


def main() -> int:
    parser = argparse.ArgumentParser(description="k-means from a file larger than its container's memory.")
    parser.add_argument("--image", default="slipway/kmeans:latest")
    parser.add_argument("--limit-mb", type=int, default=700)
    parser.add_argument("--file-mb", type=int, default=1400)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/slipway-beyond"))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    data = options.folder / f"rows-{options.file_mb}.csv"
    if not data.exists():
        print(f"making {data}", file=sys.stderr)
        make(data, options.file_mb * MB)
    size = data.stat().st_size / MB
    print("| mode | file | limit | peak | file / limit | file / peak | passes | seconds |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for mode in ("File", "Pipe"):
        root = options.folder / f"{mode}-{time.time_ns()}"
        lay_out(root, data, mode)
        peak, seconds, passes = train(options.image, root, data, mode, options.limit_mb * MB)
        print(
            f"| {mode} | {size:,.0f} MB | {options.limit_mb} MB | {peak:,.0f} MB "
            f"| {size / options.limit_mb:.1f} | {size / peak:.1f} | {passes} | {seconds:.0f} |",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
