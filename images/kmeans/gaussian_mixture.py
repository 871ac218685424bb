"""Gaussian mixtures by expectation-maximisation: many short runs on a sample, and a long one from the best.

That is emEM of Biernacki, Celeux & Govaert (2003); one of the short runs starts from the clusters of k-means.
"""

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from slipway import Array, Job, UserError

from .centres import Centres
from .gaussians import Gaussians
from .mixture import start
from .points import Points

if TYPE_CHECKING:
    from sklearn.mixture import GaussianMixture

    from .hyperparameters import Hyperparameters

_ROWS = 200_000  # of more, a sample is fitted to: parameters change little, and an iteration takes seconds
_SHORT_ROWS, _SHORT_ITERATIONS = 5_000, 30
_NUMBERS = 1 << 26  # of covariances at most: half a gigabyte
_FLOOR = 1e-6  # of a component's variance, relative to that of its column over all rows


def fit(
    points: Points, kmeans: Centres, params: "Hyperparameters", job: Job
) -> tuple[Gaussians, dict[str, float]]:
    """The mixture, in the space of the points, and its metrics.

    Raises UserError where k or the columns are too many for the rows or the memory.
    """
    if points.moments.height < 2:
        raise UserError("algorithm=gaussian_mixture needs at least 2 rows, and the train channel has 1")
    family, (k, width) = params.covariance_type, kmeans.centres.shape
    if family == "full" and k * width * width > _NUMBERS:
        raise UserError(
            f"covariance_type=full of {k} clusters in {width} columns takes "
            f"{k * width * width / 2**27:.0f} GB: use tied or diag"
        )
    learned = points.sample(_ROWS, params.seed)
    if len(learned.matrix) < points.moments.height:
        job.progress(
            f"the mixture is fitted to a sample of {len(learned.matrix)} of {points.moments.height} rows"
        )
    spread = learned.matrix.std(axis=0)
    spread[spread == 0] = 1
    scale = np.full(width, np.sqrt(np.square(spread).mean())) if family == "spherical" else spread
    rows = (learned.matrix - points.middle) / scale
    best = _best_start(points.sample(_SHORT_ROWS, params.seed), scale, kmeans, params)
    found = _em(
        rows,
        len(best.weights_),
        params,
        weights_init=best.weights_,
        means_init=best.means_,
        precisions_init=best.precisions_,
        max_iter=params.max_iter,
        tol=params.tol,
    )
    if found is None:
        raise UserError(_LOST.format(k=k))
    ended = "" if found.converged_ else ", without converging: raise max_iter or tol"
    job.progress(
        f"mixture: mean log-likelihood {found.lower_bound_:.6g} after {found.n_iter_} iterations{ended}"
    )
    whiteners = found.precisions_cholesky_
    if family == "spherical":
        whiteners = np.repeat(whiteners[:, None], width, axis=1)
    if family == "tied":
        whiteners = whiteners[None]
    whiteners = whiteners / (scale[:, None] if whiteners.ndim == 3 else scale)
    clusters = Gaussians(found.means_ * scale + points.middle, points.middle, found.weights_, whiteners)
    bic = found.bic(rows) + 2 * len(rows) * float(np.log(scale).sum())
    return clusters, {"bic": float(bic)}


_LOST = "a component of the mixture of k={k} lost its rows: lower k, or use covariance_type=diag"


def _best_start(
    points: Points, scale: Array, kmeans: Centres, params: "Hyperparameters"
) -> "GaussianMixture":
    """The likeliest of the short runs: one from the clusters of k-means, `n_init` from random rows."""
    rows = (points.matrix - points.middle) / scale
    _, labels = np.unique(kmeans.nearest(points.matrix), return_inverse=True)
    weights, means, precisions = start(rows, labels, params.covariance_type)
    k, init = len(weights), "k-means++" if params.init == "k-means++" else "random_from_data"
    runs = [
        _em(rows, k, params, weights_init=weights, means_init=means, precisions_init=precisions),
        _em(rows, k, params, init_params=init, n_init=params.n_init, random_state=params.seed),
    ]
    ended = [run for run in runs if run is not None]
    if not ended:
        raise UserError(_LOST.format(k=k))
    return max(ended, key=lambda run: float(run.lower_bound_))


def _em(rows: Array, k: int, params: "Hyperparameters", **given: Any) -> "GaussianMixture | None":
    """One call of scikit-learn's; None where a component lost its rows."""
    from sklearn.mixture import GaussianMixture

    mixture = GaussianMixture(
        k,
        covariance_type=params.covariance_type,
        reg_covar=_FLOOR,
        **{"max_iter": _SHORT_ITERATIONS, "tol": params.tol, **given},
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not converged is logged
        try:
            return mixture.fit(rows)
        except (ValueError, np.linalg.LinAlgError):
            return None
