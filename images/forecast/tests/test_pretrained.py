"""Pretrained models: the same numbers as their authors' code, files that are refused, and their share."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forecast.backtesting import share
from forecast.backtesting.backtest import make_windows, run
from forecast.models.calibration import IntervalCalibration
from forecast.models.engine import Engine
from forecast.pretrained import model
from forecast.pretrained.model import PretrainedModel
from forecast.tests import tiny_weights
from forecast.tests.conftest import Trained, ask, build_panel, long_csv, monthly

from slipway import Job, UserError
from slipway.image import Image
from slipway.paths import Paths

KINDS = ["bolt", "chronos2"]
IMAGE = Image.read(Path(__file__).parents[1])
Files = dict[str, str | bytes]


def opened(folder: Path, files: Files) -> PretrainedModel:
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return PretrainedModel(sorted(folder.iterdir()))


def padded(series: list[Any]) -> Any:
    """Series as rows of one array, with gaps in front."""
    found = np.full((len(series), max(map(len, series))), np.nan)
    for row, y in zip(found, series, strict=True):
        row[len(row) - len(y) :] = y
    return found


@pytest.mark.parametrize("horizon", tiny_weights.HORIZONS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_forecasts_are_those_of_the_authors_code(kind: str, horizon: int, tmp_path: Path) -> None:
    found = opened(tmp_path, tiny_weights.files(kind))
    expected = json.loads(tiny_weights.EXPECTED.read_text())[f"{kind} {horizon}"]
    quantiles = found._network.quantiles(padded(tiny_weights.series()), horizon)
    np.testing.assert_allclose(tiny_weights.excerpt(quantiles), expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_a_series_is_forecast_alike_in_any_company(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = opened(tmp_path, tiny_weights.files(kind))
    panel = build_panel(tiny_weights.series())
    whole = found.forecast(panel, 11, np.arange(5))
    monkeypatch.setattr(model, "MAX_TOKENS", 60)  # several batches, some of a single series
    parts = found.forecast(panel, 11, np.array([4, 0, 2]))
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one[[0, 2, 4]], other[[0, 2, 4]], rtol=1e-4, atol=1e-3)
        assert np.isnan(other[[1, 3]]).all()


def test_half_precision_is_read(tmp_path: Path) -> None:
    tensors = tiny_weights.arrays("bolt")
    short = {name: (one.view("<u4") >> 16 << 16).view("<f4") for name, one in tensors.items()}
    answers = []
    for kind, values in {"F32": short, "BF16": tensors}.items():
        folder = tmp_path / kind
        folder.mkdir()
        content = tiny_weights.files("bolt") | {"model.safetensors": tiny_weights.safetensors(values, kind)}
        answers.append(opened(folder, content)._network.quantiles(padded(tiny_weights.series()), 5))
    np.testing.assert_array_equal(*answers)


def config(**changes: Any) -> str:
    return json.dumps(tiny_weights.CONFIGS["bolt"] | changes)


def own(**changes: Any) -> str:
    return config(chronos_config=tiny_weights.CONFIGS["bolt"]["chronos_config"] | changes)


def tensors(change: Callable[[dict[str, Any]], Any]) -> bytes:
    found = tiny_weights.arrays("bolt")
    change(found)
    return tiny_weights.safetensors(found)


NORM = "encoder.final_layer_norm.weight"
WHOLE = tiny_weights.safetensors(tiny_weights.arrays("bolt"))
REFUSED: dict[str, tuple[Files, str]] = {
    "pickled": ({"config.json": config(), "pytorch_model.bin": b"x"}, "may run code when read, and is not"),
    "no configuration": ({"model.safetensors": WHOLE}, "came without config.json"),
    "another model": ({"config.json": config(architectures=["T5Model"])}, "the model is a T5Model; expected"),
    "no JSON": ({"config.json": "{"}, "is not that of a Chronos model"),
    "a name that is none": ({"config.json": config(architectures=[["T5Model"]])}, "expected Chronos"),
    "no number": ({"config.json": config(layer_norm_epsilon=None)}, "do not fit the sizes"),
    "no buckets": ({"config.json": config(relative_attention_num_buckets=2)}, "do not fit the sizes"),
    "no object": ({"config.json": "[]"}, "is not that of a Chronos model"),
    "an activation": ({"config.json": config(dense_act_fn="gelu")}, "other than relu"),
    "layers": ({"config.json": config(num_layers=-1)}, "num_layers cannot be used"),
    "levels": ({"config.json": own(quantiles=[0.5, 0.1])}, "quantiles cannot be used"),
    "a stride": ({"config.json": own(input_patch_stride=2)}, "input_patch_stride"),
    "no safetensors": ({"model.safetensors": b"\x80\x04pickle"}, "is no safetensors file"),
    "a header": ({"model.safetensors": b"\x08" + bytes(7) + b"nonsense"}, "its header is not JSON"),
    "cut off": ({"model.safetensors": WHOLE[:-4]}, "cannot be read"),
    "an array too few": ({"model.safetensors": tensors(lambda them: them.pop(NORM))}, "lacks"),
    "a shape": (
        {"model.safetensors": tensors(lambda them: them.update({NORM: np.ones(3, "<f4")}))},
        "do not fit the sizes",
    ),
    "more layers": ({"config.json": config(num_layers=3)}, "lacks 'encoder.block.2"),
    "not finite": (
        {"model.safetensors": tensors(lambda them: them.update({NORM: np.full(16, np.nan, "<f4")}))},
        "not finite",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_files_are_refused_in_one_line(name: str, tmp_path: Path) -> None:
    files, message = REFUSED[name]
    if name not in {"pickled", "no configuration"}:
        files = tiny_weights.files("bolt") | files
    with pytest.raises(UserError, match=message) as refused:
        opened(tmp_path, files).check()
    assert "\n" not in str(refused.value)
    assert str(refused.value).startswith("channel weights")


class Known:
    """A model that knows the future of series of a known kind, or another one by `error`."""

    def __init__(self, error: float) -> None:
        self.error = error

    def __str__(self) -> str:
        return "Known"

    def forecast(self, panel: Any, horizon: int, rows: Any, stop: Any = None) -> tuple[Any, Any]:
        future = (panel.lengths[:, None] + np.arange(horizon)) % 2 * 10.0
        return future + self.error, np.ones(future.shape)


@pytest.mark.parametrize(("error", "expected"), [(0.0, {"seasonal": 1.0}), (50.0, {})])
def test_the_share_is_what_the_backtest_gains_by(
    error: float, expected: dict[str, float], tmp_path: Path
) -> None:
    random = np.random.default_rng(1)
    series = [np.arange(60) % 2 * 10 + random.normal(0, 1, 60) for _ in range(14)]
    panel = build_panel(series)
    engine = Engine(4, (), "fast", "auto", IntervalCalibration.usual(4))
    windows = make_windows(panel, 4, 1, 1, ())
    tested = run(windows, engine, Job(IMAGE, Paths(tmp_path)), lambda: False)
    assert tested is not None
    chosen, better, notes = share.choose_shares(Known(error), windows, engine, tested, lambda: False)  # type: ignore[arg-type]
    assert (dict(chosen.shares) if chosen else {}) == expected
    assert better is not None
    gained = better.evaluation.metrics()["MASE"] < 0.8 * tested.evaluation.metrics()["MASE"]
    assert gained == bool(expected)
    assert notes[0].endswith("; used." if expected else "; not used.")


def channels(kind: str) -> dict[str, dict[str, str | bytes]]:
    series = {name: monthly(40, seed=place) for place, name in enumerate("abcdefghijkl")}
    return {"train": {"t.csv": long_csv(series)}, "weights": tiny_weights.files(kind)}


def test_a_model_with_a_share_is_saved_and_served(train: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(share, "MIN_GAIN", -np.inf)  # random weights gain nothing
    done = train(channels("bolt"), horizon=3)
    assert done.code == 0, done.log
    assert "pretrained model: Chronos-Bolt" in done.log
    assert "Pretrained model Chronos-Bolt" in done.text("The series")
    saved = done.root / "model/weights"
    assert sorted(path.name for path in saved.iterdir()) == ["config.json", "model.safetensors"]
    with done.server() as server:
        with_share = ask(server, [{"item_id": "a"}]).json
    plain = train({"train": channels("bolt")["train"]}, horizon=3)
    assert not (plain.root / "model/weights").exists()
    with plain.server() as server:
        without = ask(server, [{"item_id": "a"}]).json
    assert with_share != without


def test_a_model_without_a_gain_is_not_kept(train: Trained) -> None:
    done = train(channels("chronos2"), horizon=3)
    assert done.code == 0, done.log
    assert "not used" in done.text("The series")
    assert not (done.root / "model/weights").exists()


def test_a_horizon_beyond_the_model_is_refused(train: Trained) -> None:
    done = train(channels("chronos2"), horizon=25)
    assert done.code != 0
    assert "channel weights: Chronos-2 forecasts at most 24 steps, not 25" in done.failure
