"""One value is one category, one label, one group, whatever format it came in and however it was stored."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from boosting.tests.tables import REQUESTS, ROWS, STORED, noise

FAST = {"engine": "lightgbm", "n_estimators": 30, "learning_rate": 0.3, "metrics": ["accuracy"]}


@pytest.fixture(autouse=True)
def no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """What these tests ask is in no figure, and figures take most of such a job's time."""
    monkeypatch.setattr("boosting.report.write", lambda *_: None)


@pytest.mark.parametrize("stored", STORED)
def test_booleans_are_the_same_in_every_format(stored: str, fit: Any, request_of: Any) -> None:
    paid = np.random.default_rng(1).random(ROWS) < 0.5
    table = pd.DataFrame({"paid": paid, "size": noise(), "kept": np.where(paid, "stays", "goes")})
    done = fit({"train": STORED[stored](table)}, target="kept", **FAST)
    assert done.model.booster.features.columns[0].role == "number"
    rows = pd.DataFrame({"paid": [True, False], "size": [0.1, 0.1]})
    for how, make in REQUESTS.items():
        labels = request_of(done, *make(rows))["predicted_label"].tolist()
        assert labels == ["stays", "goes"], how
    for body in ("paid,size\ntrue,.1\nFALSE,.1\n", "paid,size\n1,.1\n0,.1\n"):
        assert request_of(done, body)["predicted_label"].tolist() == ["stays", "goes"]


@pytest.mark.parametrize("cells", ["mixed", "integers", "floats", "floats with a gap", "texts"])
@pytest.mark.parametrize("stored", ["csv", "json", "parquet", "excel"])
def test_12_is_one_category_as_a_number_with_a_point_and_as_a_text(
    stored: str, cells: str, fit: Any, request_of: Any
) -> None:
    ward = np.random.default_rng(2).choice([12, 7, 40], ROWS)
    codes: Any = {
        "mixed": [str(one) if one != 40 else "A40" for one in ward],
        "integers": ward,
        "floats": ward.astype(float),
        "floats with a gap": np.where(np.arange(ROWS) % 50 == 3, np.nan, ward),
        "texts": ward.astype(str),
    }[cells]
    table = pd.DataFrame({"ward": codes, "size": noise(), "y": np.where(ward == 12, "p", "q")})
    done = fit({"train": STORED[stored](table)}, target="y", cat_features=["ward"], **FAST)
    assert len(done.model.booster.features.columns[0].categories) == 3
    shapes: list[Any] = [[12, 7], [12.0, 7.0], ["12", "7"], [12.0, None, 7.0]]
    for shape in shapes:
        rows = pd.DataFrame({"ward": shape, "size": [0.2] * len(shape)})
        for how, make in REQUESTS.items():
            labels = request_of(done, *make(rows))["predicted_label"].tolist()
            assert (labels[0], labels[-1]) == ("p", "q"), (shape, how)


CODES = [("01", "1"), ("+49", "49"), ("9007199254740993", "9007199254740992"), ("0x1", "1"), ("1_0", "10")]


@pytest.mark.parametrize("codes", CODES)
@pytest.mark.parametrize("named", [True, False])
def test_codes_that_would_lose_digits_are_categories_and_labels(
    codes: tuple[str, str], named: bool, fit: Any, request_of: Any
) -> None:
    first = np.random.default_rng(3).random(ROWS) < 0.5
    code = np.where(first, *codes)
    table = pd.DataFrame({"code": code, "size": noise(), "y": code})
    given = {"cat_features": ["code"], "problem": "binary"} if named else {}
    done = fit(table, target="y", **given, **FAST)
    assert set(done.model.target.classes) == set(codes)
    body = "code,size\n" + "".join(f"{one},0.2\n" for one in codes)
    assert request_of(done, body)["predicted_label"].tolist() == list(codes)
    body = json.dumps([{"code": one, "size": 0.2} for one in codes])
    assert request_of(done, body, "application/json")["predicted_label"].tolist() == list(codes)


