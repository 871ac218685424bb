"""Several hosts share the folds of the search: the model is that of one host, if time does not decide."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from automl.automl_handler.learners.catboost import CatBoostModel
from automl.automl_handler.learners.learner import MIN_TREES, Examples
from automl.automl_handler.learners.lightgbm import LightGBMModel
from automl.automl_handler.learners.linear import LinearModel
from automl.automl_handler.predictor import Predictor
from automl.automl_handler.search import fold, trials
from automl.automl_handler.search import hosts as crews
from automl.automl_handler.search.clock import Clock
from automl.automl_handler.search.config import SearchConfig
from automl.automl_handler.search.fold import TUNING, Done, Piece
from automl.automl_handler.search.hosts import Crew
from automl.automl_handler.search.plan import Trial
from automl.automl_handler.search.run import SearchResult, search
from automl.tests.conftest import RecordingWatcher
from automl.tests.tables import TARGETS, mixed

from harness import hosts
from slipway.image import Image

IMAGE = Image.read(Path(__file__).parents[1])
FAST = SearchConfig(preset="fast", time_limit_s=900)
TUNED = [
    Trial("Linear", LinearModel, 1.0),
    Trial("LightGBM by FLAML", LightGBMModel, 3.0, tuned=2),
    Trial("LightGBM", LightGBMModel, 1.0, {"trees": 10}),
]


def dispatch(
    ask: Callable[[], Piece | None], cores: int, stop: Callable[[], bool], **given: Any
) -> Iterator[tuple[Piece, Done]]:
    """Two pieces at a time, of which the later one is done first."""
    under_way: list[Piece] = []
    while not stop():
        while len(under_way) < 2 and (piece := ask()) is not None:
            under_way.append(piece)
        if not under_way:
            return
        piece = under_way.pop()
        yield piece, fold.fit(piece, **given)


CREW = Crew(("a", "b"), 2, lambda: 10**10, dispatch)
"""Two hosts whose work is done here."""


def table_for(kind: str) -> pd.DataFrame:
    return mixed().drop(columns=list(set(TARGETS.values()) - {TARGETS[kind]}))


def assert_same(one: SearchResult, other: SearchResult) -> None:
    fresh = mixed(50, seed=5)
    assert [result.trial for result in one.trials] == [result.trial for result in other.trials]
    assert np.array_equal(one.answers, other.answers)
    first, second = (found.predictor.blend(found.predictor.design(fresh)) for found in (one, other))
    assert np.array_equal(first, second)


@pytest.mark.contract("A6.7")
@pytest.mark.parametrize("kind", list(TARGETS))
def test_the_model_of_two_hosts_is_that_of_one(kind: str, searched: dict[str, SearchResult]) -> None:
    watcher = RecordingWatcher()
    both = search(table_for(kind), TARGETS[kind], FAST, watcher, crew=CREW)
    assert_same(both, searched[kind])
    assert "hosts that train: a, b; folds over their 2 cores: 2 at a time" in watcher.lines


def test_settings_that_are_looked_for_are_those_of_one_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "plan", lambda *_: TUNED)
    table = table_for("regression")
    both = search(table, TARGETS["regression"], FAST, RecordingWatcher(), crew=CREW)
    assert_same(both, search(table, TARGETS["regression"], FAST, RecordingWatcher()))


@pytest.fixture
def schedule(searched: dict[str, SearchResult]) -> crews._Schedule:
    """Of 12 pieces, two at a time within 100 s."""
    found = searched["regression"]
    problem = found.predictor.problem
    examples = Examples(found.rows, found.target)
    clock = Clock(100)
    board = trials.Board(examples, problem, "rmse", clock, RecordingWatcher())
    return crews._Schedule(crews._Search(TUNED, examples, found.folds % 2, problem, board), clock, 2, 5)


def test_what_is_looked_for_is_looked_for_early_and_waited_for_by_its_folds_alone(
    schedule: crews._Schedule,
) -> None:
    asked = []
    while (piece := schedule.next()) is not None:
        asked.append((piece["trial"], piece["fold"]))
    assert asked == [(0, 0), (0, 1), (1, TUNING), (2, 0), (2, 1)]


def test_pieces_have_the_time_of_all_cores_by_their_shares(schedule: crews._Schedule) -> None:
    """Two cores for 100 s: a share of 1 of 5 in two folds is 20 s each; no piece ends after the search."""
    first = schedule.next()
    assert first is not None
    assert first["seconds"] == pytest.approx(0.95 * 20, rel=0.01)
    second = schedule.next()
    assert second is not None
    assert second["seconds"] == pytest.approx(0.95 * (200 - 19) * 0.5 / 4.5, rel=0.01)
    tuning = schedule.next()
    assert tuning is not None
    assert tuning["seconds"] == pytest.approx(0.95 * (200 - 19 - 19.1) * 1.8 / 4, rel=0.01)
    schedule.ended(first)
    last = [schedule.next(), schedule.next()]
    assert max(piece["seconds"] for piece in last if piece) < 95


def test_a_learner_that_fails_on_a_host_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def fitted(*_: object, **__: object) -> None:
        raise MemoryError("too many\ntrees")

    watcher = RecordingWatcher()
    with monkeypatch.context() as failing:
        failing.setattr(CatBoostModel, "fit", fitted)
        found = search(table_for("binary"), TARGETS["binary"], FAST, watcher, crew=CREW)
    assert [result.trial.title for result in found.trials] == ["Prior", "LightGBM", "Linear"]
    assert sum(line.startswith("CatBoost could not be fitted: MemoryError") for line in watcher.lines) == 1


class Stopping(RecordingWatcher):
    """Stops as soon as a line begins with a text."""

    def __init__(self, at: str) -> None:
        super().__init__()
        self.at = at

    def should_stop(self) -> bool:
        return any(line.startswith(self.at) for line in self.lines)


@pytest.mark.contract("A9.1")
def test_a_search_that_is_stopped_keeps_what_is_done() -> None:
    watcher = Stopping("LightGBM")
    found = search(table_for("binary"), TARGETS["binary"], FAST, watcher, crew=CREW)
    assert [result.trial.title for result in found.trials] == ["Prior", "LightGBM"]
    assert "time is over; not tried: CatBoost, Linear" in watcher.lines


@pytest.mark.contract("A9.1")
def test_a_search_that_is_stopped_at_once_still_learns() -> None:
    """On the host that leads, and no longer than it must."""
    watcher = Stopping("hosts that train")
    crew = replace(CREW, dispatch=lambda ask, cores, stop, **given: iter(() if stop() else [None]))
    found = search(table_for("binary"), TARGETS["binary"], FAST, watcher, crew=crew)
    (learnt,) = found.trials[1:]
    assert max(model.model.tree_count_ for model in learnt.models) == MIN_TREES


def laid_out(
    folder: Path, names: Sequence[str], frame: pd.DataFrame, ending: str, sharded: bool, **given: str
) -> list[Path]:
    params = {"target": TARGETS["binary"], "preset": "fast", "time_limit_s": "1800", **given}
    return hosts.laid_out(folder, names, frame, ending, sharded, params)


@pytest.mark.contract("A4.9", "A6.7")
def test_a_job_on_two_hosts_makes_the_model_of_one(tmp_path: Path, searched: dict[str, SearchResult]) -> None:
    """Of Parquet; of CSV, every image's contract is tested with shards."""
    roots = laid_out(tmp_path, hosts.addresses(2), table_for("binary"), ".parquet", True)
    with hosts.started(IMAGE.folder, roots) as started:
        done = [host.wait() for host in started]
    assert [one.code for one in done] == [0, 0], "\n".join(one.log for one in done)
    assert f"hosts that train: {', '.join(root.name for root in roots)}; " in done[0].log
    assert not (roots[1] / "model").exists()
    (stored,) = (roots[0] / "model").rglob("predictor.json")
    made, alone = Predictor.load(stored.parent), searched["binary"].predictor
    fresh = mixed(50, seed=5)
    first, second = (found.blend(found.design(fresh)) for found in (made, alone))
    assert first == pytest.approx(second, rel=1e-9)


@pytest.mark.contract("A6.7")
def test_a_host_that_is_killed_ends_the_job_in_a_line_that_names_it(tmp_path: Path) -> None:
    """While it learns its share of what all have; there is more to do than the test takes."""
    frame = pd.concat([table_for("binary")] * 20)
    roots = laid_out(tmp_path, hosts.addresses(2), frame, ".jsonl", False, preset="best")
    done = hosts.losing_one(IMAGE.folder, roots, "hosts that train: ")
    assert done.code == 255, done.log
    assert done.failure == f"PlatformError: host {roots[1].name} was lost"
