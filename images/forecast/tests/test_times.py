"""Dates are read by their whole column, and steps are those of the calendar."""

import io
import json
from typing import Any

import numpy as np
import pytest
from forecast.tests.conftest import Job, Trained, ask, long_csv, monthly

DAYS = np.arange("2023-11-20", "2024-03-05", dtype="M8[D]")
VALUES = [round(50 + 0.5 * step + 4 * (step % 7), 2) for step in range(len(DAYS))]
FORMS = ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%y", "%d-%b-%Y", "%Y%m%d", "%d/%m/%Y 00:00:00")


def spelled(form: str, days: Any = DAYS) -> list[str]:
    return [day.strftime(form) for day in days.tolist()]


def forecast(job: Job, *rows: dict[str, Any]) -> Any:
    """The reply to a request for some series, or for series a."""
    assert job.code == 0, job.log
    with job.server() as server:
        reply = ask(server, {"instances": list(rows) or [{"item_id": "a"}]})
    assert reply.status == 200, reply.text
    return reply.json["predictions"]


def parquet(**columns: Any) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


@pytest.fixture(scope="module")
def plain(train: Trained) -> Any:
    """What is right: the series in ISO dates."""
    return forecast(train({"train": {"a.csv": long_csv({"a": VALUES}, spelled("%Y-%m-%d"))}}, horizon=3))


@pytest.mark.parametrize("form", FORMS)
def test_a_column_of_days_is_read_one_way_in_training_and_in_requests(
    train: Trained, plain: Any, form: str
) -> None:
    job = train({"train": {"a.csv": long_csv({"a": VALUES}, spelled(form))}}, horizon=3)
    assert forecast(job) == plain
    steps = spelled(form, np.arange("2024-03-05", "2024-03-08", dtype="M8[D]"))
    history = [
        {"item_id": "b", "timestamp": t, "target": v} for t, v in zip(spelled(form), VALUES, strict=True)
    ]
    with job.server() as server:
        answer = ask(server, {"instances": [{"item_id": "a", "timestamp": step} for step in steps]})
        assert [row["timestamp"] for row in answer.json["predictions"]] == [
            "2024-03-05",
            "2024-03-06",
            "2024-03-07",
        ]
        assert [row["mean"] for row in answer.json["predictions"]] == plain[0]["mean"]
        told = ask(server, {"instances": history}).json["predictions"]
        assert [row["mean"] for row in told] == plain[0]["mean"]
        csv = "item_id,timestamp\n" + "".join(f"a,{step}\n" for step in steps)
        assert ask(server, csv.encode(), "text/csv").json["predictions"] == answer.json["predictions"]


@pytest.mark.parametrize("how", ["wide", "parquet texts", "parquet dates", "parquet times", "json", "lines"])
def test_other_layouts_and_formats_mean_the_same_days(train: Trained, plain: Any, how: str) -> None:
    days = spelled("%d/%m/%Y")
    given: dict[str, Any] = {}
    items = ["a"] * len(DAYS)
    if how == "wide":
        name, content = (
            "a.csv",
            "day,a,b\n" + "".join(f"{d},{v},{v}\n" for d, v in zip(days, VALUES, strict=True)),
        )
    elif how == "json":
        rows = [{"item_id": "a", "timestamp": d, "target": v} for d, v in zip(days, VALUES, strict=True)]
        name, content = "a.json", json.dumps(rows)
    elif how == "lines":
        lines = [{"start": "20/11/2023", "target": VALUES}, {"start": "01/12/2023", "target": VALUES}]
        name, content, given = "a.jsonl", "".join(json.dumps(line) + "\n" for line in lines), {"freq": "D"}
    else:
        times = {"texts": days, "dates": DAYS, "times": DAYS.astype("M8[us]")}[how.split()[1]]
        name, content = "a.parquet", parquet(item_id=items, timestamp=times, target=VALUES)
    job = train({"train": {name: content}}, horizon=3, **given)
    found = forecast(job, {"item_id": "0" if how == "lines" else "a"})
    assert found[0]["mean"] == plain[0]["mean"]
    assert found[0]["start"] == plain[0]["start"]


def test_other_channels_are_read_as_the_training_channel_is(train: Trained) -> None:
    """Of the 1st to the 9th of a month alone no cell says which number is the day."""
    before, after = DAYS[:-5], DAYS[-5:]  # 29 February, and the 1st to the 4th of March
    promo = np.arange(len(DAYS)) % 5 * 10.0
    found = []
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        related = [
            f"a,{day},{value}" for day, value in zip(spelled(form, DAYS[-4:]), promo[-4:], strict=True)
        ]
        history = [
            f"a,{day},{value}" for day, value in zip(spelled(form, before), promo[: len(before)], strict=True)
        ]
        channels = {
            "train": {
                "a.csv": long_csv(
                    {"a": [v + p for v, p in zip(VALUES, promo, strict=True)][:-5]}, spelled(form, before)
                )
            },
            "related": {"a.csv": "\n".join(["item_id,timestamp,promo", *history, *related]) + "\n"},
            "test": {"a.csv": long_csv({"a": VALUES[-4:]}, spelled(form, DAYS[-4:]))},
        }
        job = train(channels, horizon=4)
        found.append((forecast(job), job.report["metrics"]))
    assert len(after) == 5
    assert found[0] == found[1]


def test_days_that_could_be_months_are_guessed_aloud_and_an_option_decides(train: Trained) -> None:
    days = [f"{day:02}/03/2024" for day in range(1, 13)]
    text = long_csv({"a": monthly(12)}, days)
    job = train({"train": {"a.csv": text}}, horizon=2)
    assert "day and month cannot be told apart" in job.log
    assert "dates=day-first" in job.log
    assert forecast(job)[0]["start"] == "2025-01-03"
    said = train({"train": {"a.csv": text}}, horizon=2, dates="day-first")
    assert "cannot be told apart" not in said.log
    assert forecast(said)[0]["start"] == "2024-03-13"


