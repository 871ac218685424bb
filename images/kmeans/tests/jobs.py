"""Training jobs of k-means, run in the test's own process, and files for them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harness import hosts
from harness.samples import Sample
from slipway import Channel, Job
from slipway.image import Image
from slipway.paths import Paths

IMAGE = Image.read(Path(__file__).parents[1])
MODEL = IMAGE.predictor()
TRAINER = IMAGE.trainer()
NUMBERS = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]


def fit(
    folder: Path, test: Path | None = None, root: Path | None = None, **hyperparameters: str
) -> tuple[Any, Job]:
    job = Job(IMAGE, Paths(root or folder))
    data = {"train": Channel("train", folder)} | ({"test": Channel("test", test)} if test else {})
    return TRAINER.fit(data, IMAGE.hyperparameters().read(hyperparameters), job), job


def write(folder: Path, matrix: Any, names: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    lines = [names] if names else []
    lines += [",".join("" if np.isnan(cell) else repr(float(cell)) for cell in row) for row in matrix]
    (folder / "rows.csv").write_text("\n".join(lines) + "\n")
    return folder


def fit_on_hosts(
    sample: Sample, folder: Path, parts: Sequence[Any], **hyperparameters: str
) -> tuple[Path, str]:
    """A job on several hosts, each of which has one of `parts`: tree and log of the one that trained."""
    names = hosts.addresses(len(parts))
    roots = [sample.lay_out(folder / name, {"algorithm": "distributed", **hyperparameters}) for name in names]
    for name, root, rows in zip(names, roots, parts, strict=True):
        (root / "input/data/train/penguins.csv").unlink()
        write(root / "input/data/train", rows, "a,b,c")
        (root / "input/data/train/rows.csv").rename(root / f"input/data/train/{name}.csv")
        hosts.configure(root, name, names, ["train"])
    with hosts.started(IMAGE.folder, roots) as started:
        done = [host.wait() for host in started]
    assert [one.code for one in done] == [0] * len(parts), [one.log for one in done]
    return roots[0], done[0].log
