"""The law of formats: the same rows get the same answers, whatever they and the training table came in."""

import io
import json
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest
from imputation.tests.test_forms import CITIES, ROWS, learnt
from imputation.tests.test_imputation import fit, served, write

from slipway.serving.endpoint import Endpoint

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
    engine: str, tmp_path: Any
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
