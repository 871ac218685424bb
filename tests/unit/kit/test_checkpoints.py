"""Checkpoints of arrays: saved now and then, found by the same search in the same data only."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from slipway.kit import checkpoints
from slipway.kit.checkpoints import ArrayCheckpoint
from slipway.training.checkpoints import Checkpoints

DATA = np.arange(6.0).reshape(2, 3)


def job(folder: Path | None, stops: bool = False) -> Any:
    return SimpleNamespace(checkpoints=Checkpoints(folder, {"k": 3}), should_stop=lambda: stops)


def test_the_same_search_finds_what_was_saved_last(tmp_path: Path) -> None:
    first = ArrayCheckpoint(job(tmp_path), "search", DATA)
    assert first.load() is None
    for done in (1, 2):
        first.save(at_once=True, done=np.array(done), centres=DATA)
    found = ArrayCheckpoint(job(tmp_path), "search", DATA.copy()).load()
    assert found is not None
    assert found["done"] == 2
    assert np.array_equal(found["centres"], DATA)


def test_another_search_and_other_data_find_nothing(tmp_path: Path) -> None:
    ArrayCheckpoint(job(tmp_path), "search", DATA).save(at_once=True, done=np.array(1))
    assert ArrayCheckpoint(job(tmp_path), "other", DATA).load() is None
    assert ArrayCheckpoint(job(tmp_path), "search", DATA + 1).load() is None


def test_a_view_has_the_digest_of_its_copy(tmp_path: Path) -> None:
    ArrayCheckpoint(job(tmp_path), "search", DATA.T).save(at_once=True, done=np.array(1))
    assert ArrayCheckpoint(job(tmp_path), "search", DATA.T.copy()).load() is not None


def test_nothing_is_saved_before_the_interval_unless_the_job_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    going = ArrayCheckpoint(job(tmp_path), "going", DATA)
    going.save(done=np.array(1))
    assert going.load() is None
    stopping = ArrayCheckpoint(job(tmp_path, stops=True), "stopping", DATA)
    stopping.save(done=np.array(1))
    assert stopping.load() is not None
    monkeypatch.setattr(checkpoints, "INTERVAL_S", -1.0)
    going.save(done=np.array(1))
    assert going.load() is not None


def test_without_a_checkpoint_folder_nothing_happens() -> None:
    nowhere = ArrayCheckpoint(job(None), "search", DATA)
    nowhere.save(at_once=True, done=np.array(1))
    assert nowhere.load() is None
