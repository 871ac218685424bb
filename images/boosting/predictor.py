"""Boosted trees in serving: labels, probabilities, scores, leaves and SHAP values."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import slipway
from slipway import Answers, Column, Table

from . import predictions
from .boosters import BOOSTERS, Booster
from .features import Features
from .hyperparameters import Problem
from .options import Options
from .target import Target

_TASKS: Mapping[Problem, str] = {
    "binary": "binary classification",
    "multiclass": "multiclass classification",
    "regression": "regression",
    "ranking": "ranking",
}


class Model(slipway.Model):
    """Trees, the target that their scores stand for, and the configuration and metrics of their training."""

    options: ClassVar = Options

    def __init__(
        self,
        booster: Booster,
        target: Target,
        threshold: float,
        configuration: Mapping[str, Any],
        metrics: Mapping[str, float],
    ) -> None:
        self.booster = booster
        self.target = target
        self.threshold = threshold
        self.configuration = configuration
        """The resolved configuration, including defaults."""
        self.metrics = metrics
        self.task = _TASKS[target.problem]
        self.columns = [Column(name=name) for name in booster.features.names]

    def predict(self, table: Table, options: Options) -> Answers:
        """The columns that `options` name, or the default ones. One row of the answer per row of `table`."""
        outputs = options.outputs or predictions.default_outputs(self.target, options.labels)
        threshold = self.threshold if options.threshold is None else options.threshold
        return Answers(predictions.answer_columns(self.booster, self.target, table, outputs, threshold))

    def save(self, folder: Path) -> None:
        """Writes JSON and the engine's own format, never a pickle."""
        facts = {
            "features": self.booster.features.model_dump(mode="json")["columns"],
            "target": self.target.model_dump(mode="json"),
            "threshold": self.threshold,
            "configuration": self.configuration,
        }
        _write(folder / "model.json", facts)
        _write(folder / "metrics.json", self.metrics)
        self.booster.save(folder / f"model{self.booster.suffix}")

    @classmethod
    def load(cls, folder: Path) -> Self:
        facts = json.loads((folder / "model.json").read_text())
        kind = BOOSTERS[facts["configuration"]["engine"]]
        features = Features.model_validate({"columns": facts["features"]})
        return cls(
            kind.load(folder / f"model{kind.suffix}", features),
            Target.model_validate(facts["target"]),
            facts["threshold"],
            facts["configuration"],
            json.loads((folder / "metrics.json").read_text()),
        )


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n")
