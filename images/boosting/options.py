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
    """Return only the predicted label, as the older container did. Same as outputs=predicted_label."""
    outputs: tuple[Output, ...] = ()
    """Answer columns to return. Default: label and probability for classes, otherwise the score."""
    threshold: Annotated[float, Field(ge=0, le=1)] | None = None
    """Minimum probability to predict the positive class. Default: the value used in training."""
