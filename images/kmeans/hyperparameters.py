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
    """Number of clusters. auto: as many as are separated by a valley in the data; 1 if none is."""
    k_max: Annotated[int, Field(ge=2, le=100)] = 12
    """Largest k that k=auto and the elbow curve try. If not set, auto may try up to twice as many."""
    features: tuple[str, ...] = ()
    """Columns to cluster by. Default: all numeric columns."""
    standardize: bool | Literal["auto"] = False
    """Scale columns to mean 0 and standard deviation 1. auto: if the variance of one column is at least 100
    times that of another."""
    init: Annotated[
        Literal["k-means++", "random"], Tunable(), Field(validation_alias=AliasChoices("init", "init_method"))
    ] = "k-means++"
    """Initialisation of the centres."""
    n_init: Annotated[int, Field(ge=1, le=100), Tunable()] = 10
    """Number of random restarts. The run with the lowest inertia is kept."""
    max_iter: Annotated[int, Field(ge=1, le=10_000), Tunable()] = 300
    """Maximum number of iterations per run; with mini-batches, of passes over the data."""
    tol: Annotated[float, Field(ge=0, le=1), Tunable()] = 1e-4
    """Convergence tolerance: a run stops when the centres move less than this, relative to the variance of
    the data."""
    algorithm: Literal["auto", "lloyd", "minibatch", "distributed"] = "auto"
    """Algorithm. lloyd: data in memory. minibatch: data of any size. distributed: data in the memory of all
    hosts. auto: by size."""
    batch_size: Annotated[
        int, Field(ge=10, le=1_000_000), Field(validation_alias=AliasChoices("batch_size", "mini_batch_size"))
    ] = 4096
    """Rows per mini-batch."""
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    """Random seed. The same data and seed give the same clusters."""
