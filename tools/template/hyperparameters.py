"""What a user may set for a training job. To be replaced."""

from typing import Annotated

from pydantic import Field

import slipway
from slipway import Tunable


class Hyperparameters(slipway.Hyperparameters):
    """What a user may set. A field's docstring is its public description."""

    target: str = "target"
    """The column to learn."""
    bags: Annotated[int, Field(ge=1, le=1000), Tunable()] = 20
    """How many resamples of the rows to fit; the model is their mean."""
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    """Fixes every random choice: the same data and seed give the same model."""
