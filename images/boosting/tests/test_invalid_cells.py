"""Cells that are unlike all others, rows alone or none at all, times: what is named, and what is answered."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from boosting.tests.tables import ENGINES, REQUESTS, ROWS, noise

from slipway import UserError

FAST = {"engine": "lightgbm", "n_estimators": 30, "learning_rate": 0.3, "metrics": ["accuracy"]}


@pytest.fixture(autouse=True)
def no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """What these tests ask is in no figure, and figures take most of such a job's time."""
    monkeypatch.setattr("boosting.report.write", lambda *_: None)


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
    assert fit(channels, target="y", features=["z"], **given).metrics["accuracy"] > 0, "no feature reads it"


@pytest.mark.parametrize(
    ("cells", "given", "message"),
    [
        (noise().astype(str), {}, 'channel train, file table.csv: row 17, column "y": expected a number'),
        (np.arange(ROWS) % 2, {"problem": "binary"}, "column y has 3 values; a binary target has two"),
        (
            np.arange(ROWS) % 4,
            {"problem": "regression", "metrics": ["rmse"]},
            "column y contains text such as 'lost'",
        ),
        (np.arange(ROWS) % 4, {"group": "q"}, "column y contains text such as 'lost'"),
    ],
)
def test_a_stray_in_the_target_is_blamed_itself(
    cells: Any, given: dict[str, Any], message: str, fit: Any
) -> None:
    table = pd.DataFrame({"x": noise(), "q": np.arange(ROWS) // 6, "y": cells.astype(object)})
    table.loc[16, "y"] = "lost"
    with pytest.raises(UserError) as caught:
        fit(table, target="y", **{**FAST, **given})
    assert message in str(caught.value)


def test_a_class_of_one_row_is_told(fit: Any, capsys: Any) -> None:
    table = pd.DataFrame({"x": noise(), "y": (np.arange(ROWS) % 2).astype(object)})
    table.loc[16, "y"] = "lost"
    fit(table, target="y", **FAST)
    log = capsys.readouterr().err
    assert 'column "y": read as texts, as 1 of 240 cells are no numbers, such as "lost"' in log
    assert "class lost has one row" in log


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
    together = request_of(done, *REQUESTS["csv"](rows))["probability"].tolist()
    for how in ("csv", "json"):
        alone = [
            request_of(done, *REQUESTS[how](rows[place : place + 1]))["probability"][0] for place in range(70)
        ]
        assert alone == together, how


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("target", ["two", "three", "number"])
def test_no_rows_have_the_columns_of_some(engine: str, target: str, fit: Any) -> None:
    from boosting.tests.tables import in_table

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
    from boosting import fitting

    measured: list[float] = []
    ask = fitting.Trainer.predict

    def _predict(self: Any, booster: Any, data: Any, threshold: float) -> Any:
        measured.extend(data.features.number("order"))
        return ask(self, booster, data, threshold)

    monkeypatch.setattr(fitting.Trainer, "predict", _predict)
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
    with pytest.raises(UserError, match="column steps contains lists"):
        fit(file, target="y", **FAST)
    assert fit(file, target="y", features=["x"], **FAST).model.names == ["x"]
    table = pd.DataFrame({"flag": [True, False] * 60, "y": ["p", "q"] * 60})
    with pytest.raises(UserError, match="text_features: column flag contains booleans"):
        fit(table, target="y", text_features=["flag"], n_estimators=3)
