"""CatBoost training. Interrupted runs resume from CatBoost's snapshot."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import catboost

from ..boosters import CatBoost
from ..data import Data
from .eval_metrics import is_higher_better
from .monitor import Monitor
from .run import Run

_SNAPSHOT = ".cbsnapshot"
SNAPSHOT_INTERVAL_S = 20


def fit(run: Run) -> CatBoost:
    """Trains trees, and keeps the best number of them."""
    monitor = run.monitor
    with tempfile.TemporaryDirectory() as folder:
        model = catboost.CatBoost(_params(run, Path(folder)))
        callback = _Callback(run.monitor, run.metric, Path(folder) / _SNAPSHOT)
        model.fit(
            _pool(run, run.train),
            eval_set=_pool(run, run.validation) if run.validation else None,
            callbacks=[callback],
            **({"early_stopping_rounds": monitor.patience} if run.validation and monitor.patience else {}),
        )
        callback.finish()
    n_trees = len(monitor.curves.get("train", [])) or model.tree_count_
    if run.validation and model.get_best_iteration() is not None:
        monitor.best_iteration = int(model.get_best_iteration())
    if not monitor.stop_reason and n_trees < run.n_trees:
        monitor.stop_reason = f"no improvement in {monitor.patience} trees"
    return CatBoost(model, run.features)


def _params(run: Run, folder: Path) -> dict[str, Any]:
    fixed: dict[str, Any] = {
        "iterations": run.n_trees,
        "thread_count": run.threads,
        "logging_level": "Silent",
        "allow_writing_files": False,
        "use_best_model": run.validation is not None,
    }
    if run.target.problem == "multiclass":
        fixed["classes_count"] = len(run.target.classes)
    if run.params.subsample is not None:
        fixed["bootstrap_type"] = "Bernoulli"  # the default of some objectives takes no subsample
    if run.monitor.job.checkpoints:
        if snapshot := run.monitor.find_checkpoint(_SNAPSHOT):
            shutil.copyfile(snapshot, folder / _SNAPSHOT)
        fixed |= {
            "allow_writing_files": True,
            "train_dir": str(folder),
            "save_snapshot": True,
            "snapshot_file": _SNAPSHOT,
            "snapshot_interval": SNAPSHOT_INTERVAL_S,
        }
    return run.engine_params(**fixed)


def _pool(run: Run, data: Data) -> Any:
    return catboost.Pool(
        run.features.frame(data.features),
        label=data.target if run.target.problem in {"regression", "ranking"} else data.target.astype(int),
        cat_features=run.features.positions("category") or None,
        text_features=run.features.positions("text") or None,
        weight=data.weights,
        group_id=data.groups if run.target.problem == "ranking" else None,
        thread_count=run.threads,
    )


class _Callback:
    """CatBoost's callback."""

    def __init__(self, monitor: Monitor, metric: str, snapshot: Path) -> None:
        self.monitor = monitor
        self.snapshot = snapshot
        self._metric = metric.partition(":")[0]
        self._seen: dict[str, dict[str, list[float]]] = {}

    def after_iteration(self, info: Any) -> bool:
        self._seen = info.metrics
        if self.snapshot.exists():
            self.monitor.save_checkpoint(_SNAPSHOT, self._copy)
        return not self.monitor.interrupted(info.iteration)

    def finish(self) -> None:
        """Hands the curves over, now that CatBoost's name of the metric is known."""
        self.monitor.higher_is_better = is_higher_better("catboost", self._metric)
        for theirs, rows in (("learn", "train"), ("validation", "validation")):
            curves = self._seen.get(theirs, {})
            name = next((name for name in curves if name.partition(":")[0] == self._metric), None)
            if name is None and rows == "train" and "validation" not in self._seen:
                name = next(iter(curves), None)
            if name is not None:
                self.monitor.curves[rows] = list(curves[name])
                self.monitor.metric = name

    def _copy(self, path: Path) -> None:
        shutil.copyfile(self.snapshot, path)
