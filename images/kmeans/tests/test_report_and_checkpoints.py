"""What k-means keeps against interruption, and what its report says."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kmeans.tests.jobs import TRAINER, fit, write
from sklearn.cluster import KMeans

from slipway import Job


@pytest.mark.parametrize("algorithm", ["lloyd", "minibatch"])
@pytest.mark.contract("A2.12", "A9.1")
def test_an_interrupted_job_goes_on_where_it_was(
    tmp_path: Path, blobs: Any, monkeypatch: pytest.MonkeyPatch, algorithm: str
) -> None:
    """Stopped after the first run or pass, then started again with its checkpoints."""
    folder, root = write(tmp_path / "rows", blobs), tmp_path / "ml"
    given = {"k": "5", "algorithm": algorithm, "batch_size": "20", "tol": "0", "max_iter": "4", "k_max": "2"}
    given["n_init"] = "3"  # of which the last is best: it must start where it would have started
    whole, _ = fit(folder, **given)
    (root / "checkpoints").mkdir(parents=True)
    with monkeypatch.context() as once:
        once.setattr(Job, "should_stop", lambda self: True)
        broken, _ = fit(folder, root=root, **given)
    assert not np.array_equal(broken.centres, whole.centres)
    told: list[str] = []
    monkeypatch.setattr(Job, "progress", lambda self, text: told.append(text))
    again, _ = fit(folder, root=root, **given)
    assert any(text.startswith("going on after") for text in told), told
    assert not any(text.startswith(("run 1 ", "pass 1:")) for text in told), told
    assert np.array_equal(again.centres, whole.centres)
    told.clear()
    fit(write(tmp_path / "rows", blobs + 1), root=root, **given)
    assert not any(text.startswith("going on after") for text in told), "the centres of other data"


def test_a_job_that_is_killed_keeps_its_curve(
    tmp_path: Path, blobs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed in the first run, before any of its own checkpoints, or while the curve was made."""
    from kmeans import scores

    root, given = tmp_path / "ml", {"k_max": "4", "seed": "3"}
    (root / "checkpoints").mkdir(parents=True)
    folder = write(tmp_path / "rows", blobs)
    _, whole = fit(folder, **given)
    with monkeypatch.context() as once:
        once.setattr(TRAINER, "_lloyd", lambda *rest: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            fit(folder, root=root, **given)
    made: list[int] = []
    monkeypatch.setattr(scores.Silhouettes, "of", lambda self, labels: made.append(1) or 0.5)
    _, again = fit(folder, root=root, **given)
    assert len(made) == 1, "of the final clusters alone"
    for title in ("How many clusters", "Centres"):
        curves = [next(one for one in job.report.sections if one.title == title) for job in (whole, again)]
        assert curves[0].table is not None
        assert curves[0].table.equals(curves[1].table)


@pytest.mark.parametrize("kept_s", [0, 1_000])
def test_the_centres_are_the_same_however_many_runs_are_made_in_one_call(
    tmp_path: Path, blobs: Any, monkeypatch: pytest.MonkeyPatch, kept_s: float
) -> None:
    """One after the other, and all but the first together; many of them find the same clusters."""
    monkeypatch.setattr(TRAINER, "KEPT_S", kept_s)
    told: list[str] = []
    monkeypatch.setattr(Job, "progress", lambda self, text: told.append(text))
    model, _ = fit(write(tmp_path, blobs), k="3", n_init="20", k_max="2")
    theirs = KMeans(3, n_init=20, random_state=0).fit(blobs)
    assert np.allclose(model.centres, theirs.cluster_centers_, rtol=1e-9)
    assert sum(text.startswith("run ") for text in told) == (2 if kept_s else 20)


def test_a_report_that_fails_costs_no_model(
    tmp_path: Path, blobs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kmeans import report

    monkeypatch.setattr(report, "_sizes", lambda sizes: 1 / 0)
    model, job = fit(write(tmp_path, blobs), k="3")
    assert len(model.centres) == 3
    assert job.report.sections[-1].title == "Incomplete"


def test_samples_are_named_in_the_report_and_wide_tables_stay_small(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    rows = random.normal(size=(6_000, 45)) + 5 * random.integers(0, 2, (6_000, 1))
    np.savetxt(tmp_path / "rows.csv", rows, delimiter=",", fmt="%.3f")
    _, job = fit(tmp_path, k="60", k_max="3", n_init="1", max_iter="3")
    texts = {section.title: section.text for section in job.report.sections}
    assert "a sample of 5,000 of 6,000 rows, the silhouette on 2,000 of these" in texts["How many clusters"]
    assert "A sample of 1,000 rows is drawn" in texts["Projection"]
    assert "the 40 columns in which" in texts["Centres"]
    assert all(len(section.figure or "") < 500_000 for section in job.report.sections)
