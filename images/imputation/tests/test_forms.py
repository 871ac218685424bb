"""Observed cells come back as they were sent, and filled ones are written as the training table has them."""

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from imputation.tests.test_imputation import fit, refusal, reply_to, served, write

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
