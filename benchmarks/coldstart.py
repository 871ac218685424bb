"""Time from `docker run` to the first 200 on /ping, model loaded, of images side by side; prints ratios.

Usage: python -m benchmarks.coldstart IMAGE:TAG=OPT_ML_FOLDER …; the folder is a tree in which it has trained,
as `make train` leaves it in .slipway/runs/<image>.
"""

import argparse
import statistics
import sys
import time

from tools.client import pings

from .containers import PUBLISHED, docker, port, started


def start(image: str, root: str) -> float:
    """Seconds from the start of the container, on a read-only root, to the first 200."""
    mounts = ["--volume", f"{root}/model:/opt/ml/model:ro", "--read-only", "--tmpfs", "/tmp"]
    begun = time.perf_counter()
    with started(image, "serve", *PUBLISHED, *mounts) as name:
        at = port(name)
        while time.perf_counter() - begun < 120:
            if pings(at):
                return time.perf_counter() - begun
            time.sleep(0.01)
        raise SystemExit(f"{image} was not ready after 120 s:\n{docker('logs', name, both=True)}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Cold start of images, side by side.")
    parser.add_argument("images", nargs="+", metavar="IMAGE=FOLDER")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    pairs = [entry.rpartition("=")[::2] for entry in options.images]
    seconds: dict[str, list[float]] = {image: [] for image, _ in pairs}
    for number in range(1, options.rounds + 1):
        print(f"round {number} of {options.rounds}", file=sys.stderr)
        for image, root in pairs:
            seconds[image].append(start(image, root))
    first = statistics.median(seconds[pairs[0][0]])
    print("| image | median | least | ratio to the first |\n| --- | --- | --- | --- |")
    for image, found in seconds.items():
        median = statistics.median(found)
        print(f"| {image} | {median:.2f} s | {min(found):.2f} s | {median / first:.2f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