def test_names_of_things_are_apart_although_all_look_like_numbers(fit: Any, request_of: Any) -> None:
    """Nothing in the cells says that 1.50 and 1.5 are two: the configuration does."""
    first = np.random.default_rng(4).random(ROWS) < 0.5
    table = pd.DataFrame(
        {"part": np.where(first, "1.50", "1.5"), "size": noise(), "y": np.where(first, "a", "b")}
    )
    done = fit(table, target="y", cat_features=["part"], **FAST)
    assert done.metrics["accuracy"] == 1
    assert request_of(done, "part,size\n1.50,0\n1.5,0\n")["predicted_label"].tolist() == ["a", "b"]


def test_groups_are_texts_byte_for_byte_in_every_channel(fit: Any, monkeypatch: Any) -> None:
    from boosting import data

    seen = []
    codes = data._codes

    def _codes(*given: Any) -> Any:
        seen.append(codes(*given))
        return seen[-1]

    monkeypatch.setattr(data, "_codes", _codes)
    query = [["01", "1", "+1", "1.0"][place % 4] for place in range(ROWS)]
    table = pd.DataFrame({"query": query, "size": noise(), "stars": (noise() > 0).astype(int)})
    given = {**FAST, "metrics": ["ndcg"]}
    fit({"train": table, "test": table[table["query"] == "1"]}, target="stars", group="query", **given)
    whole, test = seen
    assert len(set(whole)) == 4
    assert set(test) < set(whole)


LABELS = {
    "whole numbers next to text": (["1", "2", "3+"], ["1", "2"]),
    "leading zeros": (["01", "1", "2"], ["1", "2"]),
    "floats": (["1.5", "2.5", "none"], ["1.5", "2.5"]),
    "truth next to text": (["true", "false", "maybe"], ["true", "false"]),
    "days next to text": (["2024-01-31", "2024-02-29", "never"], ["2024-01-31"]),
}


@pytest.mark.parametrize("name", LABELS)
@pytest.mark.parametrize("stored", ["csv", "json", "parquet"])
def test_labels_of_other_channels_are_read_as_those_of_train(name: str, stored: str, fit: Any) -> None:
    """Alone the labels of the others would be numbers, booleans or times."""
    classes, some = LABELS[name]
    train, others = (
        pd.DataFrame({"x": [classes.index(one) for one in cells], "z": noise(len(cells)), "y": cells})
        for cells in (classes * 80, some * 40)
    )
    if stored != "csv" and name in {"whole numbers next to text", "floats"}:
        others["y"] = others["y"].astype(float)  # as a program that wrote them apart may have stored them
    channels = {
        "train": STORED["csv"](train),
        "test": STORED[stored](others),
        "validation": STORED[stored](others),
    }
    done = fit(channels, target="y", **FAST)
    assert set(done.model.target.classes) == set(classes)
    assert done.metrics["accuracy"] == 1


@pytest.mark.parametrize(
    ("yes", "no", "classes"),
    [
        ("1.0", "0.0", (0, 1)),
        (1, 0, (0, 1)),
        ("True", "False", ("False", "True")),
        ("yes", "no", ("no", "yes")),
        (1.5, 0.5, (0.5, 1.5)),
    ],
)
def test_classes_are_answered_as_they_were_written(
    yes: Any, no: Any, classes: tuple[Any, ...], fit: Any, request_of: Any
) -> None:
    truth = np.random.default_rng(5).random(ROWS) < 0.5
    table = pd.DataFrame({"x": truth.astype(float), "z": noise(), "y": [yes if one else no for one in truth]})
    done = fit(table, target="y", **FAST)
    assert done.model.target.classes == classes
    labels = request_of(done, "x,z\n1,0\n0,0\n")["predicted_label"].tolist()
    assert labels == list(classes[::-1])
    assert {type(one) for one in labels} == {type(classes[0])}


def test_the_positive_class_may_be_spelled_as_json_spells_it(fit: Any, request_of: Any) -> None:
    truth = np.random.default_rng(5).random(ROWS) < 0.5
    table = pd.DataFrame({"x": truth.astype(float), "z": noise(), "y": truth})
    done = fit(table, target="y", pos_class="false", class_weights={"false": 2}, **FAST)
    assert done.model.target.classes == ("True", "False")
    assert request_of(done, "x,z\n1,0\n0,0\n")["probability"].round().tolist() == [0, 1]
