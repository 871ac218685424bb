"""What is true of this algorithm alone; what holds for every image is in tests/contract. To be replaced."""

from pathlib import Path

import numpy as np

from slipway import Channel, Job
from slipway.image import Image
from slipway.paths import Paths

IMAGE = Image.read(Path(__file__).parents[1])
TRAINER = IMAGE.trainer()


def fit(**hyperparameters: object) -> tuple[object, Job]:
    job = Job(IMAGE, Paths(IMAGE.folder))
    channel = Channel("train", IMAGE.folder / "sample/train")
    return TRAINER.fit({"train": channel}, IMAGE.hyperparameters().read(hyperparameters), job), job


def test_the_model_is_better_than_the_mean_of_the_target() -> None:
    _, job = fit(target="price", bags="20")
    prices = Channel("train", IMAGE.folder / "sample/train").table.number("price")
    assert job.metrics["rmse"] < 0.5 * prices.std()


def test_more_bags_than_one_change_the_weights() -> None:
    one, _ = fit(target="price", bags="1")
    many, _ = fit(target="price", bags="50")
    assert not np.array_equal(one.weights, many.weights)  # type: ignore[attr-defined]
