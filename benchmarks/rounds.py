"""The measuring itself: rounds in turn over started servers, and one good client beside many slow ones."""

import json
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .client import Connection
from .process import Server
from .stacks import Stack
from .workload import Case

CLIENT = Path(__file__).with_name("client.py")


def measure_case(
    case: Case,
    stacks: Sequence[Stack],
    servers: Mapping[str, Server],
    run: Path,
    rounds: int,
    seconds: float,
    connections: int,
) -> dict[str, Any]:
    """stack -> its status; CPU of each round, their median, and the median of their ratios to ours."""
    found: dict[str, dict[str, Any]] = {}
    answers: dict[str, bytes] = {}
    requests = {stack.name: run / f"{case.name}-{stack.name}" for stack in stacks if case.name in stack.cases}
    for stack in stacks:
        if (name := stack.name) in requests:
            request = case.request(stack.csv_header)
            requests[name].write_bytes(request)
            status, answer = _once(servers[name].port, request)
            found[name] = {"status": status, "cpu_us": []}
            if status == 200:
                answers[name] = answer
                _client("load", servers[name].port, requests[name], 1, connections)  # every worker warm
    _check_agreement(case, answers)
    for number in range(rounds):
        for name in answers:
            before = servers[name].cpu_seconds()
            done = _client("load", servers[name].port, requests[name], seconds, connections)
            if done["status"] != 200:
                raise SystemExit(f"{name} answered {done['status']} under load; see {servers[name].file}")
            cpu = servers[name].cpu_seconds() - before
            found[name]["cpu_us"].append(1e6 * cpu / done["requests"])
        print(f"{case.title}: round {number + 1} of {rounds}", file=sys.stderr)
    ours = found.get("ours", {}).get("cpu_us")
    for name in answers:
        one = found[name]
        one["median_us"] = statistics.median(one["cpu_us"])
        if ours:  # round by round, so that a busy neighbour is in both numbers
            one["ratio"] = statistics.median(a / b for a, b in zip(one["cpu_us"], ours, strict=True))
    return found


def slow_clients(server: Server, request: bytes, run: Path, count: int, seconds: float) -> dict[str, Any]:
    """A good client alone, then beside `count` connections that never finish a request."""
    file = run / "good-request"
    file.write_bytes(request)
    _client("load", server.port, file, 1, 4)
    alone = _client("good", server.port, file, seconds)
    command = [sys.executable, str(CLIENT), "slow", str(server.port), str(count)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as crowd:
        try:
            assert crowd.stdout is not None
            crowd.stdout.readline()  # all of them are there
            return {"alone": alone, "beside": _client("good", server.port, file, seconds)}
        finally:
            crowd.kill()


def _client(what: str, port: int, request: Path, seconds: float, *more: int) -> dict[str, Any]:
    command = [sys.executable, str(CLIENT), what, str(port), str(request), str(seconds), *map(str, more)]
    answer: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return answer


def _once(port: int, request: bytes) -> tuple[int, bytes]:
    connection = Connection(port)
    try:
        connection.send(request)
        return connection.receive()
    finally:
        connection.close()


def _check_agreement(case: Case, answers: Mapping[str, bytes]) -> None:
    """Clusters may have any numbers, but every row needs an answer and the groups must be the same."""
    if case.media != "text/csv":
        return
    ids = {name: answer.decode().split() for name, answer in answers.items()}
    for name, found in ids.items():
        if len(found) != case.rows:
            raise SystemExit(
                f"{name} answered {len(found)} lines to {case.rows} rows: {answers[name][:200]!r}"
            )
        for other in ids.values():
            if len(set(zip(found, other, strict=True))) != len(set(other)):
                raise SystemExit(f"{name} and another stack group the rows of {case.name} differently")
