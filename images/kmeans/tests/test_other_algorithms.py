"""Gaussian mixtures, HDBSCAN and memberships: what they find, and what their saved models answer."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kmeans.tests.jobs import IMAGE, MODEL, fit, write
from scipy.stats import multivariate_normal
from sklearn.cluster import HDBSCAN
from sklearn.mixture import GaussianMixture

from slipway import Job, Table, UserError

FAR = np.array([4e8, -2e9])


@pytest.fixture
def long() -> Any:
    """Two long groups side by side, which k-means cuts across, a small round one; sixteenths."""
    random = np.random.default_rng(11)
    rows = random.normal(size=(450, 2)) * [6, 0.4] + np.repeat([[0, 0], [0, 4]], [250, 200], axis=0)
    rows = np.concatenate([rows, random.normal(size=(50, 2)) * 0.5 + [30, 2]])
    return np.round(rows * 16) / 16


@pytest.fixture
def noisy() -> Any:
    """Two rings, one in the other, which no centre tells apart, and 30 rows anywhere; sixteenths."""
    random = np.random.default_rng(4)
    angle, radius = random.uniform(0, 2 * np.pi, 400), np.repeat([5.0, 12.0], [150, 250])
    rings = np.stack([np.cos(angle), np.sin(angle)], axis=1) * radius[:, None]
    rows = np.concatenate([rings + random.normal(size=(400, 2)) * 0.3, random.uniform(-40, 40, (30, 2))])
    return np.round(rows * 16) / 16


def answers(folder: Path, model: Any, rows: Any, **options: bool) -> dict[str, Any]:
    """Of the model that is saved and loaded."""
    folder.mkdir(exist_ok=True)
    model.save(folder)
    served = MODEL.load(folder)
    table = Table(served.columns, None, len(rows), rows)
    return dict(served.predict(table, MODEL.options(**options)).columns)


@pytest.mark.parametrize(
    ("family", "offset"), [("full", FAR), ("tied", 0), ("diag", FAR), ("spherical", 0), ("full", 0)]
)
def test_a_mixture_is_as_likely_as_that_of_scikit_learn(
    tmp_path: Path, long: Any, family: str, offset: Any
) -> None:
    given = {
        "algorithm": "gaussian_mixture",
        "covariance_type": family,
        "k": "3",
        "k_max": "2",
        "n_init": "5",
    }
    model, job = fit(write(tmp_path / "rows", long + offset, "a,b"), **given)
    theirs = GaussianMixture(3, covariance_type=family, n_init=5, tol=1e-4, random_state=1).fit(long)
    assert job.metrics["bic"] <= theirs.bic(long) * 1.005
    found = answers(tmp_path / "model", model, long + offset, memberships=True)
    weights, whiteners = model.clusters.weights, model.clusters.whiteners
    densities = np.zeros((len(long), 3))
    for place, mean in enumerate(model.centres):
        whitener = whiteners[place % len(whiteners)]
        whitener = np.diag(whitener) if whitener.ndim == 1 else whitener
        normal = multivariate_normal(mean - offset, np.linalg.inv(whitener @ whitener.T))
        densities[:, place] = weights[place] * normal.pdf(long)
    shares = np.array(found["memberships"].tolist())
    assert np.allclose(shares, densities / densities.sum(axis=1, keepdims=True), atol=1e-4)
    assert np.array_equal(found["closest_cluster"], shares.argmax(axis=1))
    parameters = {"full": 17, "tied": 11, "diag": 14, "spherical": 11}[family]
    bic = parameters * np.log(len(long)) - 2 * np.log(densities.sum(axis=1)).sum()
    assert job.metrics["bic"] == pytest.approx(bic, rel=1e-4)
    chosen = model.centres[found["closest_cluster"].astype(int)]
    assert np.allclose(
        found["distance_to_cluster"], np.linalg.norm(long + offset - chosen, axis=1), atol=1e-5
    )


def test_a_mixture_tells_long_groups_apart_that_k_means_cuts(tmp_path: Path, long: Any) -> None:
    folder, truth = write(tmp_path, long, "a,b"), np.repeat([0, 1, 2], [250, 200, 50])
    right = {}
    for algorithm in ("gaussian_mixture", "lloyd"):
        model, _ = fit(folder, algorithm=algorithm, k="3", k_max="3")
        labels = model.nearest(model.place(long))
        right[algorithm] = sum(np.bincount(truth[labels == one]).max() for one in np.unique(labels))
    assert right["gaussian_mixture"] > 0.97 * len(long) > right["lloyd"]


def test_the_memberships_of_k_means_are_those_of_round_gaussians(tmp_path: Path, blobs: Any) -> None:
    model, job = fit(write(tmp_path / "rows", blobs), k="3", k_max="3")
    found = np.array(answers(tmp_path / "model", model, blobs, memberships=True)["memberships"].tolist())
    squares = np.square(np.linalg.norm(blobs[:, None] - model.centres, axis=2))
    weights = np.exp(-squares / (2 * job.metrics["inertia"] / blobs.size))
    assert np.allclose(found, weights / weights.sum(axis=1, keepdims=True))
    assert np.array_equal(found.argmax(axis=1), model.nearest(blobs))


def test_memberships_are_the_last_column_and_not_among_the_usual(tmp_path: Path, blobs: Any) -> None:
    model, _ = fit(write(tmp_path / "rows", blobs), k="2", k_max="2")
    usual = ["closest_cluster", "distance_to_cluster"]
    assert list(answers(tmp_path / "model", model, blobs[:2])) == usual
    assert list(answers(tmp_path / "model", model, blobs[:2], memberships=True)) == [*usual, "memberships"]
    assert list(answers(tmp_path / "model", model, blobs[:0], memberships=True)) == [*usual, "memberships"]


@pytest.mark.parametrize("offset", [0 * FAR, FAR])
def test_hdbscan_answers_the_training_rows_as_scikit_learn_labels_them(
    tmp_path: Path, noisy: Any, offset: Any
) -> None:
    given = {"algorithm": "hdbscan", "min_cluster_size": "20"}
    model, job = fit(write(tmp_path / "rows", noisy + offset, "a,b"), **given)
    theirs = HDBSCAN(min_cluster_size=20, min_samples=5, copy=True).fit(noisy)
    found = answers(tmp_path / "model", model, noisy + offset)
    assert np.array_equal(found["closest_cluster"], theirs.labels_)
    assert set(theirs.labels_) == {-1, 0, 1}, "two rings and noise"
    assert job.metrics["noise"] == pytest.approx((theirs.labels_ == -1).mean())
    assert "inertia" not in job.metrics
    sizes = next(one for one in job.report.sections if one.title == "Cluster sizes")
    assert sizes.table is not None
    assert sizes.table["rows"].sum() == len(noisy)


def test_new_rows_join_the_cluster_that_reaches_them_or_none(tmp_path: Path, noisy: Any) -> None:
    model, _ = fit(write(tmp_path / "rows", noisy, "a,b"), algorithm="hdbscan", min_cluster_size="20")
    angle = np.linspace(0, 6, 40)
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    inner, outer = (answers(tmp_path / "model", model, ring * radius) for radius in (5.05, 12.05))
    assert len(set(inner["closest_cluster"])) == len(set(outer["closest_cluster"])) == 1
    assert inner["closest_cluster"][0] != outer["closest_cluster"][0]
    away = answers(tmp_path / "model", model, np.array([[0.0, 0], [200, 200], [8.5, 0]]))
    assert away["closest_cluster"].tolist() == [-1, -1, -1], "the centre of both rings is in neither"
    assert away["distance_to_cluster"][1] > 200
    assert (inner["distance_to_cluster"] < 5).all()


def test_a_row_that_lies_sparser_than_all_rows_of_a_cluster_is_noise() -> None:
    """Its nearest row may be near, but the third nearest, which is its core distance, is too far."""
    from kmeans.densities import Densities

    rows, labels = np.array([[0.0], [1], [2], [3]]), np.zeros(4, np.int64)
    clusters = Densities(rows, labels, np.array([2.0, 1, 1, 2]), 3, np.zeros(1))
    found, distances = clusters.assigned(np.array([[2.5], [4.5]]))
    assert found.tolist() == [0, -1]
    assert distances.tolist() == [1.5, 3.5]


def test_a_row_is_answered_alike_alone_and_among_others(tmp_path: Path, noisy: Any) -> None:
    """Pieces of any size, by which memory stays bounded."""
    for algorithm in ("hdbscan", "gaussian_mixture"):
        model, _ = fit(write(tmp_path / "rows", noisy, "a,b"), algorithm=algorithm)
        labels, distances = model.clusters.assigned(noisy)
        model.clusters._at_once = 7
        again = model.clusters.assigned(noisy)
        assert np.array_equal(again[0], labels)
        assert np.allclose(again[1], distances)


@pytest.mark.parametrize("algorithm", ["hdbscan", "gaussian_mixture"])
def test_data_larger_than_memory_are_learned_by_a_sample(
    tmp_path: Path, long: Any, monkeypatch: pytest.MonkeyPatch, algorithm: str
) -> None:
    from kmeans import summary

    from slipway import Channel, machine  # type: ignore[attr-defined]

    folder = write(tmp_path, long, "a,b")
    monkeypatch.setattr(machine, "memory_bytes", lambda: 1000)
    monkeypatch.setattr(summary, "_SAMPLE", 300)
    monkeypatch.setattr(Channel, "table", property(lambda self: pytest.fail("the whole table was read")))
    log: list[str] = []
    monkeypatch.setattr(Job, "progress", lambda self, text: log.append(text))
    model, job = fit(folder, test=folder, algorithm=algorithm)
    assert any("a sample of 300 of 500 rows" in line for line in log), log
    if algorithm == "hdbscan":
        assert 0 <= job.metrics["test:noise"] < 0.3
    else:
        assert job.metrics["inertia"] == pytest.approx(job.metrics["test:ssd"])
    assert len(model.centres) > 1


@pytest.mark.parametrize(
    ("hyperparameters", "message"),
    [
        ({"algorithm": "hdbscan", "k": "3"}, "hyperparameter k has no effect with algorithm=hdbscan"),
        ({"algorithm": "hdbscan", "init": "random"}, "init has no effect"),
        ({"algorithm": "gaussian_mixture", "batch_size": "100"}, "batch_size has no effect"),
        ({"min_samples": "3"}, "min_samples has no effect with algorithm=auto"),
        ({"algorithm": "minibatch", "covariance_type": "diag"}, "covariance_type has no effect"),
    ],
)
def test_what_an_algorithm_does_not_use_is_refused(hyperparameters: dict[str, str], message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        IMAGE.hyperparameters().read(hyperparameters)
    assert "\n" not in str(caught.value)


def test_auto_is_a_k_that_hdbscan_takes() -> None:
    assert IMAGE.hyperparameters().read({"algorithm": "hdbscan", "k": "auto"}).algorithm == "hdbscan"


def test_what_hdbscan_cannot_do_is_said_in_one_line(tmp_path: Path, noisy: Any) -> None:
    few = write(tmp_path / "few", noisy[:8], "a,b")
    with pytest.raises(UserError, match="min_samples is 9, but hdbscan learns from 8 rows"):
        fit(few, algorithm="hdbscan", min_samples="9")
    alike = write(tmp_path / "one", np.random.default_rng(0).normal(size=(60, 2)), "a,b")
    with pytest.raises(UserError, match="all rows are noise"):
        fit(alike, algorithm="hdbscan", min_cluster_size="40")
    model, _ = fit(write(tmp_path / "rows", noisy, "a,b"), algorithm="hdbscan")
    with pytest.raises(UserError, match="algorithm=hdbscan has no memberships"):
        answers(tmp_path / "model", model, noisy, memberships=True)


def test_covariances_that_would_not_fit_memory_are_refused(
    tmp_path: Path, long: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kmeans import gaussian_mixture

    monkeypatch.setattr(gaussian_mixture, "_NUMBERS", 11)
    folder = write(tmp_path, long, "a,b")
    with pytest.raises(UserError, match="covariance_type=full of 3 clusters in 2 columns"):
        fit(folder, algorithm="gaussian_mixture", k="3", k_max="3")
    fit(folder, algorithm="gaussian_mixture", k="3", k_max="3", covariance_type="tied")
