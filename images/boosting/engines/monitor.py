"""What happens between two trees: learning curves, checkpoints, and the end of training."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from slipway import Job

from ..peers import ALONE, Peers

_LOG_INTERVAL_S = 10.0
CHECKPOINT_INTERVAL_S = 30.0


@dataclass
class Monitor:
    """Watches one run of an engine, tree by tree."""

    job: Job
    name: str
    """Name of the run in the log."""
    checkpoint_key: str
    """Prefix of its checkpoints; it differs for other data or another configuration."""
    patience: int
    """Number of trees without improvement that end the run. 0: no early stopping."""
    deadline: float = float("inf")
    """When the time limit is reached, by the monotonic clock in seconds."""
    curves: dict[str, list[float]] = field(default_factory=dict)
    """The metric after each tree, for `train` and `validation` (the early-stopping rows)."""
    metric: str = ""
    """Name of the metric as the engine reports it."""
    higher_is_better: bool = False
    best_iteration: int = -1
    """Index of the tree after which the validation metric was best; -1 before the first."""
    stop_reason: str = ""
    peers: Peers = ALONE

    _last_log: float = field(default_factory=time.monotonic)
    _last_checkpoint: float = field(default_factory=time.monotonic)

    def record(self, scores: dict[str, float], higher_is_better: bool) -> None:
        """Appends the engine's scores after one more tree."""
        self.higher_is_better = higher_is_better
        for rows, score in scores.items():
            self.curves.setdefault(rows, []).append(score)
        curve = self.curves.get("validation", [])
        if curve and (self.best_iteration < 0 or self.improves(curve[-1], curve[self.best_iteration])):
            self.best_iteration = len(curve) - 1

    def improves(self, score: float, best: float) -> bool:
        """Whether `score` is better than `best`."""
        return score > best if self.higher_is_better else score < best

    @property
    def best_score(self) -> float:
        """The best validation score; NaN without early-stopping rows."""
        curve = self.curves.get("validation", [])
        return curve[self.best_iteration] if curve and self.best_iteration >= 0 else float("nan")

    def should_end(self, n_trees: int) -> bool:
        """Whether to end after `n_trees` trees: by early stopping, a stop request or the time limit."""
        if self.patience and self.best_iteration >= 0 and n_trees - 1 - self.best_iteration >= self.patience:
            self.stop_reason = f"no improvement in {self.patience} trees"
        return bool(self.stop_reason) or self.interrupted(n_trees)

    def interrupted(self, n_trees: int) -> bool:
        """Whether to end after `n_trees` trees for a reason that the engine does not know."""
        now = time.monotonic()
        if now - self._last_log > _LOG_INTERVAL_S:
            self._last_log = now
            self.job.progress(f"{self.name}: {n_trees} trees")
        stop, late = self.peers.any(self.job.should_stop(), now > self.deadline)
        if stop:
            self.stop_reason = "the job was asked to stop"
        elif late:
            self.stop_reason = "time_limit_s was reached"
        return bool(self.stop_reason)

    def save_checkpoint(self, file: str, write: Callable[[Path], None]) -> None:
        """Saves a checkpoint every 30 s and at a stop request, if there is a checkpoint folder."""
        now = time.monotonic()
        due = now - self._last_checkpoint > CHECKPOINT_INTERVAL_S
        if self.job.checkpoints and (self.job.should_stop() or due):
            self._last_checkpoint = now
            self.job.checkpoints.save(f"{self.checkpoint_key}{file}", write)

    def find_checkpoint(self, file: str) -> Path | None:
        """The checkpoint of an interrupted run with the same key."""
        return self.job.checkpoints.find(f"{self.checkpoint_key}{file}")

    def save_trees(self, file: str, trees: Callable[[], str]) -> None:
        """`save_checkpoint` with `trees`, the engine's own text, and the learning curves."""

        def write(path: Path) -> None:
            state = {"curves": self.curves, "best": self.best_iteration, "model": trees()}
            path.write_text(json.dumps(state))

        self.save_checkpoint(file, write)

    def resume(self, file: str) -> str | None:
        """The trees of an interrupted run by `save_trees`, whose learning curves are taken over."""
        path = self.find_checkpoint(file)
        state = self.peers.shared(None if path is None else json.loads(path.read_text()))
        if state is None:
            return None
        self.curves, self.best_iteration = state["curves"], state["best"]
        return str(state["model"])
