"""LightGBM at training; interrupted runs go on from the trees that were kept."""

import json
import logging
from pathlib import Path
from typing import Any

import lightgbm

from ..boosters import LightGBM
from ..data import Data
from .progress import Watch
from .run import Run, own, sizes

_KEPT = ".lightgbm.json"
_WIDE = 100

_quiet = logging.getLogger("lightgbm")
_quiet.addHandler(logging.NullHandler())
_quiet.propagate = False
lightgbm.register_logger(_quiet)


def fit(run: Run) -> LightGBM:
    """Grows trees, and cuts them back to the best number."""
    watch = run.watch
    start = _resumed(watch)
    done = start.current_iteration() if start else 0
    if start is None or (done < run.trees and not watch.over(done)):
        train = _dataset(run, run.train)
        sets = {"train": train}
        if run.stop:
            sets["validation"] = _dataset(run, run.stop, train)
        model = lightgbm.train(
            _settings(run),
            train,
            num_boost_round=run.trees - done,
            valid_sets=list(sets.values()),
            valid_names=list(sets),
            init_model=start,
            callbacks=[_Eyes(watch, run.metric)],
        )
    else:
        model = start
    best = watch.best + 1 if run.stop and watch.best >= 0 else -1
    text = model.model_to_string(num_iteration=best)
    return LightGBM(lightgbm.Booster(params={"num_threads": 1}, model_str=text), run.features)


def _settings(run: Run) -> dict[str, Any]:
    own: dict[str, Any] = {
        "num_threads": run.threads,
        "verbosity": -1,
        "deterministic": True,
        # Else LightGBM times both and takes the quicker one, which need not be the same the next time.
        "force_col_wise" if len(run.features.columns) > _WIDE else "force_row_wise": True,
    }
    if run.outcome.problem == "multiclass":
        own["num_class"] = len(run.outcome.classes)
    if run.params.subsample is not None:
        own["bagging_freq"] = 1
    return run.settings(**own)


def _dataset(run: Run, data: Data, reference: Any = None) -> Any:
    return lightgbm.Dataset(
        run.features.matrix(data.features),
        label=data.target,
        weight=data.weights,
        group=sizes(data.groups) if run.outcome.problem == "ranking" and data.groups is not None else None,
        categorical_feature=run.features.places("category"),
        reference=reference,
        params={"verbosity": -1},
    )


def _resumed(watch: Watch) -> Any:
    """The trees of an interrupted run, and with them its curves."""
    path = watch.kept(_KEPT)
    if path is None:
        return None
    state = json.loads(path.read_text())
    watch.curves, watch.best = state["curves"], state["best"]
    return lightgbm.Booster(model_str=state["model"])


class _Eyes:
    """LightGBM's callback."""

    order = 30
    before_iteration = False

    def __init__(self, watch: Watch, metric: str) -> None:
        self.watch = watch
        self._wanted = metric.partition("@")[0]

    def __call__(self, env: Any) -> None:
        found = [entry for entry in env.evaluation_result_list if entry[1].partition("@")[0] == self._wanted]
        found = found or env.evaluation_result_list
        scores: dict[str, float] = {}
        for part, name, score, *_ in found:
            if part not in scores:  # at the first of several depths
                scores[part] = float(score)
                self.watch.metric = name
        self.watch.saw(scores, higher=bool(found and found[0][3]))
        done = env.iteration + 1
        over = self.watch.over(done)
        self.watch.keep(_KEPT, lambda path: self._write(path, env.model))
        if over:
            raise lightgbm.callback.EarlyStopException(self.watch.best, [])

    def _write(self, path: Path, model: Any) -> None:
        state = {
            "curves": own(self.watch.curves),
            "best": self.watch.best,
            "model": model.model_to_string(num_iteration=-1),
        }
        path.write_text(json.dumps(state))
