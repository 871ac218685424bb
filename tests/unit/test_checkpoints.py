"""What a job keeps against interruption, and when it goes on from it."""

import json
from pathlib import Path

import pytest

from slipway.training.checkpoints import Checkpoints

STAMP = {"image": "adder", "version": "1.2.3", "hyperparameters": {"k": 3}}


def keep(checkpoints: Checkpoints, text: str) -> None:
    checkpoints.save("model.txt", lambda path: path.write_text(text))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.mark.contract("A9.1")
def test_a_job_that_starts_again_finds_what_it_saved(tmp_path):
    """The platform puts the folder back before it starts the container again."""
    keep(Checkpoints(tmp_path / "kept", STAMP), "half")
    found = Checkpoints(tmp_path / "kept", STAMP).find("model.txt")
    assert found.read_text() == "half"


def test_the_last_one_saved_counts(tmp_path):
    checkpoints = Checkpoints(tmp_path, STAMP)
    for text in ("one", "two"):
        keep(checkpoints, text)
    assert checkpoints.find("model.txt").read_text() == "two"
    assert names(tmp_path) == ["job.json", "model.txt"]


def test_without_a_folder_nothing_is_kept_and_nothing_asked_for(tmp_path):
    checkpoints = Checkpoints(None, STAMP)
    checkpoints.save("model.txt", lambda path: pytest.fail("was asked to write"))
    assert not checkpoints
    assert checkpoints.find("model.txt") is None
    assert Checkpoints(tmp_path, STAMP)


@pytest.mark.parametrize(
    "other",
    [
        {**STAMP, "image": "other"},
        {**STAMP, "version": "1.2.4"},
        {**STAMP, "hyperparameters": {"k": 4}},
        None,
    ],
    ids=["image", "version", "hyperparameters", "a folder that a stranger filled"],
)
def test_a_checkpoint_of_another_job_is_passed_over_and_told(tmp_path, capsys, other):
    if other:
        keep(Checkpoints(tmp_path, other), "theirs")
    else:
        (tmp_path / "model.txt").write_text("theirs")
    mine = Checkpoints(tmp_path, STAMP)
    assert mine.find("model.txt") is None
    assert "are of other jobs or hyperparameters: starting again" in capsys.readouterr().err
    keep(mine, "mine")
    assert Checkpoints(tmp_path, STAMP).find("model.txt").read_text() == "mine"
    if other:
        assert Checkpoints(tmp_path, other).find("model.txt").read_text() == "theirs"


@pytest.mark.contract("A9.1")
def test_a_copy_taken_at_any_time_is_whole(tmp_path):
    """The folder is copied to S3 while the job writes."""
    checkpoints = Checkpoints(tmp_path, STAMP)
    keep(checkpoints, "one")

    def write(path: Path) -> None:
        path.write_text("tw")
        assert checkpoints.find("model.txt").read_text() == "one"
        assert path.name.startswith(".")
        path.write_text("two")

    checkpoints.save("model.txt", write)
    assert checkpoints.find("model.txt").read_text() == "two"


def test_an_interrupted_write_leaves_the_one_before(tmp_path):
    checkpoints = Checkpoints(tmp_path, STAMP)
    keep(checkpoints, "one")

    def write(path: Path) -> None:
        path.write_text("tw")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        checkpoints.save("model.txt", write)
    assert checkpoints.find("model.txt").read_text() == "one"
    assert names(tmp_path) == ["job.json", "model.txt"]


def test_training_goes_on_where_a_checkpoint_cannot_be_written(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    keep(Checkpoints(tmp_path / "file/kept", STAMP), "one")
    assert "checkpoint model.txt cannot be written: Not a directory" in capsys.readouterr().err


def test_the_stamp_says_whose_checkpoints_these_are(tmp_path):
    keep(Checkpoints(tmp_path, STAMP), "one")
    assert json.loads(next(tmp_path.rglob("job.json")).read_text()) == STAMP
