"""The law of formats: the same rows, the same answers; observed cells as sent, filled ones as in training."""

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest
from test_imputation import IMAGE, fit, refusal, reply_to, served, write

from slipway import UserError
from slipway.serving.endpoint import Endpoint

ROWS = 160
CITIES = {"Lowell": "01850", "Salem": "01970", "Albany": "12201", "Denver": "80202"}


def learnt(root: Path, text: str, name: str = "rows.csv", **hyperparameters: str) -> Endpoint:
    """An endpoint for what was learnt from a file."""
    (root / "data").mkdir(parents=True)
    (root / "data" / name).write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    model, _, schema = fit(root / "data", **hyperparameters)
    return served(root, model, schema)


def column(endpoint: Endpoint, body: str, name: str, **options: Any) -> list[str]:
    """A column of the answer to a CSV, as CSV, byte for byte."""
    reply = reply_to(endpoint, body, "text/csv; header=present", **options)
    assert reply.status == 200, reply.body
    return [row[name] for row in csv.DictReader(io.StringIO(reply.body.decode()))]


def table(cells: dict[str, str], more: str = "{:.3f}", gap: int = 8) -> str:
    """Rows of `key,code,z`, of which each eighth has no code; the code follows from the key."""
    rng = np.random.default_rng(1)
    keys = rng.choice(list(cells), ROWS)
    lines = [
        f"{key},{'' if place % gap == 0 else cells[key]},{more.format(rng.random())}"
        for place, key in enumerate(keys)
    ]
    return "key,code,z\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    "cells",
    [
        CITIES,
        {"a": "+49", "b": "+43", "c": "+1"},
        {"a": "9007199254740993", "b": "9007199254740995", "c": "12"},
        {"a": "007.0", "b": "012.0", "c": "100.0"},
        {"a": "1_000", "b": "2_000", "c": "30"},
    ],
)
def test_codes_are_filled_and_come_back_digit_for_digit(cells: dict[str, str], tmp_path: Path) -> None:
    endpoint = learnt(tmp_path, table(cells))
    asked = "".join(f"{key},,0.5\n" for key in cells) + "".join(
        f"{key},{code},0.5\n" for key, code in cells.items()
    )
    assert column(endpoint, "key,code,z\n" + asked, "code") == [*cells.values(), *cells.values()]
    documents = [{"key": key, "code": None, "z": 0.5} for key in cells]
    documents += [{"key": key, "code": code, "z": 0.5} for key, code in cells.items()]
    found = json.loads(reply_to(endpoint, documents).body)["predictions"]
    assert [row["code"] for row in found] == [*cells.values(), *cells.values()]


DAYS = {
    "day first": ("%d/%m/%Y", {}),
    "day first, points": ("%d.%m.%y", {}),
    "month first": ("%m/%d/%Y", {}),
    "ISO": ("%Y-%m-%d", {}),
    "named months": ("%d %b %Y", {}),
}


@pytest.mark.parametrize("gaps", [True, False])
@pytest.mark.parametrize("name", DAYS)
def test_dates_are_filled_as_the_column_writes_them(name: str, gaps: bool, tmp_path: Path) -> None:
    form, hyperparameters = DAYS[name]
    rng = np.random.default_rng(2)
    months = rng.integers(1, 13, ROWS)
    days = [pd.Timestamp(2023, int(month), int(rng.integers(1, 29))) for month in months]
    cells = ["" if gaps and place % 8 == 0 else day.strftime(form) for place, day in enumerate(days)]
    text = "month,when\n" + "".join(f"{month},{cell}\n" for month, cell in zip(months, cells, strict=True))
    endpoint = learnt(tmp_path, text, columns="when", **hyperparameters)
    kept = days[1].strftime(form)
    found = column(endpoint, f"month,when\n2,\n7,\n11,\n{months[1]},{kept}\n", "when", interval="true")
    assert found[3] == kept
    for month, cell in zip((2, 7, 11), found, strict=False):
        day = pd.to_datetime(cell, format=form)
        assert day.strftime(form) == cell
        assert abs((day - pd.Timestamp(2023, month, 15)).days) < 25
    said = refusal(reply_to(endpoint, f"month,when\n2,\n3,{kept}\n4,soon\n", columns="when"))
    assert said.startswith('row 3, column "when": expected a date or time such as')


