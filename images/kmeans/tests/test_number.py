"""k=auto: how many groups it finds, where there are some and where there are none, and what it says of it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kmeans.tests.jobs import fit

from slipway import Job

CORNERS = np.array([[0.0, 0], [6, 0], [0, 6], [6, 6]])


def groups(*sizes: int, apart: float = 1.0, seed: int = 5) -> Any:
    """Round groups of spread 1 at the corners of a square of six, times `apart`."""
    random = np.random.default_rng(seed)
    return np.concatenate(
        [corner * apart + random.normal(size=(size, 2)) for corner, size in zip(CORNERS, sizes, strict=False)]
    )


def auto(folder: Path, matrix: Any, **given: str) -> tuple[int, Job, list[str]]:
    folder.mkdir(parents=True, exist_ok=True)
    np.savetxt(folder / "rows.csv", matrix, delimiter=",", fmt="%.6f")
    log: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Job, "progress", lambda self, text: log.append(text))
        model, job = fit(folder, **{"n_init": "2", **given})
    return len(model.centres), job, log


NORMAL = np.random.default_rng(1).normal(size=(500, 6))


@pytest.mark.parametrize(
    ("name", "rows", "k"),
    [
        ("uniform", np.random.default_rng(2).uniform(size=(600, 2)), 1),
        ("normal", NORMAL, 1),
        ("elongated", NORMAL * [1, 1, 1, 1, 1, 9], 1),
        ("skewed", np.random.default_rng(3).exponential(size=(500, 3)), 1),
        ("heavy tails", np.random.default_rng(4).standard_t(4, size=(600, 2)), 1),
        ("whole numbers", np.random.default_rng(6).poisson(4, size=(500, 2)), 1),
        ("unequal sizes", groups(400, 40, 120), 3),
        ("unequal spreads", np.concatenate([groups(150), 0.3 * groups(150) + 5]), 2),
        ("overlap", groups(300, 300, 300, 300, apart=0.58), 4),
        ("two pairs far apart", np.concatenate([groups(150, 150), groups(150, 150) + np.array([0, 60])]), 4),
        ("long and parallel", groups(300, 0, 300) @ np.diag([6, 1]), 2),
        ("far from zero", groups(150, 150, 150) + np.array([1e9, -4e9]), 3),
        ("two points", np.repeat([[1e9, 0.0], [1e9 + 4, 0]], 30, axis=0), 2),
    ],
)
def test_auto_finds_the_groups_that_have_valleys_between_them(
    tmp_path: Path, name: str, rows: Any, k: int
) -> None:
    found, _, log = auto(tmp_path, rows)
    assert found == k, [line for line in log if line.startswith("k=auto")]


def test_how_sure_it_is_stands_in_log_and_report(tmp_path: Path) -> None:
    _, job, log = auto(tmp_path, groups(200, 200, 200))
    (said,) = [line for line in log if line.startswith("k=auto")]
    assert said.startswith("k=auto chose 3: 3 Gaussian components fit best (BIC); sure: 5 of 5 halves")
    section = next(section for section in job.report.sections if section.title == "How many clusters")
    assert "sure: 5 of 5 halves of the rows gave the same number" in section.text
    assert section.table is not None
    assert "BIC" in section.table


def test_few_rows_are_said_to_be_too_few(tmp_path: Path) -> None:
    _, _, log = auto(tmp_path, groups(4, 4))
    assert any("the best silhouette; 8 rows are too few to say how sure that is" in line for line in log)


@pytest.mark.parametrize("seed", range(3))
def test_a_few_rows_beside_a_single_point_are_no_group(tmp_path: Path, seed: int) -> None:
    """More distinct points than k_max, of which the mixtures' rows may be only one."""
    rows = np.zeros((5_000, 2))
    rows[np.random.default_rng(seed).choice(5_000, 2, replace=False)] = [[5, 5], [9, 1]]
    found, _, log = auto(tmp_path, rows, k_max="2")
    assert found == 1, log


def test_the_curve_grows_where_the_best_is_at_its_end_unless_k_max_is_given(tmp_path: Path) -> None:
    random = np.random.default_rng(8)
    places = np.stack(np.meshgrid(np.arange(4), np.arange(4)), axis=-1).reshape(-1, 2) * 8.0
    rows = np.repeat(places, 60, axis=0) + random.normal(size=(960, 2))
    found, _, log = auto(tmp_path / "free", rows)
    assert found == 16
    assert any("at the end of the curve, 12: going on to 18" in line for line in log), log
    found, _, log = auto(tmp_path / "given", rows, k_max="9")
    assert found <= 9
    assert any("a larger k_max may find more" in line for line in log), log


def test_the_same_seed_gives_the_same_number_and_words(tmp_path: Path) -> None:
    rows = groups(80, 80, 80, apart=0.5)
    assert auto(tmp_path / "a", rows)[2] == auto(tmp_path / "b", rows)[2]


def test_the_dip_is_that_of_known_distributions() -> None:
    from kmeans.dip import dip

    assert dip(np.arange(100.0)) == pytest.approx(1 / 200), "evenly spread"
    assert dip(np.repeat([0.0, 1.0], 50) + np.tile(np.arange(50) * 1e-9, 2)) == pytest.approx(0.25, abs=0.01)
    assert dip(np.full(9, 3.0)) == pytest.approx(1 / 18)
    random = np.random.default_rng(0)
    uniform = np.median([dip(random.uniform(size=200)) * 200**0.5 for _ in range(60)])
    assert uniform == pytest.approx(0.37, abs=0.03), "Hartigan & Hartigan (1985), table 1"
    values = random.normal(size=300)
    assert dip(values) == pytest.approx(dip(-values)) == pytest.approx(dip(values * 7 + 1e6))
