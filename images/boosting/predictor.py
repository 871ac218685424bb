"""Boosted trees at serving: labels, probabilities, scores, leaves, and why."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import slipway
from slipway import Answers, Column, Table

from . import answers
from .boosters import BOOSTERS, Booster
from .features import Features
from .options import Options
from .target import Outcome


class Model(slipway.Model):
    """Trees, what their scores stand for, and how they were made."""

    options: ClassVar = Options

    def __init__(
        self,
        booster: Booster,
        outcome: Outcome,
        threshold: float,
        configuration: Mapping[str, Any],
        metrics: Mapping[str, float],
    ) -> None:
        self.booster = booster
        self.outcome = outcome
        self.threshold = threshold
        self.configuration = configuration
        """All that was configured, defaults with it."""
        self.metrics = metrics
        self.columns = [Column(name=name) for name in booster.features.names]

    def predict(self, table: Table, options: Options) -> Answers:
        """The columns that `options` name, or the usual ones."""
        outputs = options.outputs or answers.usual(self.outcome, options.labels)
        threshold = self.threshold if options.threshold is None else options.threshold
        return Answers(answers.columns(self.booster, self.outcome, table, outputs, threshold))

    def save(self, folder: Path) -> None:
        """JSON, and the engine's own format: never a pickle."""
        facts = {
            "features": self.booster.features.model_dump(mode="json")["columns"],
            "outcome": self.outcome.model_dump(mode="json"),
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
            Outcome.model_validate(facts["outcome"]),
            facts["threshold"],
            facts["configuration"],
            json.loads((folder / "metrics.json").read_text()),
        )


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n")
