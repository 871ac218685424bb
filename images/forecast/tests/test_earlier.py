"""How far earlier forecasts were from what came true, where a request's history brings that."""

import json
from typing import Any

import numpy as np
import pytest
from forecast import earlier
from forecast.earlier import EarlierForecasts
from forecast.tests.conftest import Trained, ask, build_panel, long_csv, monthly

from harness.places import Server


def steps(server: Server, **series: list[float]) -> Any:
    """Forecasts of histories, as lists of means."""
    instances = [{"item_id": name, "start": "2018-01-01", "target": list(y)} for name, y in series.items()]
    reply = ask(server, {"instances": instances, "configuration": {"output_types": ["mean"]}})
    assert reply.status == 200, reply.text
    return [row["mean"] for row in reply.json["predictions"]]


def outcomes(server: Server) -> Any:
    found = server.get("/drift").json["outcomes"]
    return found["points"], {one["name"]: (one["now"], one["training"]) for one in found["measures"]}


def change(y: list[float]) -> float:
    return float(np.abs(np.array(y[12:]) - np.array(y[:-12])).mean())


def test_histories_bring_the_truth_about_forecasts_once(train: Trained) -> None:
    y, other = monthly(60), monthly(60, 50.0, 2)
    job = train({"train": {"a.csv": long_csv({"a": y[:48], "b": other[:48]})}}, horizon=4)
    assert job.code == 0, job.log
    trained = json.loads((job.root / "model/manifest.json").read_text())["metrics"]["mase"]
    with job.server() as server:
        assert outcomes(server) == (
            0,
            {"MASE": (None, pytest.approx(trained, rel=1e-5)), "WAPE": (None, None)},
        )
        reply = ask(server, {"instances": [{"item_id": "a"}]})
        first = reply.json["predictions"][0]["mean"]
    with job.server() as server:  # another worker, which has answered nothing yet
        (second,) = steps(server, a=y[:50])
        errors = np.abs(np.array(first[:2]) - y[48:50])
        points, found = outcomes(server)
        assert points == 2
        assert found["MASE"][0] == pytest.approx(errors.mean() / change(y[:48]), rel=1e-3)
        assert found["WAPE"][0] == pytest.approx(errors.sum() / np.sum(np.abs(y[48:50])), rel=1e-3)
        steps(server, a=y[:50])
        assert outcomes(server)[0] == 2, "what is sent again brings nothing new"
        steps(server, a=y[:52], unknown=other[:48])
        errors = np.abs(np.array(first) - y[48:52])
        points, found = outcomes(server)
        assert points == 4, "the forecast from the end of training is kept to its last step"
        assert found["WAPE"][0] == pytest.approx(errors.sum() / np.sum(np.abs(y[48:52])), rel=1e-3)
        steps(server, unknown=other[:51])
        assert outcomes(server)[0] == 7, "of a series that training did not have, the earlier request's"
        steps(server, a=y[:60])
        assert outcomes(server)[0] == 11, "and of a known one the forecast that came after"
        text = server.get("/metrics").text
        assert "slipway_prediction_error_values 11.0" in text
        assert 'slipway_prediction_error{measure="WAPE"} 0.0' in text
        assert 'slipway_prediction_error_training{measure="MASE"} ' in text
        assert 'slipway_prediction_error_training{measure="WAPE"}' not in text
    assert len(second) == 4


def test_a_history_without_a_name_says_nothing_of_another(train: Trained) -> None:
    y = monthly(60)
    job = train({"train": {"a.csv": long_csv({"a": y[:48], "b": y[:48]})}}, horizon=4)
    with job.server() as server:
        for until in (48, 52):
            ask(server, {"instances": [{"start": "2018-01-01", "target": y[:until]}]})
        assert outcomes(server)[0] == 0


def none(places: list[int]) -> Any:
    raise AssertionError("no forecast from the end of training was wanted")


def test_as_many_series_are_kept_as_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(earlier, "KEPT", 3)
    monkeypatch.setattr(earlier, "FORGOTTEN", 10)
    kept = EarlierForecasts(build_panel([], []), 1, none)
    series = build_panel([[1.0, 2.0, 4.0]] * 5, [(name,) for name in "abcde"])
    means = np.full((5, 2), 5.0)
    assert kept.compare(series, means).points == 0
    longer = build_panel([[1.0, 2.0, 4.0, 8.0]] * 5, [(name,) for name in "abcde"])
    found = kept.compare(longer, means)
    assert (found.points, found.sums["WAPE"]) == (3, (9.0, 24.0))
    assert found.sums["MASE"] == (6.0, 3.0), "the history moved by 1.5 a step"
    for _ in range(10):
        kept.compare(longer.take([4]), means[:1])
    assert kept.compare(longer.take([4]), means[:1]).points == 0
    assert ("e",) in kept._kept
    assert len(kept._kept) == 3, "one that nobody asks for makes room"


def test_a_gap_or_an_end_before_the_forecast_counts_nothing() -> None:
    kept = EarlierForecasts(build_panel([], []), 1, none)
    kept.compare(build_panel([[1.0, 2.0, 4.0]]), np.full((1, 2), 5.0))
    assert kept.compare(build_panel([[1.0, 2.0]]), np.full((1, 2), 5.0)).points == 0
    found = kept.compare(build_panel([[1.0, 2.0, 4.0, np.nan, 8.0]]), np.full((1, 2), 5.0))
    assert (found.points, found.sums["WAPE"]) == (1, (3.0, 8.0))


def test_a_constant_history_has_no_scaled_error() -> None:
    kept = EarlierForecasts(build_panel([], []), 1, none)
    kept.compare(build_panel([[3.0, 3.0, 3.0]]), np.full((1, 2), 3.0))
    found = kept.compare(build_panel([[3.0, 3.0, 3.0, 4.0]]), np.full((1, 2), 3.0))
    assert (found.points, found.sums) == (1, {"MASE": (0.0, 0.0), "WAPE": (1.0, 4.0)})
