"""Training: Lloyd's algorithm as scikit-learn has it, mini-batches beyond memory, mixtures, HDBSCAN."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from slipway import Channel, Job, UserError
from slipway.kit.checkpoints import INTERVAL_S as KEPT_S
from slipway.kit.checkpoints import ArrayCheckpoint

from . import curve, distributed, gaussian_mixture, hdbscan, minibatch, scores, selection
from .centres import Centres
from .densities import NOISE, Densities
from .hyperparameters import Hyperparameters
from .points import Points, choose_columns
from .predictor import Clusters, Model

if TYPE_CHECKING:
    from slipway import Array


def fit(data: Mapping[str, Channel], params: Hyperparameters, job: Job) -> Model:
    """Finds the clusters, reports on them, and scores the test channel where there is one."""
    train = data["train"]
    algorithm = params.algorithm if params.algorithm != "auto" else _by_size(train, job)
    if algorithm in ("minibatch", "distributed"):
        search = minibatch if algorithm == "minibatch" else distributed
        points, choice, centres = search.fit(train, params, job)
        return _finish(points, choice, Centres(centres, points.middle), {}, data, params, job)
    points = _points(train, algorithm, params)
    if points.units:
        job.progress(points.units)
    if algorithm == "hdbscan":
        points, densities = hdbscan.fit(points, params, job)
        choice = selection.none(len(densities.centres), len(points.matrix))
        return _finish(points, choice, densities, {}, data, params, job)
    choice = selection.choose(points, params, job)
    kmeans = Centres(_lloyd(points.matrix, choice.k, params, job), points.middle)
    if algorithm == "lloyd":
        return _finish(points, choice, kmeans, {}, data, params, job)
    _check_distinct(kmeans.nearest(points.matrix), choice.k)
    mixture, metrics = gaussian_mixture.fit(points, kmeans, params, job)
    if len(points.matrix) < points.moments.height:
        points = replace(points, inertia=minibatch.inertia(train, _model(points, mixture)))
    return _finish(points, choice, mixture, metrics, data, params, job)


def _points(train: Channel, algorithm: str, params: Hyperparameters) -> Points:
    """All rows; of more than fit memory a sample, which is what mixtures and HDBSCAN learn from."""
    if algorithm == "lloyd" or train.fits_memory:
        return Points.of(train, params.features, params.standardize)
    columns = choose_columns(train, params.features)
    return minibatch.summarised(train, columns, params.seed).points(train, columns, params)


def _check_distinct(labels: "Array", k: int) -> None:
    distinct = len(np.unique(labels))
    if distinct < min(k, len(labels)):
        raise UserError(f"k is {k}, but the rows of the train channel hold only {distinct} distinct points")


def _by_size(train: Channel, job: Job) -> str:
    """Exact while the rows fit the memory of one host, or of all."""
    if train.fits_memory:
        return "lloyd"
    return "distributed" if len(job.cluster.hosts) > 1 and train.fits_hosts else "minibatch"


def _lloyd(matrix: "Array", k: int, params: Hyperparameters, job: Job) -> "Array":
    """The best centres of `n_init` runs: `KMeans(n_init=…)`, but it can be stopped between runs.

    One random state goes through all runs, as it does inside scikit-learn, so the centres are the same.
    As many runs as fit between two checkpoints are made in one call, which centres and copies the matrix.
    """
    from sklearn.cluster import KMeans

    random = np.random.RandomState(params.seed)
    centres, labels, least, done = np.empty(0), np.empty(0, np.int32), np.inf, 0
    kept = ArrayCheckpoint(job, f"lloyd-{k}", matrix)
    if state := kept.load():
        centres, labels = state["centres"], state["labels"]
        least, done = float(state["least"]), int(state["done"])
        place, gauss, spare = state["place"]
        random.set_state(("MT19937", state["keys"], int(place), int(gauss), float(spare)))
        job.progress(f"going on after run {done}")
    runs = 1
    while done < params.n_init:
        runs, begun = min(runs, params.n_init - done), time.monotonic()
        with curve.threads(matrix, k):
            found = KMeans(
                k,
                init=params.init,
                n_init=runs,
                max_iter=params.max_iter,
                tol=params.tol,
                random_state=random,
            ).fit(matrix)
        first, done = done + 1, done + runs
        job.progress(
            f"run {first}{f' to {done}' if runs > 1 else ''} of {params.n_init}: "
            f"inertia {found.inertia_:.6g} after {found.n_iter_} iterations"
        )
        if found.inertia_ < least and not (first > 1 and _same(found.labels_, labels, k)):
            centres, labels, least = found.cluster_centers_, found.labels_, float(found.inertia_)
        _, keys, *place = random.get_state(legacy=True)
        kept.save(
            centres=centres,
            labels=labels,
            least=np.array(least),
            done=np.array(done),
            keys=np.asarray(keys),
            place=np.array(place),
        )
        if job.should_stop():
            break
        runs = max(1, int(KEPT_S * runs / max(time.monotonic() - begun, 1e-9)))
    return centres


def _same(labels: "Array", others: "Array", k: int) -> bool:
    """Whether clusters differ by their numbers alone: scikit-learn's rule between runs of one call."""
    number = np.full(k, -1)
    number[labels] = others
    return bool((number[labels] == others).all())


def _model(points: Points, clusters: Clusters) -> Model:
    return Model(points.columns, clusters, points.moments.mean, points.shift, points.scale)


def _finish(
    points: Points,
    choice: selection.Choice,
    clusters: Clusters,
    metrics: Mapping[str, float],
    data: Mapping[str, Channel],
    params: Hyperparameters,
    job: Job,
) -> Model:
    labels, apart = clusters.assigned(points.matrix)
    inertia = float(np.square(apart).sum()) if points.inertia is None else points.inertia
    if type(clusters) is Centres:
        _check_distinct(labels, choice.k)
        clusters.variance = inertia / (points.moments.height * len(points.columns))
    model = _model(points, clusters)
    job.log_metrics(**scores.scores(points, clusters, labels, inertia, params.seed), **metrics)
    if "test" in data:
        job.log_metrics(**_test_scores(model, data["test"]))
    with job.report.forgiving():
        from . import report  # and with it matplotlib and pandas

        report.write(job.report, points, choice, model, labels, params)
    return model


def _test_scores(model: Model, test: Channel) -> dict[str, float]:
    """The built-in k-means' own test metrics: sum and mean of squared distances to the nearest centre.

    Of HDBSCAN, whose distances are to rows, the share of noise instead.
    """
    total, noise, height = 0.0, 0, 0
    for table in test.batches():
        missing = [name for name in model.names if name not in table]
        if missing:
            raise UserError(f"channel test: missing columns {', '.join(missing)}")
        labels, apart = model.clusters.assigned(model.place(table.numbers(model.names)))
        total += float(np.square(apart).sum())
        noise += int((labels == NOISE).sum())
        height += len(labels)
    if isinstance(model.clusters, Densities):
        return {"test:noise": noise / height}
    return {"test:ssd": total, "test:msd": total / height}
