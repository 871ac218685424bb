"""Server CPU of one-row requests with and without metrics, side by side; and what counting itself takes.

Run it with an image's Python: .slipway/envs/kmeans/bin/python -m benchmarks.metrics
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tools.process import command, free_port

from .client import load
from .environment import REPO
from .process import Server, tree
from .workload import CASES, write_training

sys.path.insert(0, str(REPO / "shared"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60, help="each measures every setting once, in turn")
    parser.add_argument("--seconds", type=float, default=0.4, help="length of one measurement")
    args = parser.parse_args()
    counting()
    with tempfile.TemporaryDirectory() as folder:
        worker(Path(folder) / "worker", args.rounds)
        serving(Path(folder), args.rounds, args.seconds)


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


def worker(run: Path, rounds: int) -> None:
    """µs of a worker alone per request, without sockets and nginx, by what it counts."""
    from .metrics_worker import ratios

    image = REPO / "images/kmeans"
    write_training(run)
    train, environ = command("train", image, run)
    subprocess.run(train, env=environ, check=True, capture_output=True)
    _, environ = command("serve", image, run, MODEL_SERVER_WORKERS="1", SLIPWAY_OPTIONS='{"ids": true}')
    found = ratios(environ, CASES["csv1"].request(False), rounds)
    print("\n| a worker counts | µs of CPU per one-row request | ratio to neither |\n| --- | --- | --- |")
    for name, (cost, ratio) in found.items():
        print(f"| {name} | {cost:.0f} | {ratio:.3f} |")


def serving(run: Path, rounds: int, seconds: float) -> None:
    """µs of the server's whole process tree per request, and the ratio to no metrics."""
    image = REPO / "images/kmeans"
    root = run / "ml"
    write_training(root)
    train, environ = command("train", image, root)
    subprocess.run(train, env=environ, check=True, capture_output=True)
    servers: dict[str, Server] = {}
    request = CASES["csv1"].request(False)
    costs: dict[str, list[float]] = {}
    told = {"MODEL_SERVER_WORKERS": "1", "SLIPWAY_OPTIONS": '{"ids": true}'}
    with ExitStack() as started:
        for name in ("off", "off again", "prometheus", "both"):  # the second tells what is noise
            port = free_port()
            more = {"SLIPWAY_METRICS": name.split()[0], "SAGEMAKER_BIND_TO_PORT": str(port)}
            server = Server(*command("serve", image, root, **told, **more), port, run / f"{name}.log")
            servers[name] = started.enter_context(server)
            server.wait_ready()
            load(port, request, 1, 4)
        for number in range(rounds):
            for name, server in servers.items():
                before = _cpu_ns(server)
                done = load(server.port, request, seconds, 4)
                cost = (_cpu_ns(server) - before) / 1000 / float(str(done["requests"]))
                costs.setdefault(name, []).append(cost)
            servers = dict(sorted(servers.items(), key=lambda _: random.random()))
            print(f"round {number + 1} of {rounds}", file=sys.stderr)
    print("\n| SLIPWAY_METRICS | µs of CPU per one-row request, median | ratio to off |\n| --- | --- | --- |")
    for name, found in sorted(costs.items()):
        ratio = statistics.median(a / b for a, b in zip(found, costs["off"], strict=True))
        print(f"| `{name}` | {statistics.median(found):.0f} | {ratio:.3f} |")


def _cpu_ns(server: Server) -> int:
    """CPU time of the server's processes that live, finer than the ticks of /proc/PID/stat."""
    stats = (Path(f"/proc/{pid}/schedstat").read_text() for pid in tree(server.pid))
    return sum(int(stat.split()[0]) for stat in stats)


if __name__ == "__main__":
    main()
