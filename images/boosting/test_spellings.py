"""One value is one category, one label, one group, whatever format it came in and however it was stored."""

import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from specimen import ENGINES

from slipway import UserError

FAST = {"engine": "lightgbm", "n_estimators": 30, "learning_rate": 0.3, "metrics": ["accuracy"]}
ROWS = 240


@pytest.fixture(autouse=True)
def no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """What these tests ask is in no figure, and figures take most of such a job's time."""
    monkeypatch.setattr("pages.write", lambda *_: None)


def noise(rows: int = ROWS) -> Any:
    return np.random.default_rng(7).normal(size=rows).round(3)


def parquet(table: pd.DataFrame) -> bytes:
    body = io.BytesIO()
    table.to_parquet(body, index=False)
    return body.getvalue()


def excel(table: pd.DataFrame) -> bytes:
    book = openpyxl.Workbook()
    book.active.append(list(table))
    for row in table.astype(object).to_numpy().tolist():
        book.active.append([None if cell is None or cell != cell else cell for cell in row])
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return [
        {name: getattr(cell, "item", lambda cell=cell: cell)() for name, cell in row.items()} for row in rows
    ]


# How a table is stored, and how a request may come, with the same cells.
STORED: Mapping[str, Callable[[pd.DataFrame], tuple[str, bytes]]] = {
    "csv": lambda table: ("rows.csv", table.to_csv(index=False).encode()),
    "json": lambda table: ("rows.jsonl", "".join(json.dumps(row) + "\n" for row in records(table)).encode()),
    "parquet": lambda table: ("rows.parquet", parquet(table)),
    "excel": lambda table: ("rows.xlsx", excel(table)),
}
ASKED: Mapping[str, Callable[[pd.DataFrame], tuple[bytes, str]]] = {
    "csv": lambda table: (table.to_csv(index=False).encode(), "text/csv"),
    "json": lambda table: (json.dumps({"instances": records(table)}).encode(), "application/json"),
    "parquet": lambda table: (parquet(table), "application/x-parquet"),
    "excel": lambda table: (excel(table), "application/vnd.ms-excel"),
}


@pytest.mark.parametrize("stored", STORED)
def test_booleans_are_the_same_in_every_format(stored: str, fit: Any, request_of: Any) -> None:
    paid = np.random.default_rng(1).random(ROWS) < 0.5
    table = pd.DataFrame({"paid": paid, "size": noise(), "kept": np.where(paid, "stays", "goes")})
    done = fit({"train": STORED[stored](table)}, target="kept", **FAST)
    assert done.model.booster.features.columns[0].role == "number"
    asked = pd.DataFrame({"paid": [True, False], "size": [0.1, 0.1]})
    for how, make in ASKED.items():
        said = request_of(done, *make(asked))["predicted_label"].tolist()
        assert said == ["stays", "goes"], how
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
        asked = pd.DataFrame({"ward": shape, "size": [0.2] * len(shape)})
        for how, make in ASKED.items():
            said = request_of(done, *make(asked))["predicted_label"].tolist()
            assert (said[0], said[-1]) == ("p", "q"), (shape, how)


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
    assert set(done.model.outcome.classes) == set(codes)
    body = "code,size\n" + "".join(f"{one},0.2\n" for one in codes)
    assert request_of(done, body)["predicted_label"].tolist() == list(codes)
    told = json.dumps([{"code": one, "size": 0.2} for one in codes])
    assert request_of(done, told, "application/json")["predicted_label"].tolist() == list(codes)


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
    import data

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
    "whole numbers beside a text": (["1", "2", "3+"], ["1", "2"]),
    "leading zeros": (["01", "1", "2"], ["1", "2"]),
    "floats": (["1.5", "2.5", "none"], ["1.5", "2.5"]),
    "truth beside a text": (["true", "false", "maybe"], ["true", "false"]),
    "days beside a text": (["2024-01-31", "2024-02-29", "never"], ["2024-01-31"]),
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
    if stored != "csv" and name in {"whole numbers beside a text", "floats"}:
        others["y"] = others["y"].astype(float)  # as a program that wrote them apart may have stored them
    channels = {
        "train": STORED["csv"](train),
        "test": STORED[stored](others),
        "validation": STORED[stored](others),
    }
    done = fit(channels, target="y", **FAST)
    assert set(done.model.outcome.classes) == set(classes)
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
    assert done.model.outcome.classes == classes
    said = request_of(done, "x,z\n1,0\n0,0\n")["predicted_label"].tolist()
    assert said == list(classes[::-1])
    assert {type(one) for one in said} == {type(classes[0])}


def test_the_positive_class_may_be_spelled_as_json_spells_it(fit: Any, request_of: Any) -> None:
    truth = np.random.default_rng(5).random(ROWS) < 0.5
    table = pd.DataFrame({"x": truth.astype(float), "z": noise(), "y": truth})
    done = fit(table, target="y", pos_class="false", class_weights={"false": 2}, **FAST)
    assert done.model.outcome.classes == ("True", "False")
    assert request_of(done, "x,z\n1,0\n0,0\n")["probability"].round().tolist() == [0, 1]


@pytest.mark.parametrize("channel", ["train", "validation", "test"])
@pytest.mark.parametrize("engine", ENGINES)
def test_a_stray_is_named_by_channel_file_row_and_column(channel: str, engine: str, fit: Any) -> None:
    table = pd.DataFrame({"x": noise(), "z": noise()[::-1], "y": np.where(noise() > 0, "p", "q")})
    odd = table.astype({"x": object})
    odd.loc[16, "x"] = "unknown"
    channels = {"train": table, "validation": table[:60], "test": table[:60]}
    channels[channel] = odd
    given = {**FAST, "engine": engine}
    with pytest.raises(UserError) as caught:
        fit(channels, target="y", **given)
    said = str(caught.value)
    assert said.startswith(f'channel {channel}, file table.csv: row 17, column "x": expected a number'), said
    assert '"unknown"' in said
    assert fit(channels, target="y", features=["z"], **given).metrics["accuracy"] > 0, "nobody reads it"


