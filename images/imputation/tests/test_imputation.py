"""What the image promises beyond its engine: channels, hyperparameters, answers in every form, the report."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from imputation.tests.tables import holed, mixed

from slipway import Channel, Job, UserError
from slipway.image import Image
from slipway.paths import Paths
from slipway.serving.answer import Answer
from slipway.serving.endpoint import Endpoint
from slipway.settings import Settings
from slipway.table.options import DataOptions
from slipway.training.run import save, schema_of, train

IMAGE = Image.read(Path(__file__).parents[1])
MODEL = IMAGE.predictor()
TRAINER = IMAGE.trainer()
QUICK = {"preset": "fast", "compare": "false"}


def fit(folder: Path, test: Path | None = None, **hyperparameters: str) -> tuple[Any, Job, Any]:
    params = IMAGE.hyperparameters().read({**QUICK, **hyperparameters})
    given = DataOptions(params.kinds, params.dates, params.missing)
    data = {"train": Channel("train", folder, options=given)}
    if test:
        data["test"] = Channel("test", test, options=given)
        data["test"].read_like(data["train"])
    job = Job(IMAGE, Paths(folder))
    model = TRAINER.fit(data, params, job)
    return model, job, schema_of(model, data)


def write(folder: Path, table: pd.DataFrame) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(folder / "rows.csv", index=False)
    return folder


def served(root: Path, model: Any, schema: Any) -> Endpoint:
    save(
        model,
        root / "model",
        None,
        schema,
        image=IMAGE.name,
        version=IMAGE.version,
        hyperparameters={},
        metrics={},
    )
    settings = {"SLIPWAY_ALGORITHM": str(IMAGE.folder), "SLIPWAY_ROOT": str(root)}
    return Endpoint.load(Settings.read(settings))


def ask(endpoint: Endpoint, body: Any, accept: str = "application/json", **options: Any) -> Any:
    """The rows of an answer; `body` is a CSV, or what goes into JSON."""
    reply = reply_to(endpoint, body, accept, **options)
    assert reply.status == 200, reply.body
    return json.loads(reply.body)["predictions"]


def reply_to(endpoint: Endpoint, body: Any, accept: str = "application/json", **options: Any) -> Answer:
    if isinstance(body, str):
        attributes = ";".join(f"{name}={value}" for name, value in options.items())
        return endpoint.answer(body.encode(), "text/csv", accept, attributes)
    document = {"instances": body, "configuration": options}
    return endpoint.answer(json.dumps(document).encode(), "application/json", accept)


def refusal(reply: Answer) -> str:
    assert reply.status == 400, reply.body
    return str(json.loads(reply.body)["message"])


def test_by_default_the_columns_with_gaps_are_filled(tmp_path: Path) -> None:
    table = mixed(80).assign(whole=range(80))
    table.loc[3, "price"] = None
    model, _, _ = fit(write(tmp_path / "a", table))
    assert [column.name for column in model.columns if column.optional] == ["price"]
    assert model.names == list(table)
    every, _, _ = fit(write(tmp_path / "b", mixed(80)), columns="*")
    assert [column.name for column in every.columns if column.optional] == list(mixed(1))


def test_a_job_saves_the_model_that_a_direct_fit_gives(tmp_path: Path) -> None:
    """With the same data, data options and seed."""
    table = holed(mixed(200)).replace({"kind": {"lamp": "NA"}})
    table["twice"] = 2 * table["price"] + 1
    folder = write(tmp_path / "input/data/train", table)
    given = {"preset": "fast", "missing": "NA", "seed": "4"}
    config = tmp_path / "input/config"
    config.mkdir()
    (config / "hyperparameters.json").write_text(json.dumps(given))
    settings = Settings.read({"SLIPWAY_ALGORITHM": str(IMAGE.folder), "SLIPWAY_ROOT": str(tmp_path)})
    assert train(settings) == 0
    saved = MODEL.load(tmp_path / "model")
    fresh, _, _ = fit(folder, **given)
    options = MODEL.options(interval=True, multiple=2, top_k=2, tolerance=0.5, precision_threshold=0.6)
    again = Channel("train", folder, options=DataOptions(missing=("NA",))).table
    answers = [model.predict(again, options).columns for model in (fresh, saved)]
    assert list(answers[0]) == list(answers[1])
    for name, column in answers[0].items():
        assert pd.Series(column).equals(pd.Series(answers[1][name])), name


def test_the_older_names_of_hyperparameters_are_understood() -> None:
    params = IMAGE.hyperparameters().read({"label_column": "kind", "feature_columns": "text,size"})
    assert params.columns == ("kind",)
    assert params.features == ("text", "size")


@pytest.mark.parametrize("name", ["columns", "features"])
def test_a_column_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match=f"{name}: no column colour"):
        fit(write(tmp_path, mixed(30)), **{name: "colour"})


def test_a_word_for_a_gap_is_a_label_until_missing_names_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = mixed(120)
    table.loc[::4, "kind"] = "NA"
    folder = write(tmp_path, table)
    model, job, _ = fit(folder, columns="kind")
    assert "NA" in model.imputer.column("kind").labels
    assert 'column kind has the label "NA"' in capsys.readouterr().err
    assert "Labels that may be missing cells" in [section.title for section in job.report.sections]
    mended, job, _ = fit(folder, columns="kind", missing="NA")
    assert set(mended.imputer.column("kind").labels) == {"shoe", "shirt", "lamp"}
    assert job.metrics["coverage"] == 1


def test_in_a_request_too_missing_names_gaps(tmp_path: Path) -> None:
    model, _, schema = fit(
        write(tmp_path / "data", mixed(120)), columns="kind", missing="NA", features="text"
    )
    endpoint = served(tmp_path, model, schema)
    first, second = ask(endpoint, "kind,text\nNA,bulb watt\nlamp,cotton\n")
    assert first["kind"] == "lamp"
    assert second["kind_imputed"] is None


def test_the_test_channel_is_filled_as_if_it_were_empty(tmp_path: Path) -> None:
    model, job, _ = fit(
        write(tmp_path / "a", holed(mixed(300))),
        write(tmp_path / "b", mixed(120, seed=5)),
        columns="price,kind",
        precision_threshold="0.9",
    )
    assert 0 < job.metrics["test:nrmse"] < 0.9
    assert job.metrics["test:f1"] > 0.7
    assert job.metrics["test:precision"] >= 0.9
    assert 0 < job.metrics["test:coverage"] <= 1
    assert model.precision_threshold == 0.9


@pytest.mark.parametrize("engine", ["datawig", "mean", "median", "mode", "knn", "iterative", "missforest"])
def test_every_other_engine_trains_and_answers(tmp_path: Path, engine: str) -> None:
    more = {"num_epochs": "5"} if engine == "datawig" else {}
    model, job, schema = fit(write(tmp_path / "data", holed(mixed(100))), engine=engine, **more)
    assert job.metrics["quality"] <= 1
    rows = ask(
        served(tmp_path, model, schema), holed(mixed(20, seed=3)).to_csv(index=False), explain=True, top_k=2
    )
    assert all(row["kind"] and row["price"] is not None for row in rows)
    strongest = next(one for one in job.report.sections if one.title == "Strongest features")
    if engine in ("mean", "median", "mode"):
        assert f"the engine {engine} fills each column with one value" in strongest.text
    else:
        assert strongest.table is not None
        assert "price" in set(strongest.table["column"])


def test_a_table_beyond_memory_is_learnt_from_a_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from imputation import fitting

    from slipway.formats import base

    monkeypatch.setattr(base.line_blocks, "__defaults__", (4000,))
    monkeypatch.setattr(Channel, "fits_memory", False)
    monkeypatch.setattr(Channel, "table", property(lambda self: pytest.fail("the whole table was read")))
    monkeypatch.setitem(fitting.ROWS, "fast", 150)
    _, job, _ = fit(write(tmp_path, holed(mixed(500))), columns="kind,price")
    assert job.metrics["quality"] > 0
    assert "500 rows" in job.report.sections[0].text


def test_a_stop_still_gives_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Job, "should_stop", lambda self: True)
    model, job, _ = fit(write(tmp_path, holed(mixed(100))), compare="true")
    assert set(model.imputer.confidence)
    assert "Comparison with baselines" not in [section.title for section in job.report.sections]


def test_the_report_tells_gaps_quality_comparison_and_sureness(tmp_path: Path) -> None:
    table = holed(mixed(140)).assign(void=None)
    _, job, _ = fit(write(tmp_path, table), compare="true", columns="price,kind,sold,void")
    sections = {section.title: section for section in job.report.sections}
    assert list(sections) == [
        *(
            "Missing cells",
            "Patterns",
            "Quality of each column",
            "Comparison with baselines",
            "Calibration",
            "Intervals",
        ),
        *("Before and after", "Strongest features"),
    ]
    compared = sections["Comparison with baselines"].table
    assert compared is not None
    assert {"MCAR", "MAR"} == set(compared["mask"])
    assert {"auto", "mean", "median", "mode", "knn", "iterative"} <= set(compared)
    hidden = compared[(compared["mask"] == "MCAR") & (compared["column"] == "price")]
    assert float(hidden["auto"].iloc[0]) < float(hidden["mean"].iloc[0])
    gaps = sections["Missing cells"].table
    assert gaps is not None
    assert (
        dict(zip(gaps["column"], gaps["filled"], strict=True))["void"] == "left empty: nothing to learn from"
    )


def test_the_plain_engines_are_compared_where_asked_for_on_a_sample_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from imputation.evaluation import comparison

    assert IMAGE.hyperparameters().read({}).compare is False
    monkeypatch.setattr("imputation.evaluation.comparison.COLUMNS", 2)
    monkeypatch.setitem(comparison.ROWS, "fast", 90)
    _, job, _ = fit(write(tmp_path, holed(mixed(140))), compare="true", columns="price,kind,sold")
    beside = next(section for section in job.report.sections if section.title == "Comparison with baselines")
    assert beside.table is not None
    assert set(beside.table["column"]) == {"price", "sold"}
    assert "of 90 rows" in beside.text
    assert "2 of the 3 columns" in beside.text


def test_a_column_that_holds_nothing_stays_empty_in_answers(tmp_path: Path) -> None:
    model, _, schema = fit(write(tmp_path / "data", holed(mixed(60)).assign(void=None)))
    [row] = ask(served(tmp_path, model, schema), [{"size": 1, "void": None}])
    assert row["void"] is None
    assert row["void_imputed"] is None


def test_two_hundred_columns_are_trained_and_answered(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=(80, 4)) @ random.normal(size=(4, 200)) + 0.3 * random.normal(size=(80, 200))
    whole = pd.DataFrame(values, columns=[f"c{place}" for place in range(200)])
    some = [f"c{place}" for place in range(0, 200, 5)]
    folder = write(tmp_path / "data", holed(whole, 0.05))
    model, _, schema = fit(folder, time_limit_s="20", columns=",".join(some))
    rows = ask(served(tmp_path, model, schema), holed(whole.head(5), 0.3).to_csv(index=False), marks="false")
    assert all(len(row) == 200 for row in rows)
    assert all(row[name] is not None for row in rows for name in some)