@pytest.mark.parametrize(("false", "true"), [("False", "True"), ("false", "true"), ("FALSE", "TRUE")])
def test_booleans_are_a_category_of_two_spelled_as_in_training(false: str, true: str, tmp_path: Path) -> None:
    endpoint = learnt(tmp_path, table({"cold": false, "hot": true}))
    body = f"key,code,z\ncold,,0.1\nhot,,0.2\nhot,{true},0.3\n"
    assert column(endpoint, body, "code") == [false, true, true]
    assert column(endpoint, body, "code_imputed") == [false, true, ""]
    for rows in ([True, None], [None, None]):
        sent = [{"key": key, "code": row, "z": 0.1} for key, row in zip(("hot", "cold"), rows, strict=True)]
        found = json.loads(reply_to(endpoint, sent).body)["predictions"]
        assert [row["code"] for row in found] == [True, False], "JSON has booleans of its own"
    typed = json.loads(reply_to(endpoint, body).body)["predictions"]
    assert [row["code"] for row in typed] == [False, True, True]


def test_a_category_of_numbers_is_one_whatever_its_gaps_made_of_it(tmp_path: Path) -> None:
    """12, 12.0 and "12" are one; of a column with a gap pandas makes floats."""
    rng = np.random.default_rng(3)
    keys = rng.choice(["a", "b"], ROWS)
    code = pd.Series(np.where(keys == "a", 12.0, 7.0)).where(rng.random(ROWS) > 0.1)
    frame = pd.DataFrame({"key": keys, "code": code, "z": rng.random(ROWS).round(3)})
    model, _, schema = fit(write(tmp_path / "data", frame))
    endpoint = served(tmp_path, model, schema)
    assert column(endpoint, "key,code,z\na,,0.5\nb,,0.5\na,12.0,0.1\na,12,0.1\n", "code") == [
        "12",
        "7",
        "12.0",
        "12",
    ]
    for twelve in (12, 12.0, "12"):
        sent = [{"key": "a", "code": twelve, "z": 0.5}, {"key": "b", "code": None, "z": 0.5}]
        found = json.loads(reply_to(endpoint, sent).body)["predictions"]
        assert found[0]["code"] == twelve
        assert type(found[0]["code"]) is type(twelve)
        assert (found[1]["code"], type(found[1]["code"])) == (7, int)


def test_decimal_commas_are_filled_with_decimal_commas(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=ROWS)
    cells = [f"{3 * one:.2f}".replace(".", ",") if place % 7 else "" for place, one in enumerate(x)]
    lines = [f'"{one:.2f}'.replace(".", ",") + f'","{cell}"\n' for one, cell in zip(x, cells, strict=True)]
    text = "x,y\n" + "".join(lines)
    endpoint = learnt(tmp_path, text)
    filled, kept = column(endpoint, 'x,y\n"1,50",\n"1,50","4,50"\n', "y")
    assert kept == "4,50"
    assert 2 < float(filled.replace(",", ".")) < 7
    assert "," in filled


def test_labels_are_one_whatever_stands_around_them_and_are_written_as_most_are(tmp_path: Path) -> None:
    text = table({"a": " left", "b": "right"}).replace("right", "right ", 3)
    endpoint = learnt(tmp_path, text)
    assert column(endpoint, "key,code,z\na,,0.5\nb,,0.5\na,left,0.5\nb,right ,0.5\n", "code") == [
        *(" left", "right", "left", "right "),
    ]


def test_a_stray_cell_refuses_the_job_unless_its_column_is_not_read(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"x": rng.normal(size=ROWS), "y": rng.normal(size=ROWS).astype(object)})
    frame["z"] = frame["x"] * 2
    frame.loc[5, ["y", "z"]] = ["about 4", None]
    folder = write(tmp_path, frame)
    with pytest.raises(UserError, match=r'row 6, column "y": expected a number .* got "about 4"'):
        fit(folder)
    model, _, _ = fit(folder, features="x", columns="z")
    assert model.names == ["x", "z"]
    cured, _, _ = fit(folder, missing="about 4")
    assert cured.imputer.targets == ("y", "z")


