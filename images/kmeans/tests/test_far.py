"""Data far from zero: the same groups as near it, wherever distances, means and variances are taken."""

from functools import partial, reduce
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kmeans.tests import jobs
from kmeans.tests.jobs import MODEL, fit, fit_on_hosts
from sklearn.metrics import davies_bouldin_score, silhouette_score

from harness.places import Place
from harness.samples import Sample
from slipway import Channel, Table

FAR = np.array([3e9, -7e8, 4e8])
"""Powers of the spread away, and still exact to 1e-6 in float64."""

write = partial(jobs.write, names="a,b,c")


@pytest.fixture
def near() -> Any:
    """Four groups of spread 1, five apart; sixteenths, so that `near + FAR` is exact."""
    random = np.random.default_rng(3)
    centres = np.array([[0, 0, 0], [5, 5, 0], [0, 5, 5], [5, 0, 5]])
    rows = np.concatenate([centre + random.normal(size=(50, 3)) for centre in centres])
    return np.round(rows * 16) / 16


@pytest.mark.parametrize("algorithm", ["lloyd", "minibatch"])
@pytest.mark.parametrize("standardize", ["false", "true"])
def test_the_clusters_and_their_scores_are_those_of_the_same_data_near_zero(
    tmp_path: Path, near: Any, algorithm: str, standardize: str
) -> None:
    given = {"k": "4", "algorithm": algorithm, "standardize": standardize, "batch_size": "50"}
    here, close = fit(write(tmp_path / "near", near), write(tmp_path / "test", near[::3]), **given)
    there, far = fit(
        write(tmp_path / "far", near + FAR), write(tmp_path / "test far", near[::3] + FAR), **given
    )
    labels = here.nearest(here.place(near))
    assert np.array_equal(there.nearest(there.place(near + FAR)), labels)
    assert far.metrics == pytest.approx(close.metrics, rel=1e-5)
    assert far.metrics["davies_bouldin"] == pytest.approx(davies_bouldin_score(near, labels), rel=0.1)
    offset = 0 if standardize == "true" else FAR
    assert np.allclose(there.centres - offset, here.centres, atol=1e-5)


def test_the_number_of_clusters_is_the_one_chosen_near_zero(tmp_path: Path, near: Any) -> None:
    here, _ = fit(write(tmp_path / "near", near), k_max="6")
    there, _ = fit(write(tmp_path / "far", near + FAR), k_max="6")
    assert len(there.centres) == len(here.centres) == 4


def test_a_spread_that_is_small_beside_the_mean_is_no_constant(tmp_path: Path) -> None:
    """Times in nanoseconds, within one millisecond; the other column is constant, and stays undivided."""
    times = 1.7e18 + np.arange(60) * 1e4
    model, _ = fit(
        write(tmp_path, np.column_stack([times, np.full(60, 0.1)]), names="a,b"), k="2", standardize="true"
    )
    assert model.scale[0] == pytest.approx(times.std(), rel=1e-3)
    assert model.scale[1] == 1


@pytest.mark.parametrize("pieces", [1, 7])
def test_moments_of_pieces_are_exact_far_from_zero(near: Any, pieces: int) -> None:
    from kmeans.moments import Moments

    rows = np.tile(near, (500, 1)) + FAR * 1000
    whole = reduce(Moments.and_of, [Moments.of(list(piece.T)) for piece in np.array_split(rows, pieces)])
    assert np.allclose(whole.deviation, near.std(axis=0), rtol=1e-6)
    assert np.allclose(whole.mean - FAR * 1000, near.mean(axis=0), atol=1e-3)


def test_a_model_saved_before_finds_the_nearest_centres_too(tmp_path: Path, near: Any) -> None:
    """Its file has no more than the five arrays of then."""
    centres = np.array([[0.0, 0, 0], [5, 5, 0], [0, 5, 5], [5, 0, 5]]) + FAR
    np.savez(
        tmp_path / "centres.npz",
        columns=np.array(["a", "b", "c"]),
        centres=centres,
        fill=near.mean(axis=0) + FAR,
        shift=np.zeros(3),
        scale=np.ones(3),
    )
    model = MODEL.load(tmp_path)
    apart = np.linalg.norm((near + FAR)[:, None] - centres, axis=2)
    assert np.array_equal(model.nearest(model.place(near + FAR)), apart.argmin(axis=1))


@pytest.mark.parametrize("offset", [1e9, -1e12])
@pytest.mark.parametrize("algorithm", ["lloyd", "minibatch"])
@pytest.mark.parametrize("k", ["2", "auto"])
def test_two_groups_four_apart_are_told_apart_by_the_served_model(
    tmp_path: Path, algorithm: str, offset: float, k: str
) -> None:
    rows = (
        np.random.default_rng(9).normal(0, 0.5, (120, 2)) + np.repeat([[0.0, 0], [4, 0]], 60, axis=0) + offset
    )
    model, _ = fit(write(tmp_path / "rows", rows, names="a,b"), k=k, k_max="4", algorithm=algorithm)
    (tmp_path / "model").mkdir()
    model.save(tmp_path / "model")
    served = MODEL.load(tmp_path / "model")
    answers = served.predict(Table(served.columns, None, len(rows), rows), MODEL.options()).columns
    labels, distances = answers["closest_cluster"], answers["distance_to_cluster"]
    assert len(set(labels[:60])) == len(set(labels[60:])) == 1
    assert labels[0] != labels[60]
    means = np.repeat([rows[:60].mean(axis=0), rows[60:].mean(axis=0)], 60, axis=0)
    assert np.allclose(distances, np.linalg.norm(rows - means, axis=1), atol=1e-2)


@pytest.mark.only("local")
def test_hosts_find_the_groups_of_data_far_from_zero(
    place: Place, sample: Sample, tmp_path: Path, near: Any
) -> None:
    root, _ = fit_on_hosts(sample, tmp_path, (near[::2] + FAR, near[1::2] + FAR), k="4", k_max="2")
    found = MODEL.load(root / "model")
    labels = found.nearest(found.place(near + FAR))
    assert all(len(set(labels[first : first + 50])) <= 2 for first in range(0, 200, 50))
    means = np.array([near[labels == label].mean(axis=0) for label in range(4)])
    assert np.allclose(found.centres - FAR, means, atol=0.05)


@pytest.mark.parametrize("offset", [0.0, 1e10])
def test_scores_are_those_of_scikit_learn_near_zero(tmp_path: Path, near: Any, offset: float) -> None:
    from kmeans import scores
    from kmeans.points import Points

    folder = write(tmp_path, near + offset)
    model, job = fit(folder, k="5", max_iter="1", n_init="1")  # the centres are not yet the means
    points = Points.of(Channel("train", folder), (), False)
    labels = model.nearest(points.matrix)
    found = scores.scores(points, model.clusters, labels, job.metrics["inertia"], 0)
    assert found["davies_bouldin"] == pytest.approx(davies_bouldin_score(near, labels), rel=1e-4)
    assert found["silhouette"] == pytest.approx(silhouette_score(near, labels), rel=1e-4)
    assert job.metrics["silhouette"] == pytest.approx(found["silhouette"])
