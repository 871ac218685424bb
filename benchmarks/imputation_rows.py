"""A million rows through the imputation image's server: rows a CPU second, and the memory of its processes.

    python -m benchmarks.imputation_rows --rows 1000000 --piece 250000

The model is the sample's; the rows are its, with three cells of ten taken out. One worker. See README.md.
"""

import argparse
import csv
import io
import random
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from tools import client, layout, process

from .environment import REPO, environment
from .process import Server, memory_mb

IMAGE = REPO / "images/imputation"
GAPS = 0.3
SINGLE = 200  # requests of one row


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--piece", type=int, default=250_000, help="rows of one request")
    args = parser.parse_args()
    run = Path(tempfile.mkdtemp(prefix="bench-rows-"))
    try:
        measure(args, run)
    finally:
        shutil.rmtree(run, ignore_errors=True)


def measure(args: argparse.Namespace, run: Path) -> None:
    python = environment("bench-imputation", IMAGE / "requirements.lock")
    root, port = run / "ml", process.free_port()
    told = {
        "SAGEMAKER_BIND_TO_PORT": str(port),
        "MODEL_SERVER_WORKERS": "1",
        "MODEL_SERVER_TIMEOUT": "900",
        "OMP_NUM_THREADS": "1",
    }
    layout.lay_out(root, {"train": IMAGE / "sample/train"}, IMAGE / "sample/hyperparameters.json")
    command, environ = process.command("train", IMAGE, root, python, **told)
    subprocess.run(command, env=environ, check=True, capture_output=True)
    with Server(*process.command("serve", IMAGE, root, python, **told), port, run / "serve.log") as server:
        server.wait_ready()
        ask(port, rows(10))
        peak = Peak(server.pid)
        print(f"ready: {memory_mb(server.pid):.0f} MB in all processes")
        begin, done = server.cpu_seconds(), 0
        while done < args.rows:
            body = rows(min(args.piece, args.rows - done))
            answer = ask(port, body)
            done += answer.count(b"\n")
            used = server.cpu_seconds() - begin
            print(
                f"{done} rows, {len(body) / 1e6:.1f} MB a request, {len(answer) / 1e6:.1f} MB an answer: "
                f"{done / used:,.0f} rows a CPU second, at most {peak.most:.0f} MB",
                flush=True,
            )
        begin, one = server.cpu_seconds(), rows(1)
        for _ in range(SINGLE):
            ask(port, one)
        print(f"one row: {1000 * (server.cpu_seconds() - begin) / SINGLE:.1f} ms of CPU")


class Peak:
    """The most memory that a process and all below it had at a time."""

    def __init__(self, pid: int) -> None:
        self.pid, self.most = pid, 0.0
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            self.most = max(self.most, memory_mb(self.pid))
            time.sleep(0.1)


def rows(count: int) -> bytes:
    """A CSV of the sample's rows, some of their cells empty."""
    with (IMAGE / "sample/train/penguins.csv").open() as file:
        header, *body = csv.reader(file)
    draw, out = random.Random(count), io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    for place in range(count):
        writer.writerow(["" if draw.random() < GAPS else cell for cell in body[place % len(body)]])
    return out.getvalue().encode()


def ask(port: int, body: bytes) -> bytes:
    answer = client.ask(port, body, "text/csv")
    if answer.status != 200:
        raise RuntimeError(f"{answer.status}: {answer.text[:300]}")
    return answer.body


if __name__ == "__main__":
    main()
