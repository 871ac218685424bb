"""HDBSCAN (Campello, Moulavi & Sander 2013), as scikit-learn has it, on at most 10,000 rows."""

from typing import TYPE_CHECKING

from slipway import Job, UserError

from .densities import NOISE, Densities, core_distances, tree
from .points import Points

if TYPE_CHECKING:
    from .hyperparameters import Hyperparameters

ROWS = 10_000  # its time grows with the square of the rows, and each becomes part of the model
_SHARE = 50  # of the rows are the fewest of a cluster
_FEWEST = 5


def fit(points: Points, params: "Hyperparameters", job: Job) -> tuple[Points, Densities]:
    """The rows learned from, and the clusters of these. Raises UserError where all of them are noise."""
    from sklearn.cluster import HDBSCAN

    learned = points.sample(ROWS, params.seed)
    rows = learned.matrix - points.middle
    height = len(rows)
    if height < points.moments.height:
        job.progress(f"hdbscan learns from a sample of {height} of {points.moments.height} rows")
    auto = max(_FEWEST, height // _SHARE)
    fewest = auto if params.min_cluster_size == "auto" else params.min_cluster_size
    most = max(fewest, params.min_samples)
    if height < most:
        name = "min_cluster_size" if fewest == most else "min_samples"
        raise UserError(f"{name} is {most}, but hdbscan learns from {height} rows")
    found = HDBSCAN(min_cluster_size=fewest, min_samples=params.min_samples, copy=True).fit(rows)
    labels = found.labels_.astype("int64")
    if (labels == NOISE).all():
        raise UserError(
            f"hdbscan finds no two clusters of at least {fewest} rows: all rows are noise; "
            "lower min_cluster_size or min_samples"
        )
    noise = int((labels == NOISE).sum())
    job.progress(
        f"hdbscan: {labels.max() + 1} clusters of at least {fewest} rows; {noise} of {height} rows are noise"
    )
    core = core_distances(tree(rows), rows, params.min_samples)
    return learned, Densities(rows, labels, core, params.min_samples, points.middle)
