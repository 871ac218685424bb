"""What a request may choose."""

from typing import Annotated, Literal

from pydantic import Field

import slipway

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
