"""What a user may set for a training job."""

from typing import Annotated, Literal

from pydantic import AliasChoices, Field

import slipway
from slipway import Tunable


class Hyperparameters(slipway.Hyperparameters):
    """What a user may set."""

    k: Annotated[
        Annotated[int, Field(ge=1, le=10_000)] | Literal["auto"],
        Tunable(),
        Field(validation_alias=AliasChoices("k", "n_clusters")),
    ] = "auto"
    """How many clusters to find; auto: as many as have valleys between them, 1 if none has."""
    k_max: Annotated[int, Field(ge=2, le=100)] = 12
    """Most clusters that k=auto and the report's curve try; unless given, auto may go on to twice as many."""
    features: tuple[str, ...] = ()
    """The columns to cluster by; all columns of numbers when empty."""
    standardize: bool | Literal["auto"] = False
    """Scale columns to mean 0 and standard deviation 1; auto: where one has 100 times another's variance."""
    init: Annotated[
        Literal["k-means++", "random"], Tunable(), Field(validation_alias=AliasChoices("init", "init_method"))
    ] = "k-means++"
    """How starting centres are chosen."""
    n_init: Annotated[int, Field(ge=1, le=100), Tunable()] = 10
    """How often to start anew; the run with the lowest inertia is kept."""
    max_iter: Annotated[int, Field(ge=1, le=10_000), Tunable()] = 300
    """The most iterations of one run; in mini-batches, the most passes over the data."""
    tol: Annotated[float, Field(ge=0, le=1), Tunable()] = 1e-4
    """A run has converged when the centres move less than this, relative to the variance of the data."""
    algorithm: Literal["auto", "lloyd", "minibatch", "distributed"] = "auto"
    """lloyd needs the data in memory, minibatch does not, distributed in that of all hosts; auto: by size."""
    batch_size: Annotated[
        int, Field(ge=10, le=1_000_000), Field(validation_alias=AliasChoices("batch_size", "mini_batch_size"))
    ] = 4096
    """Rows in a mini-batch."""
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    """Fixes every random choice: the same data and seed give the same clusters."""