@pytest.mark.parametrize(
    ("cells", "given", "message"),
    [
        (noise().astype(str), {}, 'channel train, file table.csv: row 17, column "y": expected a number'),
        (np.arange(ROWS) % 2, {"problem": "binary"}, "column y has 3 values; a binary target has two"),
        (np.arange(ROWS) % 4, {"problem": "regression"}, "column y holds texts such as 'lost'"),
        (np.arange(ROWS) % 4, {"group": "q"}, "column y holds texts such as 'lost'"),
    ],
)
def test_a_stray_in_the_target_is_blamed_itself(
    cells: Any, given: dict[str, Any], message: str, fit: Any
) -> None:
    table = pd.DataFrame({"x": noise(), "q": np.arange(ROWS) // 6, "y": cells.astype(object)})
    table.loc[16, "y"] = "lost"
    with pytest.raises(UserError) as caught:
        fit(table, target="y", **given, **FAST)
    assert message in str(caught.value)


def test_a_class_of_one_row_is_told(fit: Any, capsys: Any) -> None:
    table = pd.DataFrame({"x": noise(), "y": (np.arange(ROWS) % 2).astype(object)})
    table.loc[16, "y"] = "lost"
    fit(table, target="y", **FAST)
    told = capsys.readouterr().err
    assert 'column "y": read as texts, as 1 of 240 cells are no numbers, such as "lost"' in told
    assert "class lost has one row" in told


@pytest.mark.parametrize("engine", ENGINES)
def test_a_row_alone_is_answered_as_among_others(engine: str, fit: Any, request_of: Any) -> None:
    random = np.random.default_rng(6)
    table = pd.DataFrame(
        {
            "size": np.where(random.random(ROWS) < 0.1, np.nan, noise()),
            "ward": random.choice(["01", "1", "12"], ROWS),
            "paid": random.random(ROWS) < 0.5,
            "day": random.choice(["31/01/2024", "29/02/2024", "13/05/2023"], ROWS),
        }
    )
    table["y"] = np.where(noise() + (table.ward == "01") + table.paid > 0.8, "p", "q")
    done = fit(table, target="y", cat_features=["ward"], **{**FAST, "engine": engine})
    rows = table.drop(columns="y").head(70)  # more than are taken one by one
    together = request_of(done, *ASKED["csv"](rows))["probability"].tolist()
    for how in ("csv", "json"):
        alone = [
            request_of(done, *ASKED[how](rows[place : place + 1]))["probability"][0] for place in range(70)
        ]
        assert alone == together, how


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("target", ["two", "three", "number"])
def test_no_rows_have_the_columns_of_some(engine: str, target: str, fit: Any) -> None:
    from specimen import in_table

    table = pd.DataFrame({"x": noise(), "ward": ["a", "b", "c"] * (ROWS // 3), "number": noise()[::-1]})
    table["two"], table["three"] = np.where(table.x > 0, "p", "q"), table.ward
    model = fit(
        table, target=target, features=["x", "ward"], **{**FAST, "engine": engine, "metrics": []}
    ).model
    everything = ["predicted_label", "probabilities", "labels", "score", "raw_scores", "leaves", "shap"]
    options = type(model).options(outputs=everything)
    some, none = (dict(model.predict(in_table(model, table[:rows]), options).columns) for rows in (3, 0))
    assert list(none) == list(some)
    assert all(len(column) == 0 for column in none.values())


@pytest.mark.parametrize("written", ["%d/%m/%Y", "%d.%m.%y", "%Y-%m-%dT%H:%M:%SZ", "%d %b %Y", "%s"])
def test_the_latest_rows_are_measured_however_times_are_written(
    written: str, fit: Any, monkeypatch: Any
) -> None:
    import learn

    measured: list[float] = []
    ask = learn.Learner.ask

    def _ask(self: Any, booster: Any, data: Any, threshold: float) -> Any:
        measured.extend(data.features.number("order"))
        return ask(self, booster, data, threshold)

    monkeypatch.setattr(learn.Learner, "ask", _ask)
    days = pd.date_range("2023-06-01", periods=ROWS).strftime(written)
    table = pd.DataFrame({"day": days, "order": np.arange(ROWS), "y": np.where(noise() > 0, "p", "q")})
    mixed = table.sample(frac=1, random_state=0)
    fit(mixed, target="y", timestamp="day", features=["order"], **FAST)
    assert sorted(measured) == list(range(180, ROWS))


def test_lists_and_kinds_that_contradict_the_roles_are_refused(fit: Any) -> None:
    rows = "".join(
        json.dumps({"x": place, "steps": [place, 1], "y": "pq"[place % 2]}) + "\n" for place in range(60)
    )
    file = {"train": ("rows.jsonl", rows.encode())}
    with pytest.raises(UserError, match="column steps holds lists"):
        fit(file, target="y", **FAST)
    assert fit(file, target="y", features=["x"], **FAST).model.names == ["x"]
    table = pd.DataFrame({"flag": [True, False] * 60, "y": ["p", "q"] * 60})
    with pytest.raises(UserError, match="text_features: column flag holds booleans"):
        fit(table, target="y", text_features=["flag"], n_estimators=3)
