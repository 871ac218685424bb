"""The trials of a search over several hosts: their folds go to the cores of all."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..learners.learner import Examples, FittedModel
from ..problem import Problem
from . import fold
from .clock import Clock
from .config import SearchConfig
from .fold import TUNING, Done, Piece
from .leaderboard import TrialResult
from .plan import Trial
from .trials import LAST, SPENT, TUNED, Board, Watcher, all_trials, result_of

_CELL_BYTES = 64  # of memory that a learner takes for a cell: copies in 64 and 32 bits, bins, gradients
_SHARE = 0.7  # of the memory that is free

Dispatch = Callable[..., Iterator[tuple[Piece, Done]]]
"""`job.cluster.dispatch` of `fold.fit`."""


@dataclass(frozen=True)
class Crew:
    """The hosts of a job; `free_bytes` is the memory that the first has left."""

    hosts: tuple[str, ...]
    cores: int
    free_bytes: Callable[[], int]
    dispatch: Dispatch

    def speed(self, threads: int, folds: int, first_share: float) -> float:
        """Times the work of this host alone on `threads` threads, which take more of it from one another.

        No more than keeps the folds of the first trial busy, which gets `first_share` of the work.
        """
        return float(max(1.0, min(self.cores, folds / first_share) / threads**0.7))

    def threads(self, cells: int) -> int:
        """Cores that a fold takes: one, more where a host has no memory for so many folds."""
        cores = max(1, self.cores // len(self.hosts))
        at_once = max(1, int(_SHARE * self.free_bytes() / (_CELL_BYTES * cells)))
        return -(-cores // min(cores, at_once))

    def room(self, threads: int) -> int:
        """Folds that are fitted at the same time."""
        return max(1, len(self.hosts) * (self.cores // len(self.hosts) // threads))


def run_trials(
    crew: Crew,
    examples: Examples,
    folds: Any,
    problem: Problem,
    metric: str,
    clock: Clock,
    config: SearchConfig,
    watcher: Watcher,
) -> list[TrialResult]:
    """The results of `trials.run_trials`, in the same order, if time does not decide."""
    cells = examples.rows.numbers.size + examples.rows.codes.size
    cores = crew.threads(max(1, cells))
    threads = min(cores, config.threads)
    board = Board(examples, problem, metric, clock, watcher)
    prior, *trials = all_trials(config.preset, problem, len(examples))
    given = fold.given(examples, folds, problem, config.seed, threads)
    search = _Search(trials, examples, folds, problem, board)
    first = _Search([prior], examples, folds, problem, board)
    first.finish(given)
    watcher.progress(
        f"hosts that train: {', '.join(crew.hosts)}; folds over their {crew.cores} cores: "
        f"{crew.room(cores)} at a time"
    )
    schedule = _Schedule(search, clock, crew.room(cores), LAST * config.time_limit_s)
    done = crew.dispatch(
        schedule.next,
        cores=cores,
        stop=lambda: watcher.should_stop() or (search.has_learnt and clock.over),
        **given,
    )
    for piece, found in done:
        schedule.ended(piece)
        search.take(piece, found)
    if not search.has_learnt:
        search.finish(given)
    if left := search.left:
        board.not_tried(left)
    order = {trial.title: place for place, trial in enumerate([prior, *trials])}
    return sorted(board.results, key=lambda one: order[one.trial.title])


class _Fitting:
    """A trial of which some folds are fitted."""

    def __init__(self, trial: Trial, examples: Examples, problem: Problem) -> None:
        self.trial = trial
        self.settings: dict[str, Any] | None = None if trial.tuned else dict(trial.settings)
        self.models: dict[int, FittedModel] = {}
        self.answers = np.zeros((len(examples), problem.classes))
        self.seconds = 0.0
        self.ended = False


class _Search:
    """What is fitted of some trials, and what is not yet."""

    def __init__(
        self, trials: list[Trial], examples: Examples, folds: Any, problem: Problem, board: Board
    ) -> None:
        self.count = int(folds.max()) + 1
        self.fitting = [_Fitting(trial, examples, problem) for trial in trials]
        self._examples, self._folds, self._problem, self._board = examples, folds, problem, board
        self.has_learnt = False

    @property
    def left(self) -> list[Trial]:
        """The trials without a result, unless they failed."""
        return [one.trial for one in self.fitting if not one.ended]

    def pieces(self, place: int) -> list[Piece]:
        """What is to be done next of a trial."""
        one = self.fitting[place]
        if one.ended:
            return []
        todo = [TUNING] if one.settings is None else list(range(self.count))
        return [
            Piece(
                trial=place,
                fold=part,
                kind=one.trial.kind.name,
                settings=one.trial.settings if one.settings is None else one.settings,
                tuned=one.trial.tuned,
                seconds=0.0,
            )
            for part in todo
            if part not in one.models
        ]

    def take(self, piece: Piece, found: Done) -> None:
        """What has come of a piece; with the last fold the trial has a result."""
        one = self.fitting[piece["trial"]]
        if one.ended:
            return
        one.seconds += found["seconds"]
        try:
            if "error" in found:
                raise _NotFittedError(found["error"])
            if piece["fold"] == TUNING:
                one.settings = one.trial.settings | found["settings"]
                return
            one.answers[self._folds == piece["fold"]] = found["answers"]
            one.models[piece["fold"]] = fold.loaded(one.trial.kind, found["files"], self._problem)
            if len(one.models) < self.count:
                return
            models = [one.models[place] for place in range(self.count)]
            trial = replace(one.trial, settings=one.settings or {})
            result = result_of(trial, models, one.answers, self._examples, self._problem, one.seconds)
        except _NotFittedError as error:
            self._fail(one, str(error))
        except Exception as error:  # as on one host
            self._fail(one, f"{type(error).__name__}: {str(error)[:200]}")
        else:
            one.ended = self.has_learnt = True
            self._board.add(result)

    def finish(self, given: Mapping[str, Any]) -> None:
        """Fits the first trial that can be, on this host and in no more time than it must take."""
        for place in range(len(self.fitting)):
            while pieces := self.pieces(place):
                self.take(pieces[0], fold.fit(pieces[0], **given))
            if self.has_learnt:
                return

    def _fail(self, one: _Fitting, why: str) -> None:
        one.ended = True
        self._board.failed(one.trial, why)


class _NotFittedError(Exception):
    """A piece could not be fitted, on whatever host."""


class _Schedule:
    """What is fitted next, and for how long: the folds of the first trial, whatever is tuned, the others."""

    def __init__(self, search: _Search, clock: Clock, room: int, last_s: float) -> None:
        self._search, self._clock, self._room, self._last_s = search, clock, room, last_s
        self._due: dict[tuple[int, int], float] = {}
        self._begun: set[tuple[int, int]] = set()

    def next(self) -> Piece | None:
        """The next piece; None where there is none, before another has ended or at all."""
        if self._search.has_learnt and self._clock.left < self._last_s:
            return None
        todo = [
            piece
            for place in range(len(self._search.fitting))
            for piece in self._search.pieces(place)
            if _key(piece) not in self._begun
        ]
        if not todo:
            return None
        piece = min(todo, key=lambda one: (one["trial"] > 0 and one["fold"] != TUNING, one["trial"]))
        now, left = time.monotonic(), self._clock.left
        held = sum(max(0.0, min(due - now, left)) for due in self._due.values())
        shares = sum(map(self._share, todo)) + self._to_come()
        seconds = SPENT * min(left, (self._room * left - held) * self._share(piece) / shares)
        self._begun.add(_key(piece))
        self._due[_key(piece)] = now + seconds
        return {**piece, "seconds": seconds}

    def ended(self, piece: Piece) -> None:
        """A piece is no longer worked on."""
        del self._due[_key(piece)]

    def _share(self, piece: Piece) -> float:
        """Of the time, as on one host."""
        trial = self._search.fitting[piece["trial"]].trial
        if piece["fold"] == TUNING:
            return trial.share * TUNED
        return trial.share * (1 - TUNED if trial.tuned else 1) / self._search.count

    def _to_come(self) -> float:
        """The share of folds that wait for their settings."""
        waiting = (one.trial for one in self._search.fitting if one.settings is None and not one.ended)
        return sum(trial.share * (1 - TUNED) for trial in waiting)


def _key(piece: Piece) -> tuple[int, int]:
    return piece["trial"], piece["fold"]
