"""What a request may choose."""

from typing import Annotated, Literal

from pydantic import Field

import slipway


class Options(slipway.Options):
    """What a request may choose."""

    reply: Literal["data", "sentence", "autopilot"] = "data"
    """data is values, sentence what the older container said, autopilot the keys of SageMaker Autopilot."""
    explain: bool = False
    """Add contributions: how much each cell of the row moved the answer, as Shapley values."""
    level: Annotated[float, Field(ge=0.5, le=0.999)] = 0.9
    """How often the interval of a predicted number is to hold the true one."""
    outputs: tuple[
        Literal[
            "predicted_label",
            "probability",
            "probabilities",
            "labels",
            "prediction",
            "confidence",
            "low",
            "high",
            "explanation",
        ],
        ...,
    ] = ()
    """Answer with these keys alone, Autopilot's in its form; SAGEMAKER_INFERENCE_OUTPUT sets it, too."""
    score: bool = False
    """Add metrics of the answers, in JSON, where the rows have the target among their columns."""
    road: Literal["direct", "mindsdb"] = "direct"
    """mindsdb asks the model through MindsDB, which gives the same answers, later."""
