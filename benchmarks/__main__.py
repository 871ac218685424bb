"""Run the benchmarks again, of one image or of all, and write their tables.

    python -m benchmarks [--image NAME] [--data FOLDER] [--out FOLDER] [--list]

`make bench` calls this. Each table comes with what it stands on, and with commit
and load of this run.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tools.benchmark_runs import DATA, OUT, Run, is_data, runs

from .environment import CODE, REPO, uv


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--image", default="", help="one image; otherwise all, and what they share")
    add("--data", type=Path, help="the folder with the data sets that README.md describes")
    add("--out", type=Path, default=REPO / ".slipway/benchmarks", help="where the tables are written")
    add("--list", action="store_true", help="only say what would run")
    args = parser.parse_args()
    chosen = runs(image=args.image)
    if not chosen:
        parser.error(f"no benchmark of {args.image}; see benchmarks/runs.toml")
    print(f"about {sum(run.cpu_min for run in chosen):g} minutes of CPU", file=sys.stderr)
    failed = 0
    for run in chosen:
        why = lacks(run, args.data)
        said = why or "ready" if args.list else why or measure(run, args.data, args.out)
        failed += not args.list and not why and not said.startswith("wrote")
        print(f"{run.name}: {said}", flush=True)
    return 1 if failed else 0


def lacks(run: Run, data: Path | None) -> str:
    """Why a benchmark cannot run here; empty where it can."""
    if run.needs_data and data is None:
        return "left out: it needs data sets; say where they are (DATA=folder)"
    if not python(run).exists():
        return f"left out: there is no environment {run.env}; `make test` makes those of the images"
    return ""


def python(run: Run) -> Path:
    return REPO / ".slipway/envs" / run.env / "bin/python"


def command(run: Run, data: Path | None, out: Path) -> list[str]:
    """As it is started, with the folder of the data sets, and files of its own, in their places."""
    there, mine = str(data.resolve() if data else ""), str(out.resolve() / run.name)
    words = run.command.split()
    filled = [word.replace(DATA, there) if is_data(word) else word.replace(OUT, mine) for word in words]
    program = [str(python(run))]
    if run.requires:  # an environment for the time of the run: what is kept holds its lock file alone
        lock = REPO / "images" / run.image / "requirements.lock"
        added = [word for one in run.requires for word in ("--with", one)]
        program = [uv(), "run", "--no-project", "--with-requirements", str(lock), *added, "python"]
    return [*program, "-m", *filled]


def measure(run: Run, data: Path | None, out: Path) -> str:
    """Runs it, and writes what it printed below what that stands on."""
    out.mkdir(parents=True, exist_ok=True)
    begun, load = time.monotonic(), os.getloadavg()[0]
    done = subprocess.run(
        command(run, data, out),
        cwd=REPO,
        env={**os.environ, "PYTHONPATH": CODE},
        stdout=subprocess.PIPE,
        text=True,
    )
    if done.returncode != 0:
        return f"failed with exit code {done.returncode}"
    path = out / f"{run.name}.md"
    path.write_text("\n".join([*heading(run, load, time.monotonic() - begun), "", done.stdout]))
    return f"wrote {path}"


def heading(run: Run, load: float, seconds: float) -> Sequence[str]:
    """What the figures stand on."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--exclude=*"], cwd=REPO, capture_output=True, text=True
    )
    listed = subprocess.run(
        [python(run), "-c", _VERSIONS, *run.versions.split(", ")], capture_output=True, text=True
    )
    return [
        f"# {run.section}" + (f": {run.part}" if run.part else ""),
        "",
        f"- command: `python -m {run.command}`",
        f"- data: {run.data}; seed: {run.seed}",
        f"- budget: {run.budget}",
        f"- errors: {run.errors}",
        f"- versions: {listed.stdout.strip() or 'unknown'}; others by their lock files",
        f"- commit {commit.stdout.strip() or 'unknown'}, {time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores",
        f"- load {load:.1f} at the beginning, {seconds:.0f} s",
    ]


# In the environment itself: those of the libraries named in runs.toml that it has, as they are now.
_VERSIONS = """
import sys
from importlib.metadata import PackageNotFoundError, version
found = []
for one in sys.argv[1:]:
    name = one.rpartition(" ")[0]
    try:
        found.append(name + " " + version(name.lower()))
    except PackageNotFoundError:
        pass
print(", ".join(found))
"""


if __name__ == "__main__":
    sys.exit(main())
