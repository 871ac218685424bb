"""Hyperparameters of the older container, mistakes in one line, no rows in the log."""

import csv
import json
from pathlib import Path

import pytest
from automl.hyperparameters import Hyperparameters
from automl.tests.conftest import lay_out
from automl.tests.tables import mixed

from harness.places import Place, Server, Training
from harness.samples import Sample


@pytest.mark.only("inside")
@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("true", "balanced"),
        ("True", "balanced"),
        ("false", "none"),
        ("balanced", "balanced"),
        ('{"a": 2}', {"a": 2.0}),
    ],
)
def test_the_older_containers_switch_for_equal_accuracy_is_class_weights(given: str, meant: object) -> None:
    sent = {"to_predict": '"Class"', "equal_accuracy_for_all_output_categories": given}
    params = Hyperparameters.parse(sent, "hyperparameter")
    assert (params.target, params.class_weights) == ("Class", meant)


@pytest.mark.only("inside")
@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "hyperparameter target is required"),
        ({"target": "grades"}, "target grades: no such column; the table has customer, size"),
        ({"target": "country"}, "every row has 'Utopia', so there is nothing to predict"),
        ({"target": "fax"}, "target fax: every cell is missing"),
        ({"target": "customer"}, "expected labels that repeat"),
        ({"target": "grade", "features": "siez"}, "features: no column siez"),
        ({"target": "grade", "metric": "rmse"}, "metric rmse is not for a multiclass problem"),
        (
            {"target": "nowhere", "problem_type": "binary", "metric": "rmse"},
            "hyperparameter metric: expected log_loss, roc_auc, accuracy, balanced_accuracy, f1 "
            'for problem_type=binary, got "rmse"',
        ),
        (
            {"target": "nowhere", "problem_type": "regression", "class_weights": "balanced"},
            'hyperparameter class_weights: expected none for problem_type=regression, got "balanced"',
        ),
        (
            {"target": "nowhere", "features": "size,nowhere"},
            "hyperparameter features: expected columns other than the target nowhere",
        ),
        (
            {"target": "nowhere", "sample_weight": "nowhere"},
            "hyperparameter sample_weight: expected a column other than the target",
        ),
        ({"target": "nowhere", "folds": "1"}, "hyperparameter folds: expected 0 or 2 to 20, got"),
        ({"target": "team", "problem_type": "regression"}, "regression needs numbers"),
        ({"target": "grade", "class_weights": '{"9": 2}'}, "class_weights: the target has no 9"),
        (
            {"target": "grade", "groups": "team", "timestamp": "since"},
            "timestamp: expected no column together with groups",
        ),
        ({"target": "grade", "groups": "nowhere"}, "groups: no column nowhere; the table has"),
        ({"target": "grade", "time": "note"}, "timestamp: column note must hold numbers or dates"),
        ({"target": "grade", "sample_weight": "size"}, "sample_weight: column size must hold numbers"),
    ],
    ids=lambda one: json.dumps(one) if isinstance(one, dict) else "",
)
def test_each_mistake_is_told_in_one_line(
    place: Place, tmp_path: Path, given: dict[str, str], says: str
) -> None:
    training = place.train(lay_out(tmp_path, mixed(60), **given))
    assert training.code != 0
    assert says in training.failure.splitlines()[0]
    assert "Traceback" not in training.log


@pytest.mark.only("inside")
def test_a_header_that_was_taken_for_a_row_is_told_how_to_be_one(place: Place, tmp_path: Path) -> None:
    table = mixed(60)[["size", "salary", "grade"]].set_axis(["7", "1", "4"], axis=1)
    training = place.train(lay_out(tmp_path, table, target="4"))
    assert "has column_1, column_2, column_3; if the first line is a header, set" in training.failure


@pytest.mark.only("local", "container")
def test_no_cell_of_rows_that_are_learnt_from_or_answered_is_logged(
    trained: Training, server: Server, sample: Sample
) -> None:
    for attributes in ("explain=true", "reply=sentence", "engine=mindsdb"):
        assert server.ask(sample.csv(), "text/csv", "text/csv", Custom_Attributes=attributes).status == 200
    with (sample.folder / "train/bookings.csv").open() as file:
        learnt = {row["arrival"] for row in csv.DictReader(file)} - {""}
    sent = {str(row["arrival"]) for row in sample.records if row["arrival"]}
    assert learnt
    assert sent
    log = trained.log + server.log()
    assert not [cell for cell in learnt | sent if cell in log]
