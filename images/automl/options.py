"""Options of a request."""

from typing import Annotated, Literal

from pydantic import AliasChoices, Field

import slipway


class Options(slipway.Options):
    """Options of a request."""

    reply: Literal["data", "sentence", "autopilot"] = "data"
    """Form of the answer. data: columns of values. sentence: the text of the older container. autopilot: the
    keys of SageMaker Autopilot."""
    explain: bool = False
    """Add Shapley values (`contributions`): how much each cell of the row moved the prediction."""
    level: Annotated[float, Field(ge=0.5, le=0.999)] = 0.9
    """Coverage of the prediction interval of a number, for example 0.9."""
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
    """Answer columns to return. Autopilot names return Autopilot's form. SAGEMAKER_INFERENCE_OUTPUT sets the
    same."""
    score: bool = False
    """Add metrics of the predictions to a JSON answer, if the request contains the target column."""
    engine: Annotated[
        Literal["direct", "mindsdb"], Field(validation_alias=AliasChoices("engine", "road"))
    ] = "direct"
    """How to run the model. mindsdb: through MindsDB, which gives the same answers more slowly."""
