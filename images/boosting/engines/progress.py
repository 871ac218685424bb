"""What happens between two trees: curves are kept, checkpoints too, and learning may come to an end."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from slipway import Job

_TOLD_S = 10.0
KEPT_S = 30.0


@dataclass
class Watch:
    """One run of an engine, tree by tree."""

    job: Job
    name: str
    """What the run is, for the log."""
    key: str
    """What its checkpoints are called: another one for other data or another configuration."""
    rounds: int
    """How many trees without a gain end the run; 0: none do."""
    ends: float = float("inf")
    """When, by the monotonic clock, time is up."""
    curves: dict[str, list[float]] = field(default_factory=dict)
    """What the engine measured after each tree, of the rows learnt from and of those that stop it."""
    metric: str = ""
    """What that is, in the engine's words."""
    best: int = -1
    """The tree after which the rows that stop were predicted best; -1 before any."""
    ended_by: str = ""
    _told: float = field(default_factory=time.monotonic)
    _kept: float = field(default_factory=time.monotonic)

    def saw(self, scores: dict[str, float], higher: bool) -> None:
        """The engine's scores after one more tree; `higher` if more is better."""
        for part, score in scores.items():
            self.curves.setdefault(part, []).append(score)
        curve = self.curves.get("validation", [])
        if curve and (
            self.best < 0 or (curve[-1] > curve[self.best] if higher else curve[-1] < curve[self.best])
        ):
            self.best = len(curve) - 1

    def over(self, done: int) -> bool:
        """Whether to end after `done` trees: no gain, no time, or no wish."""
        if self.rounds and self.best >= 0 and done - 1 - self.best >= self.rounds:
            self.ended_by = f"no gain in {self.rounds} trees"
        return bool(self.ended_by) or self.hurried(done)

    def hurried(self, done: int) -> bool:
        """Whether to end after `done` trees for a reason that the engine does not know."""
        now = time.monotonic()
        if now - self._told > _TOLD_S:
            self._told = now
            self.job.progress(f"{self.name}: {done} trees")
        if self.job.should_stop():
            self.ended_by = "the job is to end"
        elif now > self.ends:
            self.ended_by = "time_limit_s is over"
        return bool(self.ended_by)

    def keep(self, file: str, write: Callable[[Path], None]) -> None:
        """Saves a checkpoint, if the platform keeps any, now and then and when the job is to end."""
        now = time.monotonic()
        if self.job.checkpoints and (self.job.should_stop() or now - self._kept > KEPT_S):
            self._kept = now
            self.job.checkpoints.save(f"{self.key}{file}", write)

    def kept(self, file: str) -> Path | None:
        """The checkpoint of an interrupted run of this name."""
        return self.job.checkpoints.find(f"{self.key}{file}")
