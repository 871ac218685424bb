"""Server CPU per request: ours, the classic stack, AWS's scikit-learn stack and a C program, side by side.

Nothing here asserts a time: machines differ, ratios measured side by side do not much. See README.md.
"""

import argparse
import json
import resource
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from . import report
from .environment import LeftOutError
from .process import Server
from .rounds import measure_case, slow_clients
from .stacks import STACKS, Stack
from .workload import CASES


def main() -> None:
    args = arguments()
    run = Path(tempfile.mkdtemp(prefix="bench-serving-"))
    run.chmod(0o755)  # an nginx started by root works as another user
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard < 2 * args.slow_clients + 200:
        sys.exit(f"{args.slow_clients} slow clients need a hard `ulimit -n` of {2 * args.slow_clients + 200}")
    try:
        stacks = prepare(args.stack, run, args.workers)
        result = {"slow_clients": beside_slow(stacks, run, args)} if args.slow_clients else {}
        result = result or {"cases": measure(stacks, run, args)}
        result["notes"] = report.notes(stacks, args.workers, args.connections)
        print(report.text(result))
        if args.json:
            args.json.write_text(json.dumps(result, indent=2) + "\n")
    finally:
        if args.keep:
            print(f"logs and models: {run}")
        else:
            shutil.rmtree(run, ignore_errors=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    add = parser.add_argument
    add("--rounds", type=int, default=5, help="each round measures every stack once, in turn")
    add("--seconds", type=float, default=2.0, help="length of one measurement")
    for name, known in (("--stack", STACKS), ("--case", CASES)):
        add(name, default=",".join(known), metavar="A,B", help="which to measure")
    add("--workers", type=int, default=1, help="worker processes of every stack")
    add("--connections", type=int, default=4, help="requests under way at a time")
    add(
        "--slow-clients", type=int, default=0, metavar="N", help="instead: one good client beside N slow ones"
    )
    add("--json", type=Path, metavar="OUT", help="also write every figure here")
    add("--keep", action="store_true", help="keep the servers' logs and models")
    args = parser.parse_args()
    for kind, known in (("stack", STACKS), ("case", CASES)):
        setattr(args, kind, names := getattr(args, kind).split(","))
        if unknown := [name for name in names if name not in known]:
            parser.error(f"no {kind} named {unknown[0]}; there are {', '.join(known)}")
    return args


def prepare(names: list[str], run: Path, workers: int) -> list[Stack]:
    stacks = []
    for name in names:
        try:
            stacks.append(STACKS[name](run, workers))
        except LeftOutError as why:
            print(f"left out: {name}: {why}", file=sys.stderr)
    if not stacks:
        sys.exit("no stack is left to measure")
    return stacks


def measure(stacks: list[Stack], run: Path, args: argparse.Namespace) -> dict[str, Any]:
    """The CSV cases and the JSON cases each get freshly started servers, those of all stacks up at once."""
    found = {}
    for media in dict.fromkeys(CASES[name].media for name in args.case):
        servers = start(stacks, media)
        try:
            for case in (CASES[name] for name in args.case if CASES[name].media == media):
                found[case.name] = measure_case(
                    case, stacks, servers, run, args.rounds, args.seconds, args.connections
                )
        finally:
            stop(servers)
    return found


def beside_slow(stacks: list[Stack], run: Path, args: argparse.Namespace) -> dict[str, Any]:
    found = {}
    for stack in stacks:
        case = CASES[stack.single_row]
        servers = start([stack], case.media)
        try:
            request = case.request(stack.csv_header)
            found[stack.name] = slow_clients(
                servers[stack.name], request, run, args.slow_clients, 5 * args.seconds
            )
        finally:
            stop(servers)
    return found


def start(stacks: list[Stack], media: str) -> dict[str, Server]:
    servers = {}
    try:
        for stack in stacks:
            servers[stack.name] = stack.start(media)
            servers[stack.name].wait_ready()
    except BaseException:
        stop(servers)
        raise
    return servers


def stop(servers: dict[str, Server]) -> None:
    for server in servers.values():
        server.stop()


if __name__ == "__main__":
    main()
