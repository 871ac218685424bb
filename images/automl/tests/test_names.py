"""Column names that SQL, or MindsDB, would take for another or for none: they are the user's all the same."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from automl.automl_handler.errors import DataError
from automl.automl_handler.features.sql_names import matching
from automl.mindsdb_compat import mindsdb
from automl.tests.conftest import RecordingWatcher, lay_out

from harness.places import Place

ALIKE = ["Weight", "weight", "WEIGHT_1"]
BLANKS = [" mass", "mass ", "mass", "", "tab\tname", "two\nlines"]
SIGNS = ['"', "`", "'; DROP TABLE train; --", "a.b.c", "select", "*", "%s", ":x", "\\", "17", "c2", "c1"]
FOLDED = ["É", "é", "ß", "SS", "ﬁ", "fi", "K", "\u212a", "n" * 200]
JOIN = "SELECT t.*, m.* FROM files.train AS t JOIN mindsdb.model AS m"


def named(*names: str, rows: int = 80) -> pd.DataFrame:
    """Numbers under each name, and under the last one a label that the first two tell."""
    random = np.random.default_rng(3)
    cells = random.normal(size=(rows, len(names)))
    table = pd.DataFrame(cells, columns=list(names))
    is_up = cells[:, 0] + cells[:, min(1, len(names) - 2)] > 0
    return table.assign(**{names[-1]: np.where(is_up, "up", "down")})


def trained(table: pd.DataFrame, folder: Path) -> object:
    using = {"preset": "fast", "time_limit_s": 4, "threads": 1}
    return mindsdb().train(table, str(table.columns[-1]), using, RecordingWatcher(), folder).predictor


@pytest.mark.parametrize(
    "names",
    [
        [*ALIKE, *BLANKS, *SIGNS, *FOLDED, "WEIGHT"],
        ["Confidence ", "x", "confidence"],
        ["probabilities", "PROBABILITIES"],
        ["x", "z", "z "],
    ],
    ids=["all that is odd", "as our own columns", "as our own in capitals", "a target that ends in a blank"],
)
def test_a_model_reads_and_answers_by_the_names_it_was_given(names: list[str], tmp_path: Path) -> None:
    table = named(*names)
    predictor = trained(table, tmp_path / "model")
    assert predictor.reads == names[:-1]
    assert predictor.problem.target == names[-1]
    direct = predictor.predict(table)
    assert (direct.prediction == table[names[-1]]).mean() > 0.8
    by_mindsdb = mindsdb().answers(tmp_path / "model", predictor, table, 0.9)
    for cells in ("prediction", "confidence", "probabilities"):
        assert getattr(by_mindsdb, cells).tolist() == getattr(direct, cells).tolist()


def test_settings_find_columns_and_classes_whose_names_differ_in_case_only(tmp_path: Path) -> None:
    table = named("a", "A", "b", "B", "y")
    table["y"] = table["y"].where(table.index % 5 > 0, "UP")
    table["Y"] = table["b"].abs().round(1).astype(str) + "%"
    using = {
        "preset": "fast",
        "time_limit_s": 4,
        "threads": 1,
        "features": ["A", "a", "Y"],
        "class_weights": {"UP": 5.0, "up": 1.0},
        "kinds": {"Y": "text"},
    }
    found = mindsdb().train(table, "y", using, RecordingWatcher(), tmp_path / "model").predictor
    assert found.reads == ["A", "a", "Y"]
    assert dict(zip(found.problem.labels, found.problem.weights, strict=True)) == {
        "UP": 5,
        "down": 1,
        "up": 1,
    }
    assert [one.kind for one in found.columns] == ["number", "number", "category"]
    assert any('"UP" / "up"' in note for note in found.facts["notes"])


def test_what_mindsdb_tells_of_a_model_has_the_names_it_was_given(tmp_path: Path) -> None:
    table = named("Weight", "weight", "Height")
    predictor = trained(table, tmp_path / "model")
    models, columns, joined = mindsdb().query(
        tmp_path / "model",
        table,
        "SELECT predict FROM mindsdb.models WHERE name = 'model'",
        "DESCRIBE mindsdb.model.columns",
        JOIN.replace("t.*, m.*", "m.*"),
    )
    assert models.iloc[0, 0] == "Height"
    assert columns["column"].tolist() == ["Weight", "weight"]
    direct = predictor.predict(table)
    assert joined["Height"].tolist() == direct.prediction.tolist()
    assert joined["confidence"].tolist() == direct.confidence.tolist(), "DuckDB called it weight_1"


def test_a_join_with_a_target_named_as_a_column_of_ours_tells_them_apart(tmp_path: Path) -> None:
    table = named("x", "z", "Probabilities")
    predictor = trained(table, tmp_path / "model")
    (joined,) = mindsdb().query(tmp_path / "model", table, JOIN.replace("t.*, m.*", "m.*"))
    assert list(joined) == ["Probabilities", "confidence", "probabilities_"]
    assert joined["Probabilities"].tolist() == predictor.predict(table).prediction.tolist()


def test_what_mindsdb_renamed_is_known_again() -> None:
    assert matching(["Age", "age"], ["Age", "age_1", "y"]) == {"age_1": "age"}
    assert matching(["age", "Age", "AGE"], ["age", "Age_1", "AGE_2"]) == {"Age_1": "Age", "AGE_2": "AGE"}
    assert matching(["age"], ["Age", "age_1"]) == {"age_1": "age"}, "Age was no use"
    assert matching(["age"], ["AGE"]) == {"AGE": "age"}
    assert matching([" age "], ["age"]) == {"age": " age "}
    assert matching(["Age", "age"], ["age"]) == {}
    assert matching(["x"], ["x_1", "y"]) == {}


@pytest.mark.parametrize(
    ("wanted", "present"),
    [
        (["AGE", "Age", "Age_1"], ["AGE", "Age_1", "Age_1_1"]),
        (["age"], ["Age", "AGE"]),
        (["age ", " age"], ["age"]),
    ],
    ids=["a number of its own", "two cases", "two with blanks"],
)
def test_what_may_be_one_column_or_another_is_refused(wanted: list[str], present: list[str]) -> None:
    with pytest.raises(DataError, match=r"column .+: MindsDB's SQL ignores case, so it could be any of"):
        matching(wanted, present)


@pytest.mark.only("inside")
def test_a_job_learns_from_names_that_differ_in_case_only(place: Place, tmp_path: Path) -> None:
    table = named("Weight", "weight", "Out, or in?", "WEIGHT")
    root = lay_out(tmp_path, table, target="WEIGHT", time_limit_s=10)
    training = place.train(root)
    assert training.code == 0, training.log
    with place.serve(root) as server:
        body = table[["weight", "Out, or in?", "Weight"]].to_csv(index=False).encode()
        found = [
            server.ask(
                body, "text/csv", "application/json", Custom_Attributes=f"explain=true;engine={engine}"
            )
            for engine in ("direct", "mindsdb")
        ]
    assert found[0].json == found[1].json
    answers = pd.DataFrame(found[0].json["predictions"])
    assert (answers["prediction"] == table["WEIGHT"]).mean() > 0.8
    assert {"Weight", "weight"} <= set(answers["contributions"][0])
