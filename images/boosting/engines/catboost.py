"""CatBoost at training: categories, texts and gaps as they are; interrupted runs go on from its snapshot."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import catboost

from ..boosters import CatBoost
from ..data import Data
from .progress import Watch
from .run import Run

_SNAPSHOT = ".cbsnapshot"
EVERY_S = 20


def fit(run: Run) -> CatBoost:
    """Grows trees, and cuts them back to the best number."""
    with tempfile.TemporaryDirectory() as folder:
        settings = _settings(run, Path(folder))
        model = catboost.CatBoost(settings)
        eyes = _Eyes(run.watch, run.metric, Path(folder) / _SNAPSHOT)
        model.fit(
            _pool(run, run.train),
            eval_set=_pool(run, run.stop) if run.stop else None,
            callbacks=[eyes],
            **({"early_stopping_rounds": run.watch.rounds} if run.stop and run.watch.rounds else {}),
        )
        eyes.finish()
    done = len(run.watch.curves.get("train", [])) or model.tree_count_
    if not run.watch.ended_by and done < run.trees:
        run.watch.ended_by = f"no gain in {run.watch.rounds} trees"
    return CatBoost(model, run.features)


def _settings(run: Run, folder: Path) -> dict[str, Any]:
    own: dict[str, Any] = {
        "iterations": run.trees,
        "thread_count": run.threads,
        "logging_level": "Silent",
        "allow_writing_files": False,
        "use_best_model": run.stop is not None,
    }
    if run.outcome.problem == "multiclass":
        own["classes_count"] = len(run.outcome.classes)
    if run.params.subsample is not None:
        own["bootstrap_type"] = "Bernoulli"  # the default of some problems has no subsample
    if run.watch.job.checkpoints:
        if kept := run.watch.kept(_SNAPSHOT):
            shutil.copyfile(kept, folder / _SNAPSHOT)
        own |= {
            "allow_writing_files": True,
            "train_dir": str(folder),
            "save_snapshot": True,
            "snapshot_file": _SNAPSHOT,
            "snapshot_interval": EVERY_S,
        }
    return run.settings(**own)


def _pool(run: Run, data: Data) -> Any:
    return catboost.Pool(
        run.features.frame(data.features),
        label=data.target if run.outcome.problem in {"regression", "ranking"} else data.target.astype(int),
        cat_features=run.features.places("category") or None,
        text_features=run.features.places("text") or None,
        weight=data.weights,
        group_id=data.groups if run.outcome.problem == "ranking" else None,
        thread_count=run.threads,
    )


class _Eyes:
    """CatBoost's callback."""

    def __init__(self, watch: Watch, metric: str, snapshot: Path) -> None:
        self.watch = watch
        self.snapshot = snapshot
        self._wanted = metric.partition(":")[0]
        self._seen: dict[str, dict[str, list[float]]] = {}

    def after_iteration(self, info: Any) -> bool:
        self._seen = info.metrics
        if self.snapshot.exists():
            self.watch.keep(_SNAPSHOT, self._copy)
        return not self.watch.hurried(info.iteration)

    def finish(self) -> None:
        """Hands the curves over; how CatBoost calls a metric is known only now."""
        for theirs, ours in (("learn", "train"), ("validation", "validation")):
            found = self._seen.get(theirs, {})
            name = next((name for name in found if name.partition(":")[0] == self._wanted), None)
            if name is None and ours == "train" and "validation" not in self._seen:
                name = next(iter(found), None)
            if name is not None:
                self.watch.curves[ours] = list(found[name])
                self.watch.metric = name

    def _copy(self, path: Path) -> None:
        shutil.copyfile(self.snapshot, path)
