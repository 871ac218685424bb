"""What a user may set for a training job."""

from typing import Annotated, Literal, Self

from pydantic import AliasChoices, Field, model_validator

import slipway
from slipway import Tunable, UserError

_KMEANS = ("auto", "lloyd", "minibatch", "distributed")
_WITH_K = (*_KMEANS, "gaussian_mixture")
# Hyperparameters that not all algorithms use, and those that do.
_USED_BY = {
    **dict.fromkeys(("k", "k_max", "init", "n_init", "max_iter", "tol"), _WITH_K),
    "batch_size": _KMEANS,
    "covariance_type": ("gaussian_mixture",),
    "min_cluster_size": ("hdbscan",),
    "min_samples": ("hdbscan",),
}


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
    algorithm: Literal["auto", "lloyd", "minibatch", "distributed", "gaussian_mixture", "hdbscan"] = "auto"
    """Algorithm. lloyd: k-means of data in memory. minibatch: of data of any size. distributed: of data in
    the memory of all hosts. auto: k-means, by size. gaussian_mixture: clusters of unequal size, spread and
    shape. hdbscan: clusters of any shape, and noise; it finds k."""
    batch_size: Annotated[
        int, Field(ge=10, le=1_000_000), Field(validation_alias=AliasChoices("batch_size", "mini_batch_size"))
    ] = 4096
    """Rows per mini-batch."""
    covariance_type: Literal["full", "tied", "diag", "spherical"] = "full"
    """Covariances of a Gaussian mixture, as in scikit-learn."""
    min_cluster_size: Annotated[int, Field(ge=2, le=10_000), Tunable()] | Literal["auto"] = "auto"
    """Fewest rows that are a cluster (hdbscan), of at most 10,000 rows learned from. auto: 2 % of them, at
    least 5."""
    min_samples: Annotated[int, Field(ge=1, le=1_000), Tunable()] = 5
    """Rows around a row, itself included, by which density is measured (hdbscan). More: more noise."""
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    """Random seed. The same data and seed give the same clusters."""

    @model_validator(mode="after")
    def _used_by_the_algorithm(self) -> Self:
        """Raises UserError for a hyperparameter that the chosen algorithm would ignore."""
        for name, algorithms in _USED_BY.items():
            given = (
                name in self.model_fields_set and getattr(self, name) != type(self).model_fields[name].default
            )
            if given and self.algorithm not in algorithms:
                raise UserError(
                    f"hyperparameter {name} has no effect with algorithm={self.algorithm}: leave it out"
                )
        return self
