"""The report's figures, where a picture could mislead."""

import numpy as np
from automl import report
from automl.automl_handler.search.clock import Clock
from automl.automl_handler.search.run import SearchResult
from automl.tests.tables import TARGETS, mixed

from slipway import Report


def test_of_two_labels_a_direction_means_the_same_label_in_every_row(
    searched: dict[str, SearchResult],
) -> None:
    """Of the answered label, a great number would lie on the right and so would a small one."""
    fresh = mixed(60, seed=5).dropna(subset="size")
    predictor = searched["binary"].predictor
    assert predictor.problem.labels == ("no", "yes")
    design = predictor.design(fresh)
    assert set(predictor.predict(fresh).prediction) == {"no", "yes"}
    values = report._moved(predictor, design)[:, predictor.reads.index("size")]
    assert np.corrcoef(fresh["size"], values)[0, 1] > 0.8
    number = searched["regression"].predictor
    assert (report._moved(number, number.design(fresh)) == number.contributions(number.design(fresh))).all()


def test_the_tables_have_no_silly_digits(searched: dict[str, SearchResult]) -> None:
    for kind in TARGETS:
        trained = searched[kind]
        page = Report()
        report.write(page, trained, 5)
        tables = {one.title: one.table for one in page.sections}
        board, columns = tables["Leaderboard"], tables["Columns"]
        assert all(len(str(speed).rstrip("0")) <= 2 for speed in board["rows per second"])
        for numbers in (board["kB"], columns["missing, %"].dropna()):
            assert numbers.tolist() == numbers.round(1).tolist()
        assert (board["kB"] > 0).all()
        assert columns["missing, %"].max() > 0


def test_rows_are_explained_one_by_one_until_time_is_over(searched: dict[str, SearchResult]) -> None:
    page = Report()
    report._shapley(page, searched["binary"], Clock(0))
    report._shapley(page, searched["binary"], Clock(60))
    first, whole = (section.text for section in page.sections)
    assert "each cell of 1 row moves" in first
    assert "each cell of 60 rows moves" in whole
