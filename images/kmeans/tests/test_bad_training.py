"""Training jobs of k-means that fail, and how they say so."""

from pathlib import Path

import pytest

from harness.places import Place
from harness.samples import Sample

BAD_TRAININGS = {
    "k of 0": ({"k": "0"}, None, "hyperparameter k: expected"),
    "k of 50 with 12 rows": ({"k": '"50"'}, 12, "k is 50, but the train channel has only 12 rows"),
    "an unknown column": ({"features": "nothing"}, 12, "features: no column nothing"),
    "commas and semicolons": ({}, b"1,5;7;2,5\n9,5;8;3,5\n", "delimiter=semicolon"),
    "texts only": ({}, b"x,y\na,b\nc,d\n", "no column of numbers"),
    "a stray text": (
        {},
        b"x,y\n1,2\n3,4\n5,oops\n",
        'row 3, column "y": expected a number as in the column\'s other cells, got "oops"',
    ),
    "a mixture of one row": (
        {"algorithm": "gaussian_mixture"},
        1,
        "algorithm=gaussian_mixture needs at least 2 rows, and the train channel has 1",
    ),
    "infinity": ({}, b"x,y\n1,2\n3,inf\n", "expected a finite number"),
}


@pytest.mark.only("inside")  # how a failure leaves a container is in the contract
@pytest.mark.parametrize("bad", BAD_TRAININGS)
def test_a_bad_training_job_fails_with_a_line_that_helps(
    place: Place, sample: Sample, tmp_path: Path, bad: str
) -> None:
    hyperparameters, table, message = BAD_TRAININGS[bad]
    root = sample.lay_out(tmp_path / "ml", hyperparameters)
    if isinstance(table, int):
        table = "".join(f"{number},{number % 5}\n" for number in range(table)).encode()
    if table is not None:
        (root / "input/data/train/penguins.csv").write_bytes(table)
    training = place.train(root)
    assert training.code == 255
    assert message in training.failure
    assert len(training.failure.splitlines()) == 1


@pytest.mark.only("inside")
@pytest.mark.parametrize("k", ["5", '"5"', '"\\"5\\""'])
def test_one_row_and_a_quoted_k_are_taken(place: Place, sample: Sample, tmp_path: Path, k: str) -> None:
    root = sample.lay_out(tmp_path / "ml", {"k": k, "k_max": "2", "n_init": "1"})
    assert place.train(root).code == 0
    (root / "input/data/train/penguins.csv").write_text("1,2,3\n")
    (root / "input/config/hyperparameters.json").write_text("{}")
    assert place.train(root).code == 0
