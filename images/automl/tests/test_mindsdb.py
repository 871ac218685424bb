"""MindsDB at work: it trains, answers as the predictor does, restores elsewhere, keeps no rows."""

import json
import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from automl.automl_handler.errors import DataError
from automl.automl_handler.predictor import Predictor
from automl.mindsdb_compat import mindsdb
from automl.mindsdb_storage import DATABASE
from automl.tests.conftest import RecordingWatcher
from automl.tests.tables import NOTES, ODD, TARGETS, mixed

USING = {"preset": "fast", "time_limit_s": 60, "threads": 1}
SQL = "SELECT t.customer, m.* FROM files.train AS t JOIN mindsdb.model AS m"


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return mixed()


@pytest.fixture(scope="module")
def storages(table: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A model of each kind, as MindsDB's CREATE MODEL left it."""
    root = tmp_path_factory.mktemp("storages")
    for kind, target in TARGETS.items():
        ignored = sorted(set(TARGETS.values()) - {target})
        mindsdb().train(table, target, {**USING, "ignore": ignored}, RecordingWatcher(), root / kind)
    return {kind: root / kind for kind in TARGETS}


def predictor(storage: Path) -> Predictor:
    (found,) = storage.glob("content/predictor/*/predictor")
    return Predictor.load(found)


@pytest.mark.parametrize("kind", list(TARGETS))
def test_a_select_with_a_join_answers_as_the_predictor_does(
    kind: str, storages: dict[str, Path], table: pd.DataFrame
) -> None:
    direct = predictor(storages[kind]).predict(table)
    (joined,) = mindsdb().query(storages[kind], table, SQL)
    called = mindsdb().predict(storages[kind], table)
    for found in (joined, called):
        assert found[TARGETS[kind]].tolist() == direct.prediction.tolist()
        assert found["confidence"].tolist() == direct.confidence.tolist()
        if direct.probabilities is not None:
            rows = [list(json.loads(row).values()) for row in found["probabilities"]]
            assert rows == direct.probabilities.tolist()
        else:
            assert found["low"].tolist() == direct.low.tolist()
    assert joined["customer"].tolist() == table["customer"].tolist()


def test_large_requests_that_differ_in_the_middle_get_answers_of_their_own(
    storages: dict[str, Path], table: pd.DataFrame
) -> None:
    """MindsDB's own cache would mistake one for the other."""
    many = pd.concat([table] * 8, ignore_index=True)
    other = many.copy()
    other.loc[600:640, "size"] += 3
    storage, target = storages["regression"], TARGETS["regression"]
    mine, found = mindsdb(), []
    mine._open(storage)
    for rows in (many, other):
        mine._upload(rows)
        found.append(mine._query(SQL)[target].tolist())
        mine._query("DROP TABLE files.train")
    mine._reset()
    assert found[0] != found[1]
    assert found[1] == predictor(storage).predict(other).prediction.tolist()


def test_it_starts_over_as_it_started_without_migrating_anew(
    storages: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = mindsdb()
    mine._reset(storages["regression"])
    monkeypatch.setattr(mine._migrate, "migrate_to_head", lambda: pytest.fail("migrated"))
    mine._reset()
    found = {}
    for root in (mine.root, storages["regression"]):
        with closing(sqlite3.connect(root / DATABASE)) as database:
            version = database.execute("SELECT * FROM alembic_version").fetchall()
            found[root] = version, database.execute("SELECT count(*) FROM predictor").fetchall()
    (version, none), (other, one) = found.values()
    assert version == other
    assert (none, one) == ([(0,)], [(1,)])


@pytest.mark.parametrize("kind", list(TARGETS))
def test_a_model_holds_none_of_the_rows(kind: str, storages: dict[str, Path], table: pd.DataFrame) -> None:
    mindsdb().query(storages[kind], table, SQL)
    texts = [
        NOTES,
        "sesame",
        "lunch",
        str(ODD),
        str(table["salary"][0]),
        table["note"][0],
        *table["customer"],
    ]
    files = [path for path in storages[kind].rglob("*") if path.is_file()]
    assert any(path.name == DATABASE for path in files)
    for path in files:
        assert not {"cache", "file", "rows.parquet"} & set(path.relative_to(storages[kind]).parts), path
        for text in texts:
            for form in (text.encode(), text.encode("utf-16-le")):
                assert form not in path.read_bytes(), f"{path} holds {text}"


def test_nothing_of_the_rows_is_left_in_the_scratch_folder(
    storages: dict[str, Path], table: pd.DataFrame
) -> None:
    mindsdb().query(storages["binary"], table, SQL)
    mindsdb().predict(storages["binary"], table)
    files = [path for path in mindsdb().root.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if NOTES.encode() in path.read_bytes()]


def test_a_fitted_predictor_can_be_registered_described_and_brought_up_to_date(
    storages: dict[str, Path], table: pd.DataFrame
) -> None:
    folder = next(storages["binary"].glob("content/predictor/*/predictor"))
    joined = "SELECT m.* FROM files.train AS t JOIN mindsdb.taken AS m"
    _, taken, described, _, tuned = mindsdb().query(
        storages["binary"],
        table,
        "CREATE MODEL mindsdb.taken FROM files (SELECT * FROM train) "
        f"PREDICT `{TARGETS['binary']}` USING engine='automl', folder='{folder}'",
        joined,
        "DESCRIBE mindsdb.taken.columns",
        "FINETUNE mindsdb.taken FROM files (SELECT * FROM train)",
        joined,
    )
    direct = predictor(storages["binary"]).predict(table)
    assert taken["confidence"].tolist() == direct.confidence.tolist()
    kinds = described.set_index("column")["kind"].to_dict()
    assert kinds["customer"] == kinds["country"] == kinds["fax"] == "dropped"
    assert (kinds["size"], kinds["team"], kinds["since"], kinds["note"]) == (
        "number",
        "category",
        "date",
        "text",
    )
    assert len(tuned) == len(table)
    assert tuned["confidence"].tolist() != taken["confidence"].tolist()


def test_a_search_that_mindsdb_begins_late_has_what_is_left_but_a_quarter_at_least(
    table: pd.DataFrame, tmp_path: Path
) -> None:
    for left, least, most in ((-5, 10, 25), (60, 30, 60), (None, 61, 100)):
        watcher = RecordingWatcher()
        ends = None if left is None else time.monotonic() + left
        mindsdb().train(table, "grade", {**USING, "time_limit_s": 100}, watcher, tmp_path / str(left), ends)
        first = re.search(r"; (\d+) s left", "\n".join(watcher.lines))
        assert first, watcher.lines
        assert least <= int(first[1]) <= most, watcher.lines


def test_what_the_engine_refuses_reaches_the_caller_as_it_is(table: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="every row has 'Utopia'"):
        mindsdb().train(table, "country", USING, RecordingWatcher(), tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_names_with_quotes_points_and_spaces_are_names(table: pd.DataFrame, tmp_path: Path) -> None:
    named = table[["size", "team", "grade"]].rename(
        columns={"size": 'it\'s "size".x', "grade": "my.grade 100%"}
    )
    mindsdb().train(named, "my.grade 100%", USING, RecordingWatcher(), tmp_path / "odd")
    direct = predictor(tmp_path / "odd").predict(named)
    assert mindsdb().predict(tmp_path / "odd", named)["my.grade 100%"].tolist() == direct.prediction.tolist()
