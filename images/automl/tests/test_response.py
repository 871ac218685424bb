"""The forms of an answer, key by key."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from automl import response
from automl.automl_handler.predictor import Predictor
from automl.automl_handler.search.run import SearchResult
from automl.options import Options
from automl.tests.tables import TARGETS, mixed

FRESH = mixed(20, seed=5)
KEYS = get_args(get_args(Options.model_fields["outputs"].annotation)[0])
ABSENT = {
    "binary": {"low", "high"},
    "multiclass": {"low", "high"},
    "regression": {"probability", "probabilities", "labels"},
}


def chosen(predictor: Predictor, *keys: str) -> dict[str, list[object]]:
    found = response.selected(keys, predictor, predictor.design(FRESH), predictor.predict(FRESH))
    return {name: column.tolist() for name, column in found.items()}


@pytest.mark.parametrize("kind", list(TARGETS))
@pytest.mark.contract("B8.9")
def test_outputs_gives_the_keys_asked_for_in_their_order_and_nan_for_what_is_not(
    kind: str, searched: dict[str, SearchResult]
) -> None:
    predictor = searched[kind].predictor
    found = chosen(predictor, *KEYS)
    assert len(KEYS) == 9
    for keys in (KEYS, KEYS[::-1], KEYS[3:5]):
        again = chosen(predictor, *keys)
        assert list(again) == list(keys), "the order is that of the keys asked for"
        assert {len(column) for column in again.values()} == {len(FRESH)}
    nothing = {
        name for name in KEYS if all(isinstance(cell, float) and np.isnan(cell) for cell in found[name])
    }
    assert nothing == ABSENT[kind], "NaN, and nothing else is"
    rows, answers = predictor.design(FRESH), predictor.predict(FRESH)
    autopilots = response.autopilot(predictor.problem, answers)
    ours = response.data(predictor, rows, answers)
    for name in set(KEYS) - ABSENT[kind]:
        form = autopilots if name in autopilots else ours
        assert found[name] == form[name].tolist(), "what both have is in Autopilot's form"


def test_autopilots_keys_have_the_labels_own_type_and_order(searched: dict[str, SearchResult]) -> None:
    predictor = searched["multiclass"].predictor
    answers = predictor.predict(FRESH)
    found = chosen(predictor, "predicted_label", "probability", "probabilities", "labels")
    assert found["labels"] == [[1, 2, 3]] * len(FRESH)
    assert all(type(label) is int for row in found["labels"] for label in row)  # type: ignore[attr-defined]
    assert found["predicted_label"] == answers.prediction.tolist()
    assert all(type(label) is int for label in found["predicted_label"])
    assert found["probabilities"] == answers.probabilities.tolist()


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_the_probability_is_that_of_the_label_even_where_weights_choose_it(
    kind: str, searched: dict[str, SearchResult]
) -> None:
    """`class_weights` may answer a label that is not the likeliest."""
    plain = searched[kind].predictor
    labels = plain.problem.labels
    predictor = replace(plain, problem=replace(plain.problem, weights=(9.0, *[1.0] * (len(labels) - 1))))
    found = chosen(predictor, "predicted_label", "probability", "probabilities")
    columns = zip(*found.values(), strict=True)
    moved = 0
    for label, chance, chances in columns:
        assert chance == chances[labels.index(label)]  # type: ignore[index]
        moved += chance < max(chances)  # type: ignore[call-overload]
    assert moved, "else the weights change nothing here"