def test_days_that_contradict_each_other_are_refused_in_one_line(train: Trained) -> None:
    days = [*spelled("%d/%m/%Y", DAYS[:20]), *spelled("%m/%d/%Y", DAYS[20:40])]
    job = train({"train": {"a.csv": long_csv({"a": VALUES[:40]}, days)}})
    assert '"20/11/2023" in row 1 and "12/13/2023" in row 24' in job.failure
    assert len(job.failure.splitlines()) == 1


def test_a_request_is_not_guessed_at(train: Trained) -> None:
    job = train({"train": {"a.csv": long_csv({"a": VALUES}, spelled("%Y-%m-%d"))}}, horizon=3)
    with job.server() as server:
        rows = [{"item_id": "a", "timestamp": day} for day in ("2024-03-05", "06/03/2024")]
        reply = ask(server, {"instances": rows})
        assert reply.status == 400
        assert 'row 2, column "timestamp": expected a date or time' in reply.text.replace("\\", "")


def quarters(form: str, points: int) -> list[str]:
    return [form.format(q=step % 4 + 1, y=2014 + step // 4) for step in range(points)]


def months_by(rule: Any, points: int, apart: int = 1) -> list[str]:
    return [str(rule(np.datetime64("2019-01") + apart * step)) for step in range(points)]


def last_business_day(month: Any) -> Any:
    return np.busday_offset((month + 1).astype("M8[D]"), -1, roll="forward")


def third_friday(month: Any) -> Any:
    return np.busday_offset(month.astype("M8[D]"), 2, roll="forward", weekmask="Fri")


@pytest.mark.parametrize(
    ("times", "step", "start"),
    [
        (quarters("{q}-{y}", 30), "QS", "2021-07-01"),
        (quarters("{y}/{q}", 30), "QS", "2021-07-01"),
        (quarters("{y}Q{q}", 30), "QS", "2021-07-01"),
        (quarters("Q{q} {y}", 30), "QS", "2021-07-01"),
        ([f"{step % 12 + 1}/{2019 + step // 12}" for step in range(30)], "MS", "2021-07-01"),
        ([f"2024-W{week:02}" for week in range(1, 40)], "W", "2024-09-30"),
        (months_by(last_business_day, 30), "MS", "2021-07-30"),
        (months_by(last_business_day, 3), "MS", "2019-04-30"),
        (months_by(last_business_day, 20, 3), "QS", "2024-01-31"),
        (
            months_by(lambda month: np.busday_offset(month.astype("M8[D]"), 0, roll="forward"), 30),
            "MS",
            "2021-07-01",
        ),
        (months_by(third_friday, 30), "MS", "2021-07-16"),
        (months_by(lambda month: (month + 1).astype("M8[D]") - 1, 30), "MS", "2021-07-31"),
        ([str(np.datetime64("2020-01-01") + 30 * step) for step in range(30)], "30D", "2022-06-19"),
        ([str(np.datetime64("2020-01-04") + 28 * step) for step in range(30)], "4W", "2022-04-23"),
    ],
)
def test_steps_of_the_calendar_are_told_and_go_on(
    train: Trained, times: list[str], step: str, start: str
) -> None:
    job = train({"train": {"a.csv": long_csv({"a": monthly(len(times))}, times)}}, horizon=2)
    assert job.code == 0, job.log
    assert f"of {len(times)} points; step {step} (inferred)" in job.log
    assert forecast(job)[0]["start"] == start


def test_a_calendar_of_four_and_five_weeks_is_not_taken_for_another(train: Trained) -> None:
    weeks = np.cumsum([0, *([5, 4, 4] * 12)])  # two of these periods end in August 2024
    days = [str(np.datetime64("2024-03-02") + 7 * int(week)) for week in weeks]
    job = train({"train": {"a.csv": long_csv({"a": monthly(len(days))}, days)}})
    assert "freq cannot be inferred: alternating periods" in job.failure


LINE = {"start": "2024-01-01", "target": VALUES[:60]}


def test_a_forecast_begins_after_the_last_position_of_a_line_missing_or_not(train: Trained) -> None:
    short = {"start": "2024-01-01", "target": [*VALUES[:57], None, "NaN", None]}
    job = train(
        {"train": {"a.jsonl": json.dumps(LINE) + "\n" + json.dumps(short) + "\n"}}, horizon=3, freq="D"
    )
    assert job.rules["missing points at the end of a JSON line"] == 3
    whole, cut, gaps = forecast(job, LINE, {**LINE, "target": VALUES[:57]}, short)
    assert gaps["mean"] == pytest.approx(whole["mean"], rel=0.02)
    assert gaps["mean"] != pytest.approx(cut["mean"], rel=0.02)
    stored, same = forecast(job, {"item_id": "0"}, {"item_id": "1"})
    assert stored["start"] == same["start"] == "2024-03-01"
    assert same["mean"] == gaps["mean"]


def test_a_timeline_is_the_same_again() -> None:
    from forecast.panel.frequency import Frequency
    from forecast.panel.timeline import Timeline

    ends = np.array(["2020-01-31", "2020-02-29"], dtype="M8[s]")
    found = Timeline.of(Frequency("month", 1), ends)
    assert found.texts(np.array([600, 601])).tolist() == ["2020-01-31", "2020-02-29"]
    assert Timeline.from_dict(json.loads(json.dumps(found.as_dict()))) == found
