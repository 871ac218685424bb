"""CPU of whole one-row requests with and without metrics, side by side; and what counting itself takes.

Run it with an image's Python: .slipway/envs/kmeans/bin/python -m benchmarks.metrics
"""

import argparse
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tools.process import command, free_port

from .client import Connection
from .environment import REPO
from .metrics_switch import VARIANTS
from .process import Server, tree
from .workload import CASES, write_training

sys.path.insert(0, str(REPO / "shared"))

AT_ONCE = 4  # requests under way
TURNS = 32  # of so many requests, between two changes of what is counted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=500, help="each measures every variant once, in turn")
    args = parser.parse_args()
    counting()
    with tempfile.TemporaryDirectory() as folder:
        serving(Path(folder) / "ml", args.rounds)


def counting() -> None:
    """µs per request: of adding to cells, and of prometheus_client's multiprocess mode."""
    ours, theirs = _cells(), _prometheus_client()
    rows = [(_cost(ours), _cost(theirs)) for _ in range(7)]
    print("| counting one request | µs of CPU, median |\n| --- | --- |")
    print(f"| shared cells | {statistics.median(a for a, _ in rows):.2f} |")
    print(f"| prometheus_client, multiprocess | {statistics.median(b for _, b in rows):.2f} |")


def _cells() -> Callable[[], object]:
    from slipway.serving.answer import Answer
    from slipway.serving.metrics.meter import CellMeter
    from slipway.serving.metrics.shared import Counts

    meter, answer = CellMeter(Counts(1).blocks[0]), Answer(200, "text/csv", b"1\n", rows=1)
    return lambda: meter.end(answer, 100, meter.begin())


def _prometheus_client() -> Callable[[], object]:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp()
    import prometheus_client as client

    registry = client.CollectorRegistry()
    flying = client.Gauge("flying", "-", registry=registry, multiprocess_mode="livesum")
    status = client.Counter("requests", "-", ["status"], registry=registry).labels("200")
    rows = client.Counter("rows", "-", registry=registry)
    times, received, sent = (client.Histogram(name, "-", registry=registry) for name in ("t", "r", "s"))

    def count() -> None:
        flying.inc()
        begun = time.perf_counter()
        times.observe(time.perf_counter() - begun)
        received.observe(100)
        sent.observe(2)
        rows.inc(1)
        status.inc()
        flying.dec()

    return count


def _cost(work: Callable[[], object], times: int = 20_000) -> float:
    begun = time.process_time()
    for _ in range(times):
        work()
    return 1e6 * (time.process_time() - begun) / times


def serving(run: Path, rounds: int) -> None:
    """µs of all processes of a server per request, by what its worker counts, and the ratio to neither."""
    image, port = REPO / "images/kmeans", free_port()
    write_training(run)
    train, environ = command("train", image, run)
    subprocess.run(train, env=environ, check=True, capture_output=True)
    told = {
        "MODEL_SERVER_WORKERS": "1",
        "SLIPWAY_OPTIONS": '{"ids": true}',
        "SAGEMAKER_BIND_TO_PORT": str(port),
    }
    _, environ = command("serve", image, run, PYTHONPATH=f"{REPO / 'shared'}:{REPO}", **told)
    request = CASES["csv1"].request(False)
    with Server([sys.executable, "-m", "benchmarks.metrics_switch"], environ, port, run / "log") as server:
        server.wait_ready()
        connections = [Connection(port) for _ in range(AT_ONCE)]
        _ask(connections, request, 500)
        processes = [*tree(server.pid)]
        costs: dict[str, list[float]] = {name: [] for name in VARIANTS}
        for _ in range(rounds):
            for name in random.sample([*VARIANTS], len(VARIANTS)):
                os.kill(_worker(processes), signal.SIGRTMIN + [*VARIANTS].index(name))
                _ask(connections, request, 3)
                before = _cpu_ns(processes)
                _ask(connections, request, TURNS)
                costs[name].append((_cpu_ns(processes) - before) / 1000 / TURNS / AT_ONCE)
    print("\n| nginx and a worker that counts | µs of CPU per one-row request | ratio to neither |")
    print("| --- | --- | --- |")
    _tell(costs)


def _ask(connections: Sequence[Connection], request: bytes, times: int) -> None:
    for _ in range(times):
        for connection in connections:
            connection.send(request)
        for connection in connections:
            status, _ = connection.receive()
            assert status == 200


def _tell(costs: Mapping[str, Sequence[float]]) -> None:
    """Medians, and of the ratios within each round the median with its standard error."""
    plain = costs["neither"]
    for name, found in costs.items():
        ratios = [a / b for a, b in zip(found, plain, strict=True)]
        middle = statistics.median(ratios)
        spread = 1.48 * statistics.median(abs(ratio - middle) for ratio in ratios)
        error = 1.25 * spread / len(ratios) ** 0.5
        print(f"| {name} | {statistics.median(found):.1f} | {middle:.3f} ± {error:.3f} |")


def _worker(processes: Sequence[int]) -> int:
    """The one that answers: the youngest of Python's."""
    return max(pid for pid in processes if b"metrics_switch" in Path(f"/proc/{pid}/cmdline").read_bytes())


def _cpu_ns(processes: Sequence[int]) -> int:
    """CPU time of processes that live, finer than the ticks of /proc/PID/stat."""
    return sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in processes)


if __name__ == "__main__":
    main()
