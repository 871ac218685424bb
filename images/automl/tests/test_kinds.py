"""What cells mean is settled once, by the whole training table, and goes through MindsDB unchanged."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from automl.predictor import Model

from harness.places import Place, Server, Training
from harness.samples import configure

pytestmark = pytest.mark.only("inside")
HUGE = 2**60
LABELS = ("01", "1", "3+")


def rows(height: int, seed: int = 0) -> pd.DataFrame:
    """Cells that SQL, pandas or a careless reader would make something else of; `zip` tells the label."""
    random = np.random.default_rng(seed)
    place = np.arange(height) % 3
    truth = random.random(height) < 0.5
    return pd.DataFrame(
        {
            "zip": np.array(["02108", "2108", "002108"])[place],
            "prefix": random.choice(["+49", "49", "+1"], height),
            "account": [str(HUGE + cell) for cell in random.integers(0, 3, height)],
            "member": np.where(truth, "True", "False"),
            "floor": np.array([["12", "12.0", "ground"], ["7", "7.0", "roof"]])[
                truth.astype(int), random.integers(0, 3, height)
            ],
            "day": [f"{cell}/2/2024" for cell in random.integers(1, 28, height)],
            "size": random.normal(size=height).round(3),
            "group": np.array(LABELS)[place],
        }
    )


def lay_out(root: Path, channels: dict[str, str], suffix: str = ".csv", **hyperparameters: object) -> Path:
    for name, text in channels.items():
        folder = root / "input/data" / name
        folder.mkdir(parents=True)
        (folder / f"part{suffix}").write_text(text)
    configure(root, {"preset": "fast", "time_limit_s": 10, **hyperparameters}, list(channels))
    return root


def csv(table: pd.DataFrame) -> str:
    return str(table.to_csv(index=False))


def ask(server: Server, body: object, **options: object) -> list[dict[str, object]]:
    sent = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    media = "text/csv" if isinstance(body, str) else "application/json"
    reply = server.ask(sent, media, "application/json", Custom_Attributes=json.dumps(options))
    assert reply.status == 200, reply.text
    found: list[dict[str, object]] = reply.json["predictions"]
    return found


@pytest.fixture(scope="module")
def learnt(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Training:
    """The validation channel has no label but digits, and `01` and `1` are not one of them."""
    held = rows(60, seed=1)
    channels = {"train": csv(rows(240)), "validation": csv(held[held["group"] != "3+"])}
    training = place.train(lay_out(tmp_path_factory.mktemp("kinds"), channels, target="group"))
    assert training.code == 0, training.log
    return training


@pytest.fixture(scope="module")
def model_server(place: Place, learnt: Training) -> Iterator[Server]:
    with place.serve(learnt.root) as running:
        yield running


def test_texts_of_digits_come_through_mindsdb_byte_for_byte(learnt: Training) -> None:
    predictor = Model.load(learnt.model).predictor
    kept = {one.name: set(one.categories) for one in predictor.columns}
    table = rows(240)
    for name in ("zip", "prefix", "account", "member"):
        assert kept[name] == set(table[name]), name
    assert kept["floor"] == {"12", "7", "ground", "roof"}, "12 and 12.0 are one"
    assert predictor.problem.labels == LABELS
    (day,) = (one for one in predictor.columns if one.kind == "date")
    assert (day.name, day.dates.order) == ("day", "day-first")
    assert predictor.design({**predictor.typical, "day": np.array(["3/2/2024"], object)}).numbers[
        0, 2:4
    ].tolist() == [2, 3]


@pytest.mark.parametrize("engine", ["direct", "mindsdb"])
def test_labels_are_answered_byte_for_byte(model_server: Server, engine: str) -> None:
    fresh = rows(30, seed=2)
    found = ask(model_server, csv(fresh.drop(columns="group")), engine=engine)
    assert [one["prediction"] for one in found] == fresh["group"].tolist()
    assert {tuple(one["probabilities"]) for one in found} == {LABELS}  # type: ignore[arg-type]


def test_a_cell_is_the_same_however_a_request_writes_it(model_server: Server) -> None:
    fresh = rows(6, seed=3).drop(columns="group").assign(floor="12")
    expected = ask(model_server, csv(fresh))
    assert ask(model_server, csv(fresh.assign(floor="12.0", member=fresh["member"].str.upper()))) == expected
    records = fresh.to_dict("records")
    for floor in (12, 12.0, "12"):
        written = [{**row, "floor": floor, "member": row["member"] == "True"} for row in records]
        assert ask(model_server, written) == expected, floor
    accounts = [{**row, "account": int(str(row["account"]))} for row in records]
    assert ask(model_server, accounts) == expected


def test_labels_of_another_channel_are_read_as_those_of_train(learnt: Training) -> None:
    metric = re.search(r"^metric validation:accuracy=(\S+);$", learnt.log, re.MULTILINE)
    assert metric, learnt.log
    assert float(metric[1]) > 0.9


def test_score_reads_the_target_as_training_did(model_server: Server) -> None:
    fresh = rows(12, seed=4)
    sent = [{**row, "group": 1 if row["group"] == "1" else row["group"]} for row in fresh.to_dict("records")]
    for body, media in ((csv(fresh), "text/csv"), (json.dumps(sent), "application/json")):
        reply = model_server.ask(body.encode(), media, "application/json", Custom_Attributes="score=true")
        assert reply.json["metrics"]["rows"] == 12, reply.text
        assert reply.json["metrics"]["accuracy"] == 1


def test_a_day_that_is_none_is_refused_with_its_row(model_server: Server) -> None:
    body = csv(rows(3).assign(day=["1/2/2024", "2/13/2024", ""])).encode()
    refused = model_server.ask(body, "text/csv", "application/json")
    assert (refused.status, refused.json["row"], refused.json["column"]) == (400, 2, "day")
    found = ask(model_server, body.decode(), on_error="record")
    assert [one["error"] is None for one in found] == [True, False, True]


@pytest.mark.parametrize("column", ["zip", "day", "member", "size"])
def test_a_list_in_a_cell_is_refused_with_its_row(model_server: Server, column: str) -> None:
    sent = rows(3).drop(columns="group").to_dict("records")
    sent[1][column] = ["02108"]
    refused = model_server.ask(json.dumps(sent).encode(), "application/json", "application/json")
    assert (refused.status, refused.json["row"], refused.json["column"]) == (400, 2, column), refused.text


@pytest.mark.parametrize(
    ("suffix", "labels"),
    [(".csv", ["False", "True"]), (".jsonl", ["false", "true"])],
    ids=["csv", "json lines"],
)
def test_a_target_of_booleans_has_their_spelling_for_labels(
    place: Place, tmp_path: Path, suffix: str, labels: list[str]
) -> None:
    table = rows(90)[["size", "zip"]].assign(stays=rows(90)["size"] > 0)
    lines = "".join(json.dumps(row) + "\n" for row in table.to_dict("records"))
    channels = {"train": csv(table) if suffix == ".csv" else lines}
    training = place.train(lay_out(tmp_path, channels, suffix, target="stays", problem_type="binary"))
    assert training.code == 0, training.log
    records = table[:20].to_dict("records")
    with place.serve(training.root) as server:
        body = json.dumps(records).encode()
        reply = server.ask(body, "application/json", "application/json", Custom_Attributes="score=true")
    found = [one["prediction"] for one in reply.json["predictions"]]
    assert sorted(set(found)) == labels
    assert [str(row["stays"]).lower() for row in records] == [one.lower() for one in found]
    assert reply.json["metrics"] == {**reply.json["metrics"], "rows": 20, "accuracy": 1}


@pytest.mark.parametrize(
    ("channel", "column", "says"),
    [
        ("train", "size", 'channel train, file part.csv: row 7, column "size"'),
        ("validation", "size", 'channel validation, file part.csv: row 7, column "size"'),
        ("train", "day", 'channel train, counted over all files: row 7, column "day"'),
    ],
)
def test_a_stray_cell_is_named_and_no_matter_where_nobody_reads_it(
    place: Place, tmp_path: Path, channel: str, column: str, says: str
) -> None:
    tables = {"train": rows(120), "validation": rows(60, seed=1)}
    tables[channel] = tables[channel].astype({column: object})
    tables[channel].loc[6, column] = "oops"
    channels = {name: csv(table) for name, table in tables.items()}
    given = {"target": "group", "time_limit_s": 4}
    training = place.train(lay_out(tmp_path / "read", channels, **given))
    assert training.code != 0
    assert says in training.failure.splitlines()[0]
    assert "oops" in training.failure.splitlines()[0]
    passed = place.train(
        lay_out(tmp_path / "passed", channels, target="group", time_limit_s=4, ignore=column)
    )
    assert passed.code == 0, passed.log


def test_what_the_user_says_of_a_column_holds(place: Place, tmp_path: Path) -> None:
    """Days that could be either, numbers that are codes, a word that means a gap."""
    table = rows(90)[["size", "group"]].astype({"size": object})
    table = table.assign(day=[f"{1 + cell % 12}/2/2024" for cell in range(90)], code=[3, 4, 5] * 30)
    table.loc[4, "size"] = "unknown"
    given = {"dates": "day-first", "kinds": {"code": "text"}, "missing": "unknown"}
    training = place.train(lay_out(tmp_path, {"train": csv(table)}, target="group", time_limit_s=4, **given))
    assert training.code == 0, training.log
    columns = {one.name: one for one in Model.load(training.model).predictor.columns}
    assert {name: one.kind for name, one in columns.items()} == {
        "size": "number",
        "day": "date",
        "code": "category",
    }
    assert columns["day"].dates.order == "day-first"


def test_lists_are_refused_and_can_be_ignored(place: Place, tmp_path: Path) -> None:
    records = [{**row, "path": [1, 2]} for row in rows(60)[["size", "group"]].to_dict("records")]
    channels = {"train": "".join(json.dumps(row) + "\n" for row in records)}
    training = place.train(lay_out(tmp_path / "read", channels, ".jsonl", target="group"))
    assert "columns path hold lists" in training.failure
    passed = lay_out(tmp_path / "passed", channels, ".jsonl", target="group", ignore="path", time_limit_s=4)
    assert place.train(passed).code == 0
