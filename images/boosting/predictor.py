"""Boosted trees at serving: labels, probabilities, scores, leaves, and why."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

import answer
from boosters import BOOSTERS, Booster
from features import Features
from outcome import Outcome
from pydantic import Field

import slipway
from slipway import Answers, Column, Table

Output = Literal[
    "predicted_label",
    "probability",
    "probabilities",
    "labels",
    "score",
    "predicted_score",
    "raw_score",
    "raw_scores",
    "leaves",
    "shap",
]


class Options(slipway.Options):
    """What a request may choose."""

    labels: bool = False
    """Answer with the label alone, as the older container did: the same as outputs=predicted_label."""
    outputs: tuple[Output, ...] = ()
    """What to answer with; label and probability of classes, else the score, when empty."""
    threshold: Annotated[float, Field(ge=0, le=1)] | None = None
    """The probability from which on a row belongs to the positive class; else as in training."""


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
        outputs = options.outputs or answer.usual(self.outcome, options.labels)
        threshold = self.threshold if options.threshold is None else options.threshold
        return Answers(answer.columns(self.booster, self.outcome, table, outputs, threshold))

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
