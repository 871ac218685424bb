"""What is true of k-means alone; what holds for every image is in tests/contract."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kmeans.tests.jobs import IMAGE, MODEL, NUMBERS, fit, fit_on_hosts, write
from sklearn.cluster import KMeans

from harness.places import Place
from harness.samples import Sample
from slipway import Channel, Options, Table, UserError


@pytest.mark.parametrize("init", ["k-means++", "random"])
@pytest.mark.parametrize(("k", "n_init", "seed"), [(3, 10, 0), (5, 3, 1), (1, 1, 2), (8, 4, 42)])
def test_the_centres_are_those_of_scikit_learn(
    tmp_path: Path, blobs: Any, init: str, k: int, n_init: int, seed: int
) -> None:
    model, job = fit(write(tmp_path, blobs), k=str(k), n_init=str(n_init), seed=str(seed), init=init)
    theirs = KMeans(k, init=init, n_init=n_init, random_state=seed).fit(blobs)
    assert np.allclose(model.centres, theirs.cluster_centers_, rtol=1e-9)
    assert job.metrics["inertia"] == pytest.approx(theirs.inertia_)
    assert np.array_equal(model.nearest(model.place(blobs)), theirs.predict(blobs))
    apart = theirs.transform(blobs).min(axis=1)
    assert np.allclose(model.clusters.assigned(blobs)[1], apart)


def test_standardizing_is_what_scikit_learn_does_to_scaled_columns(tmp_path: Path, blobs: Any) -> None:
    model, _ = fit(write(tmp_path, blobs), k="3", standardize="true")
    scaled = (blobs - blobs.mean(axis=0)) / blobs.std(axis=0)
    theirs = KMeans(3, n_init=10, random_state=0).fit(scaled)
    assert np.allclose(model.centres, theirs.cluster_centers_)


def test_auto_finds_how_many_groups_there_are(tmp_path: Path, blobs: Any) -> None:
    model, job = fit(write(tmp_path, blobs), standardize="true", k_max="8")
    assert len(model.centres) == 3
    curve = next(section for section in job.report.sections if section.title == "How many clusters")
    assert curve.table is not None
    assert list(curve.table["k"]) == list(range(1, 9))


def test_auto_of_one_row_is_one_cluster(tmp_path: Path) -> None:
    model, _ = fit(write(tmp_path, [[1.0, 2.0]]))
    assert model.centres.tolist() == [[1, 2]]


def test_mini_batches_come_close_to_the_centres_of_all_rows(tmp_path: Path, blobs: Any) -> None:
    folder = write(tmp_path, blobs)
    whole, exact = fit(folder, k="3")
    pieces, close = fit(folder, k="3", algorithm="minibatch", batch_size="30")
    assert close.metrics["inertia"] == pytest.approx(exact.metrics["inertia"], rel=0.05)
    assert pieces.centres.shape == whole.centres.shape


def test_mini_batches_are_taken_where_the_table_would_not_fit_memory(
    tmp_path: Path, blobs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from slipway import machine

    monkeypatch.setattr(machine, "memory_bytes", lambda: 1000)
    monkeypatch.setattr(Channel, "table", property(lambda self: pytest.fail("the whole table was read")))
    model, job = fit(write(tmp_path, blobs), k="3")
    assert len(model.centres) == 3
    assert job.metrics["inertia"] > 0


def test_mini_batches_give_the_moments_of_all_rows_whatever_the_pieces(
    tmp_path: Path, blobs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from slipway.formats import base

    monkeypatch.setattr(base.line_blocks, "__defaults__", (700,))
    gappy = blobs.copy()
    gappy[::7, 1] = np.nan
    model, _ = fit(write(tmp_path, gappy), k="3", algorithm="minibatch", standardize="true")
    mean = np.nanmean(gappy, axis=0)
    filled = np.where(np.isnan(gappy), mean, gappy)
    assert np.allclose(model.fill, mean)
    assert np.allclose(model.scale, filled.std(axis=0))


@pytest.mark.only("local")
@pytest.mark.contract("A6.7")
def test_sums_made_on_several_hosts_give_the_centres_of_one(
    place: Place, sample: Sample, tmp_path: Path, blobs: Any
) -> None:
    """Each host keeps its rows; one of them has gaps, another has more rows."""
    gappy = blobs.copy()
    gappy[:7, 1] = np.nan
    root, log = fit_on_hosts(sample, tmp_path, (gappy[:50], gappy[50:]), k="3")
    found = MODEL.load(root / "model")
    filled = np.where(np.isnan(gappy), np.nanmean(gappy, axis=0), gappy)
    theirs = KMeans(3, n_init=10, random_state=0).fit(filled)
    metrics = json.loads((root / "model/manifest.json").read_text())["metrics"]
    assert metrics["inertia"] == pytest.approx(theirs.inertia_, rel=1e-4)
    order, others = np.argsort(found.centres[:, 2]), np.argsort(theirs.cluster_centers_[:, 2])
    assert np.allclose(found.centres[order], theirs.cluster_centers_[others], rtol=0.05, atol=0.2)
    assert "iteration 1: inertia" in log


def test_distributed_does_on_one_host_too(tmp_path: Path, blobs: Any) -> None:
    """The same code, over one partition."""
    folder = write(tmp_path, blobs)
    (shared, _), (alone, _) = (fit(folder, k="3", algorithm=one) for one in ("distributed", "lloyd"))
    order, others = (np.argsort(model.centres[:, 0]) for model in (shared, alone))
    assert np.allclose(shared.centres[order], alone.centres[others], rtol=1e-6)


def test_a_missing_cell_counts_as_the_mean_and_loses_no_row(tmp_path: Path, blobs: Any) -> None:
    gappy = blobs.copy()
    gappy[0, 0] = np.nan
    model, job = fit(write(tmp_path, gappy), k="3")
    filled = np.where(np.isnan(gappy), np.nanmean(gappy, axis=0), gappy)
    theirs = KMeans(3, n_init=10, random_state=0).fit(filled)
    assert np.allclose(model.centres, theirs.cluster_centers_)
    assert "1 missing cells" in job.report.sections[0].text


def test_columns_of_text_are_left_out_and_named_in_the_report() -> None:
    model, job = fit(IMAGE.folder / "sample/train", k="3")
    assert model.names == [*NUMBERS, "year"]
    assert "species, island, sex" in job.report.sections[0].text


@pytest.mark.parametrize(
    ("hyperparameters", "message"),
    [
        ({"k": "50"}, "k is 50, but the train channel has only 12 rows"),
        ({"k": "0"}, 'hyperparameter k: expected .*, got "0"'),
        ({"k": "3", "n_clusters": "3"}, "one and the same"),
        ({"k": "5"}, "k is 5, but the rows of the train channel hold only 4 distinct points"),
        ({"features": "x,zz"}, "features: no column zz"),
        ({"features": "x,word"}, "column word holds text"),
    ],
)
def test_what_cannot_be_clustered_is_refused_in_one_line(
    tmp_path: Path, hyperparameters: dict[str, str], message: str
) -> None:
    lines = [f"{number % 4},{number % 2},w{number}" for number in range(12)]
    (tmp_path / "rows.csv").write_text("x,y,word\n" + "\n".join(lines) + "\n")
    with pytest.raises(UserError, match=message) as caught:
        fit(tmp_path, **hyperparameters)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("oops", 'row 4, column "x": expected a number as in the column'),
        ("inf", 'row 4, column "x": expected a finite'),
    ],
)
def test_a_stray_cell_among_numbers_is_named(tmp_path: Path, cell: str, message: str) -> None:
    rows = [f"{cell if number == 3 else number},{number}" for number in range(12)]
    (tmp_path / "rows.csv").write_text("x,y\n" + "\n".join(rows) + "\n")
    with pytest.raises(UserError, match=message):
        fit(tmp_path)
    if cell == "oops":
        assert fit(tmp_path, features="y")[0].names == ["y"]


def test_a_table_with_semicolons_is_read_and_told(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("x;y\n1;2\n3;4\n")
    channel = Channel("train", tmp_path)
    assert channel.table.kinds == {"x": "integer", "y": "integer"}
    assert channel.notes == ["cells are separated by semicolons"]


@pytest.mark.parametrize("given", ["5", '"5"', '"\\"5\\""', "5.0"])
def test_k_is_read_in_every_form_that_clients_send(given: str) -> None:
    assert IMAGE.hyperparameters().read({"n_clusters": given}).k == 5


@pytest.mark.contract("A8.6")
def test_the_test_channel_is_scored_as_the_built_in_k_means_does(tmp_path: Path, blobs: Any) -> None:
    """Under the names that its metrics have."""
    model, job = fit(write(tmp_path / "a", blobs), write(tmp_path / "b", blobs[:10]), k="3")
    squares = np.square(model.clusters.assigned(blobs[:10])[1])
    assert job.metrics["test:ssd"] == pytest.approx(squares.sum())
    assert job.metrics["test:msd"] == pytest.approx(squares.mean())


def test_answers_are_the_built_in_ones_or_plain_ids_for_older_clients(tmp_path: Path, blobs: Any) -> None:
    model, _ = fit(write(tmp_path, blobs, "a,b,c"), k="3")
    rows = Table(model.columns, None, 2, np.array([[0.0, 0, 0], [3, 3, 300]]))

    def ask(**options: bool) -> dict[str, Any]:
        return dict(model.predict(rows, MODEL.options(**options)).columns)

    full = ask()
    assert list(full) == ["closest_cluster", "distance_to_cluster"]
    assert full["closest_cluster"].dtype == np.float64, "1.0, as the built-in k-means writes it"
    plain = ask(ids=True)
    assert list(plain) == ["closest_cluster"]
    assert plain["closest_cluster"].dtype.kind == "i"


def test_the_model_is_numbers_and_no_pickle(tmp_path: Path, blobs: Any) -> None:
    model, _ = fit(write(tmp_path / "data", blobs), k="2")
    (tmp_path / "model").mkdir()
    model.save(tmp_path / "model")
    with np.load(tmp_path / "model/centres.npz", allow_pickle=False) as stored:
        assert set(stored) == {"kind", "columns", "centres", "variance", "fill", "shift", "scale"}
    assert issubclass(MODEL.options, Options)
