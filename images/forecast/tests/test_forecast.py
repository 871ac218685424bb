"""One table, one meaning: keys, times, cells and errors are the same in every format and channel."""

import io
import json
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from forecast.models.classes import class_of, classes_of
from forecast.panel import clean
from forecast.panel.clean import RuleCounts
from forecast.tests.conftest import Job, Trained, ask, long_csv, monthly, months

KEYS = ("00417", "417", "0417", "9007199254740993", "9007199254740992", "+7", "7.0", " x", "NA")
LEVELS = {key: 100.0 * (place + 1) for place, key in enumerate(KEYS)}
POINTS = 30


def flat(key: str) -> list[float]:
    """A series that is forecast as it is."""
    return [LEVELS[key]] * POINTS


def parquet(**columns: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def files() -> dict[str, dict[str, str | bytes]]:
    items = [key for key in KEYS for _ in range(POINTS)]
    times, values = months(POINTS) * len(KEYS), [value for key in KEYS for value in flat(key)]
    records = [
        {"item_id": i, "timestamp": t, "target": v} for i, t, v in zip(items, times, values, strict=True)
    ]
    return {
        "csv": {"a.csv": long_csv({key: flat(key) for key in KEYS})},
        "json": {"a.json": json.dumps(records)},
        "parquet": {"a.parquet": parquet(item_id=items, timestamp=times, target=values)},
    }


def means(server: Any, body: bytes, media: str) -> list[tuple[str, float]]:
    reply = ask(server, body, media)
    assert reply.status == 200, reply.text
    return [(row["item_id"], np.ravel(row["mean"])[0]) for row in reply.json["predictions"]]


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_keys_are_texts_byte_for_byte_in_every_format(train: Trained, form: str) -> None:
    job = train({"train": files()[form]}, horizon=2)
    assert job.code == 0, job.log
    right = list(LEVELS.items())
    with job.server() as server:
        rows = [{"item_id": key} for key in KEYS]
        assert means(server, json.dumps(rows).encode(), "application/json") == right
        assert means(server, ("item_id\n" + "\n".join(KEYS) + "\n").encode(), "text/csv") == right
        assert means(server, parquet(item_id=list(KEYS)), "application/x-parquet") == right
        steps = "item_id,timestamp\n" + "".join(f"{key},2020-07-01\n" for key in KEYS)
        assert means(server, steps.encode(), "text/csv") == right
        big = b'[{"item_id": 9007199254740993}, {"item_id": 417}]'
        assert means(server, big, "application/json") == [
            ("9007199254740993", LEVELS["9007199254740993"]),
            ("417", 200.0),
        ]


def test_every_channel_has_the_keys_of_the_training_channel(train: Trained) -> None:
    pairs = [("01", "1"), ("1", "01"), ("1", "1")]
    lines = {name: ["area,shop,timestamp,target"] for name in ("train", "test")}
    related = ["area,shop,timestamp,promo"]
    for number, (area, shop) in enumerate(pairs):
        for step, month in enumerate(months(36)):
            where = "train" if step < 33 else "test"
            lines[where].append(f"{area},{shop},{month},{100 * (number + 1)}")
            related.append(f"{area},{shop},{month},{step % 3}")
    kinds = "area,shop,size\n" + "".join(
        f"{area},{shop},{'abc'[number]}\n" for number, (area, shop) in enumerate(pairs)
    )
    channels = {name: {"a.csv": "\n".join(rows)} for name, rows in lines.items()}
    channels |= {"related": {"a.csv": "\n".join(related)}, "metadata": {"a.csv": kinds}}
    job = train(channels, horizon=3, item_id="area,shop", hierarchy="area,shop")
    assert job.code == 0, job.log
    assert "related rows of unknown items" not in job.rules
    rows = {row["size"]: row["forecasts"] for row in job.table("Backtest by size")}
    assert rows == {"a": 1, "b": 1, "c": 1, "unknown": 3}
    assert job.report["metrics"]["test:RMSE"] == pytest.approx(0)
    with job.server() as server:
        asked = [{"area": area, "shop": shop} for area, shop in (*pairs, ("1", ""), ("", ""))]
        found = [row["mean"][0] for row in ask(server, asked).json["predictions"]]
    assert found == pytest.approx([100, 200, 300, 500, 600])


def test_a_table_without_names_for_its_keys_takes_its_one_column_of_texts(train: Trained) -> None:
    text = "depot,month,sold\n" + "".join(
        f"{depot},{month},{value}\n" for depot, value in (("007", 5), ("07", 9)) for month in months(24)
    )
    job = train({"train": {"a.csv": text}}, horizon=2)
    assert job.code == 0, job.log
    with job.server() as server:
        rows = ask(server, [{"depot": "07"}, {"depot": "007"}]).json["predictions"]
    assert [(row["depot"], row["mean"][0]) for row in rows] == [("07", 9), ("007", 5)]


@pytest.mark.parametrize("stray", ["n.v.", "12,5 kg", "-"])
@pytest.mark.parametrize("share", [1, 20])
def test_a_stray_target_is_named_and_no_good_cell_is_blamed(train: Trained, stray: str, share: int) -> None:
    values: list[Any] = [f"{value}" for value in monthly(40)]
    values[4 : 4 + share] = [f'"{stray}"'] * share
    job = train({"train": {"a.csv": long_csv({"a": values})}}, horizon=2)
    assert job.code != 0
    assert 'row 5, column "target"' in job.failure
    assert stray in job.failure


@pytest.fixture(scope="module")
def job(train: Trained) -> Job:
    """A model that declined its covariates."""
    random = np.random.default_rng(3)
    lines = ["item_id,timestamp,target,rain,wind"]
    for name in "ab":
        for month, value in zip(months(40), monthly(40), strict=True):
            lines.append(f"{name},{month},{value},{random.random():.3f},{random.random():.3f}")
    related = ["item_id,timestamp,snow,ice,fog"]
    related += [f"{name},{month},{random.random():.3f},0.5,1" for name in "ab" for month in months(44)]
    channels = {"train": {"a.csv": "\n".join(lines)}, "related": {"b.csv": "\n".join(related)}}
    done = train(channels, horizon=4)
    assert done.code == 0, done.log
    assert "; not used." in done.text("The series")
    return done


def test_a_request_may_still_have_covariates_that_were_declined(job: Job) -> None:
    with job.server() as server:
        right = ask(server, b"item_id,timestamp\na,2021-05-01\n", "text/csv").json
        for names in ("rain,wind", "snow,ice,fog", "fog,wind"):
            cells = ",".join("0.5" for _ in names.split(","))
            body = f"item_id,timestamp,{names}\na,2021-05-01,{cells}\n"
            reply = ask(server, body.encode(), "text/csv")
            assert (reply.status, reply.json) == (200, right), names
        line = {"start": "2018-01-01", "target": monthly(40), "dynamic_feat": [[1.0] * 44]}
        bare = ask(server, {"instances": [{"start": "2018-01-01", "target": monthly(40)}]}).json
        assert ask(server, {"instances": [line]}).json == bare


def test_errors_say_their_row_and_all_of_them_at_once(job: Job) -> None:
    rows = [
        {"item_id": "a", "timestamp": "2021-05-01"},
        {"item_id": "zz", "timestamp": "2021-05-01"},
        {"item_id": "b", "timestamp": "2021-06-01"},
        {"item_id": "yy", "timestamp": "2021-06-01"},
    ]
    late = [
        {**rows[0]},
        {**rows[2]},
        {"item_id": "a", "timestamp": "soon"},
        {"item_id": "b", "timestamp": ""},
    ]
    whole = [{"start": "2018-01-01", "target": [1, 2]}] * 2 + [{"start": "2018-01-01", "target": ["x"]}]
    with job.server() as server:
        told = ask(server, rows).json
        assert (told["row"], "zz" in told["message"]) == (2, True)
        told = ask(server, late).json
        assert (told["row"], told["column"]) == (3, "timestamp")
        told = ask(server, {"instances": whole}).json
        assert (told["row"], told["column"]) == (3, "target")
        some = ask(server, {"instances": rows, "configuration": {"on_error": "record"}}).json["predictions"]
        assert [bool(row["error"]) for row in some] == [False, True, False, True]
        assert "row 4" in some[3]["error"]
        some = ask(server, {"instances": late, "configuration": {"on_error": "record"}}).json["predictions"]
        assert [bool(row["error"]) for row in some] == [False, False, True, True]
        none = ask(server, {"instances": rows[1:2], "configuration": {"on_error": "record"}}).json
        assert list(none["predictions"][0]) == list(some[0])
        lines = {"instances": whole, "configuration": {"on_error": "record"}}
        assert [bool(row["error"]) for row in ask(server, lines).json["predictions"]] == [False, False, True]


def test_days_as_whole_numbers_may_be_asked_for_as_texts(train: Trained) -> None:
    """The role of a column says what it holds, not what its cells look like."""
    days = [str(day).replace("-", "") for day in np.arange("2024-01-01", "2024-03-01", dtype="M8[D]")]
    job = train({"train": {"a.csv": long_csv({"a": monthly(60)}, days)}}, horizon=2)
    assert job.code == 0, job.log
    with job.server() as server:
        for day in (20240301, "20240301", "2024-03-01"):
            reply = ask(server, [{"item_id": "a", "timestamp": day}])
            assert reply.status == 200, reply.text
            assert reply.json["predictions"][0]["timestamp"] == "2024-03-01"


def filled_alone(y: np.ndarray[Any, Any], season: int, how: str) -> np.ndarray[Any, Any]:
    """The rule as it is told, for one series."""
    gaps, found = np.isnan(y), y.copy()
    steps = np.arange(len(y))
    if how == "zero" or (how == "auto" and np.median(y[~gaps]) == 0):
        found[gaps] = 0
    elif how == "previous":
        found = y[np.maximum.accumulate(np.where(gaps, 0, steps))]
    else:
        found[gaps] = np.interp(steps[gaps], steps[~gaps], y[~gaps])
        for gap in np.flatnonzero(gaps).tolist() if how == "auto" else ():
            if season <= gap < len(y) - season and np.isfinite(y[gap - season] + y[gap + season]):
                found[gap] = (y[gap - season] + y[gap + season]) / 2
    return found


@pytest.mark.parametrize("how", ["auto", "zero", "previous", "linear"])
def test_gaps_of_many_series_are_filled_as_those_of_each(how: Any) -> None:
    random = np.random.default_rng(1)
    series = []
    for number in range(60):
        y = random.integers(-2, 3, random.integers(2, 40)).astype(float) * (number % 3)
        y[1:-1][random.random(len(y) - 2) < 0.3] = np.nan
        series.append(y)
    ends = np.cumsum([len(y) for y in series])
    counts = RuleCounts()
    found = clean.fill_gaps(np.concatenate(series), ends, 4, how, counts)
    assert found == pytest.approx(np.concatenate([filled_alone(y, 4, how) for y in series]))
    assert counts.times["filled"] == sum(int(np.isnan(y).sum()) for y in series)
    assert counts.times["filled_series"] == sum(bool(np.isnan(y).any()) for y in series)


def test_classes_of_many_series_are_those_of_each() -> None:
    random = np.random.default_rng(2)
    series = [random.integers(-1, 3, random.integers(0, 60)).astype(float).clip(n % 2 - 1) for n in range(80)]
    series += [np.full(9, 4.0), np.zeros(9), np.empty(0)]
    ends = np.cumsum([len(y) for y in series])
    found = classes_of(np.concatenate(series), ends, (4, 26))
    assert found == [class_of(y, (4, 26)) for y in series]