def test_columns_of_lists_are_not_read_and_come_back(tmp_path: Path) -> None:
    lines = [
        {"key": "ab"[place % 2], "code": [1, place], "z": place % 2 * 5.0 if place % 9 else None}
        for place in range(90)
    ]
    endpoint = learnt(tmp_path, "\n".join(map(json.dumps, lines)), "rows.jsonl")
    [row] = json.loads(reply_to(endpoint, [{"key": "b", "code": [3], "z": None}]).body)["predictions"]
    assert row["code"] == [3]
    assert row["z"] == pytest.approx(5, abs=0.5)
    assert (
        refusal(reply_to(endpoint, [{"key": ["b"], "z": None}]))
        == 'row 1, column "key": a cell holds a list; expected a text'
    )


MIXED = pd.DataFrame({
    "city": ["Lowell", "Denver", None, "Salem"], "zip": ["01850", None, "01970", None],
    "flag": [True, None, False, None], "when": ["2024-03-01", None, "2024-02-11", "2024-01-31"],
    "size": [1.5, None, 2.25, 40.0], "count": pd.array([1, None, 3, 40], "Int64"),
})  # fmt: skip


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Endpoint]:
    """Endpoints for one table in several files of training."""
    rng = np.random.default_rng(6)
    city = rng.choice(list(CITIES), ROWS)
    size = np.array([list(CITIES).index(one) * 10.0 for one in city]) + rng.normal(size=ROWS).round(2)
    frame = pd.DataFrame({
        "city": city, "zip": [CITIES[one] for one in city],
        "flag": np.array([len(one) == 6 for one in city], object),
        "when": [f"2024-0{1 + int(one) // 10 % 9}-1{place % 9}" for place, one in enumerate(abs(size))],
        "size": size.round(2), "count": (size // 2).astype(int),
    })  # fmt: skip
    frame = frame.mask(rng.random(frame.shape) < 0.1)
    frame["flag"] = [None if cell != cell else cell for cell in frame["flag"]]
    frame["count"] = frame["count"].astype("Int64")
    root = tmp_path_factory.mktemp("mixed")
    text = frame.to_csv(index=False)
    (root / "parquet/data").mkdir(parents=True)
    frame.to_parquet(root / "parquet/data/rows.parquet")
    model, _, schema = fit(root / "parquet/data")
    return {
        "csv": learnt(root / "csv", text),
        "gz": learnt(root / "gz", text, "rows.csv.gz"),
        "json": learnt(root / "json", frame.to_json(orient="records", lines=True), "rows.jsonl"),
        "parquet": served(root / "parquet", model, schema),
    }


def bodies() -> dict[str, tuple[bytes, str]]:
    """The same rows in every format of requests."""
    rows = json.loads(MIXED.to_json(orient="records"))
    text = MIXED.to_csv(index=False)
    parquet, book = io.BytesIO(), io.BytesIO()
    MIXED.to_parquet(parquet)
    workbook = openpyxl.Workbook()
    for line in [list(MIXED), *([row[name] for name in MIXED] for row in rows)]:
        workbook.active.append(line)
    workbook.save(book)
    return {
        "csv": (text.encode(), "text/csv"),
        "csv without names": (text.partition("\n")[2].encode(), "text/csv"),
        "instances": (json.dumps({"instances": rows}).encode(), "application/json"),
        "split": (
            json.dumps({"columns": list(MIXED), "data": [list(row.values()) for row in rows]}).encode(),
            "application/json",
        ),
        "lines": ("\n".join(map(json.dumps, rows)).encode(), "application/jsonlines"),
        "parquet": (parquet.getvalue(), "application/x-parquet"),
        "excel": (book.getvalue(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    }


def test_the_same_rows_get_the_same_answers_in_every_format(mixed: dict[str, Endpoint]) -> None:
    observed = json.loads(MIXED.to_json(orient="records"))
    wanted: Any = None
    for trained, endpoint in mixed.items():
        for name, (body, media) in bodies().items():
            reply = endpoint.answer(body, media, "application/json")
            assert reply.status == 200, (trained, name, reply.body)
            rows = json.loads(reply.body)["predictions"]
            wanted = wanted or rows
            assert rows == wanted, (trained, name)
            for row, sent in zip(rows, observed, strict=True):
                assert {one: row[one] for one in sent if sent[one] is not None} == {
                    one: cell for one, cell in sent.items() if cell is not None
                }, (trained, name)
                assert all(row[one] is not None for one in sent)
    assert wanted[1]["zip"] == "80202"
    assert wanted[1]["flag"] is True
    assert type(wanted[1]["count"]) is int


def test_parquet_answers_hold_the_cells_in_their_own_types(mixed: dict[str, Endpoint]) -> None:
    body, media = bodies()["parquet"]
    reply = mixed["csv"].answer(body, media, "application/x-parquet")
    types = {field.name: str(field.type) for field in pq.read_table(io.BytesIO(reply.body)).schema}
    assert [types[name] for name in MIXED] == ["string", "string", "bool", "string", "double", "int64"]
    assert types["size_imputed"] == "double"


def test_a_csv_of_json_and_a_json_of_csv_agree(mixed: dict[str, Endpoint]) -> None:
    found = []
    for name in ("csv", "lines"):
        body, media = bodies()[name]
        reply = mixed["csv"].answer(body, media, "text/csv; header=present")
        found.append(pd.read_csv(io.BytesIO(reply.body), dtype={"zip": str}))
    pd.testing.assert_frame_equal(*found)


@pytest.mark.parametrize("engine", ["auto", "knn"])
def test_arrays_of_numbers_are_answered_in_every_format_that_holds_the_answer(
    engine: str, tmp_path: Path
) -> None:
    rng = np.random.default_rng(7)
    x = rng.normal(size=(ROWS, 2))
    frame = pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "c": (10 * x.sum(1)).round()}).round(3)
    frame = frame.mask(rng.random(frame.shape) < 0.1)
    model, _, schema = fit(write(tmp_path / "data", frame), engine=engine)
    endpoint = served(tmp_path, model, schema)
    sent = np.array([[0.25, np.nan, 3.0], [1.0, 0.5, np.nan], [0.1, 0.2, 3.0]])
    buffer = io.BytesIO()
    np.save(buffer, sent)
    rows = json.loads(endpoint.answer(buffer.getvalue(), "application/x-npy", "application/json").body)[
        "predictions"
    ]
    assert (rows[0]["a"], rows[0]["c"]) == (0.25, 3.0)
    assert rows[0]["b"] == rows[0]["b_imputed"]
    assert rows[1]["c"] == round(rows[1]["c"])
    lines = endpoint.answer(buffer.getvalue(), "application/x-npy", "text/csv").body.decode().splitlines()
    assert [float(cell or "nan") for cell in lines[0].split(",")][:3] == [0.25, rows[0]["b"], 3.0]
    array = np.load(
        io.BytesIO(endpoint.answer(buffer.getvalue(), "application/x-npy", "application/x-npy").body)
    )
    assert array.shape == (3, 6)
    assert np.array_equal(array[2], [0.1, 0.2, 3.0, np.nan, np.nan, np.nan], equal_nan=True)


def test_an_answer_with_texts_cannot_be_an_array(mixed: dict[str, Endpoint]) -> None:
    body, media = bodies()["csv"]
    reply = mixed["csv"].answer(body, media, "application/x-npy")
    assert reply.status == 406
    assert "holds numbers only, and the answer has city, zip" in json.loads(reply.body)["message"]


def test_an_answer_of_no_rows_has_the_same_columns(mixed: dict[str, Endpoint]) -> None:
    endpoint = mixed["csv"]
    good = b"city,zip,flag,when,size,count\nSalem,,true,2024-01-02,1.5,\n"
    bad = good.replace(b"1.5", b"much")
    whole, none = (
        endpoint.answer(body, "text/csv", "application/json", "on_error=record;interval=true")
        for body in (good, bad)
    )
    [row], [error] = (json.loads(reply.body)["predictions"] for reply in (whole, none))
    assert list(row) == list(error)
    assert "expected a number" in error["error"]


def test_a_bad_date_spoils_its_row_alone(mixed: dict[str, Endpoint]) -> None:
    days = (b"2024-01-02", b"soon", b"")
    body = b"city,zip,flag,when,size,count\n" + b"".join(b"Salem,,true,%b,1.5,\n" % day for day in days)
    rows = json.loads(mixed["csv"].answer(body, "text/csv", "application/json", "on_error=record").body)[
        "predictions"
    ]
    assert [row["zip"] for row in rows] == ["01970", None, "01970"]
    assert rows[1]["error"].startswith('row 2, column "when": expected a date or time such as')
    assert IMAGE.name == "imputation"
