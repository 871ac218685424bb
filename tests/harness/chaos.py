"""Processes that are killed, clocks that jump, disks that are full, jobs that are stopped: `make chaos`.

Usage: python -m harness.chaos IMAGE… --kills N --stops N [--only NAME]

Serving: N processes of a server under load are killed with SIGKILL, worker, nginx, gunicorn's master and
process 1; a quarter as many of a multi-model endpoint. Clients ask again what is lost, and every row that was
sent must be answered, once and as it was before. Training: each image's sample, ended by SIGTERM at random
moments, twice at once in one folder, on a full disk. Ends with 1 where anything is not as it should be.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from harness import interrupted, kills
from tools import ROOT, trained_samples
from tools.process import end_on_signals


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("images", nargs="+")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--stops", type=int, default=5)
    parser.add_argument("--only", default="", help="a word in the names of the campaigns to run")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    end_on_signals()
    random.seed(options.seed)
    print(f"seed {options.seed}", flush=True)
    failed = [
        name
        for image in options.images
        for name, campaign in campaigns(ROOT / "images" / image, options.kills, options.stops).items()
        if options.only in name and not _ran(f"{image}, {name}", campaign)
    ]
    print(f"not as it should be: {', '.join(failed)}" if failed else "all as it should be")
    return bool(failed)


def campaigns(image: Path, killed: int, stops: int) -> dict[str, Callable[[], str]]:
    """What there is to try of an image, by name."""
    python = ROOT / ".slipway/envs" / image.name / "bin/python"

    def served(work: Callable[[Path, Path], str]) -> Callable[[], str]:
        def ran() -> str:
            with tempfile.TemporaryDirectory() as folder:
                root, held = Path(folder, "trained"), Path(folder, "served")
                held.mkdir()
                interrupted.laid_out(image, root)
                trained_samples.train_sample(image, root, str(python))
                return work(root / "model", held)

        return ran

    def single(model: Path, folder: Path) -> str:
        counts, load = kills.single(image, model, folder, killed, python=python)
        return f"{_listed(counts)} killed; {load.told()}"

    def multi(model: Path, folder: Path) -> str:
        counts, load = kills.multi(image, model, folder, max(1, killed // 4), python=python)
        return f"{_listed(counts)} killed; {load.told()}"

    def clock(model: Path, folder: Path) -> str:
        jumps = max(2, killed // 10)
        return f"{jumps} jumps; {kills.clock(image, model, folder, jumps, python=python).told()}"

    return {
        "kill -9": served(single),
        "kill -9 of models": served(multi),
        "clock jumps": served(clock),
        "SIGTERM": lambda: _listed(interrupted.stopped(image, python, stops)),
        "two jobs in one folder": lambda: _listed(interrupted.two_in_one_folder(image, python)),
        "full disk": lambda: _listed(interrupted.full_disk(image, python)),
    }


def _ran(name: str, campaign: Callable[[], str]) -> bool:
    started = time.monotonic()
    try:
        told = campaign()
    except Exception as error:
        print(f"{name}: NOT as it should be: {type(error).__name__}: {error}", flush=True)
        return False
    print(f"{name}: {told} [{time.monotonic() - started:.0f} s]", flush=True)
    return True


def _listed(counts: Counter[str]) -> str:
    return "; ".join(f"{count} {name}" for name, count in counts.most_common())


if __name__ == "__main__":
    sys.exit(main())
