"""Models whose rows belong together, and requests in a form of the image's own."""

import json
from pathlib import Path
from threading import Event

import numpy as np
import pytest

import slipway
from slipway import Answers, Channel, Column, Groups, Schema, UserError
from slipway.manifest import Manifest
from slipway.serving.app import App
from slipway.serving.endpoint import Endpoint
from slipway.settings import Settings
from slipway.training.run import schema_of
from unit.model import Adder


class Options(slipway.Options):
    """What a request may choose."""

    fault: str = ""
    """How to go wrong."""
    scale: float = 1.0
    """What to multiply with."""


class Summer(Adder):
    """Sums y for each x: two answers a group, however many rows it has."""

    options = Options

    def __init__(self) -> None:
        self.columns = [
            Column(name="x", optional=True, aliases=("group",)),
            Column(name="y", optional=True),
        ]
        self.layouts = [("y",)]
        self.nests: bool | None = None
        self.ready = Event()

    def predict(self, table, options):
        self.nests = table.nests
        names, of_rows = np.unique(table.matrix[:, 0], return_inverse=True)
        of_answers = np.repeat(np.arange(len(names)), 2)
        sums = np.bincount(of_rows, table.matrix[:, 1], len(names))[of_answers] * options.scale
        if options.fault == "loses a group":
            sums, of_answers = sums[2:], of_answers[2:]
        if options.fault == "loses a row":
            of_rows = of_rows[1:]
        if options.fault == "columns too short":
            sums = sums[1:]
        return Answers({"sum": sums}, Groups(of_rows, of_answers))

    def warm(self) -> None:
        self.ready.set()


def translated(document, model):
    """Documents in a form of the image's own; None for any other."""
    if not {"groups", "scale"} <= document.keys():
        return None
    if not isinstance(document["groups"], dict):
        raise UserError('"groups" is an object')
    rows = [{"x": int(name), "y": cell} for name, cells in document["groups"].items() for cell in cells]
    return {"instances": rows, "configuration": {"scale": document["scale"]}}


X, Y = (
    Column(name="x", kind="number", optional=True, aliases=("group",)),
    Column(name="y", kind="number", optional=True),
)
SCHEMA = Schema(columns=(X, Y), table=(X, Y, Column(name="other", kind="number")), layouts=(("y",),))


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return Manifest.stamp(
        tmp_path, image="adder", version="1.2.3", reads=SCHEMA, hyperparameters={}, metrics={}
    )


def ask(manifest, body, content_type="text/csv", accept="application/jsonlines", model=None, **options):
    endpoint = Endpoint(model or Summer(), manifest, Settings.read({}), legacy=translated)
    attributes = ";".join(f"{name}={value}" for name, value in options.items())
    answer = endpoint.answer(body, content_type, accept, attributes)
    return answer.status, answer.body.decode()


ROWS = b"x,y\n2,1\n1,5\n2,3\n"


def test_a_group_of_rows_has_answers_of_its_own(manifest):
    assert ask(manifest, ROWS) == (200, '{"sum":5.0}\n{"sum":5.0}\n{"sum":4.0}\n{"sum":4.0}\n')


@pytest.mark.parametrize("fault", ["loses a group", "loses a row", "columns too short"])
def test_a_row_whose_group_is_not_answered_is_a_fault_of_ours(manifest, fault, capfd):
    status, body = ask(manifest, ROWS, fault=fault)
    assert status == 500, body
    assert "predict " in capfd.readouterr().err


@pytest.mark.parametrize("header", ["x,y", "group,y", "y,group"])
def test_a_column_answers_to_its_aliases(manifest, header):
    body = f"{header}\n1,1\n".encode()
    assert ask(manifest, body) == (200, '{"sum":1.0}\n{"sum":1.0}\n')


def test_an_alias_beside_its_column_is_that_column_twice(manifest):
    status, body = ask(manifest, b"x,group,y\n1,1,1\n")
    assert status == 400
    assert "more than once came: x" in json.loads(body)["message"]


def test_a_name_of_the_training_table_is_no_alias():
    columns = (Column(name="x", kind="number", aliases=("other",)),)
    schema = Schema(columns=columns, table=(*columns, Column(name="other")))
    assert schema.positions(["other", "x"], 2) == [1]


def test_rows_without_names_may_hold_a_choice_of_the_columns(manifest):
    """The third of a table's own columns is not read, the only one of a short row is y."""
    assert SCHEMA.positions(None, 1) == [None, 0]
    assert SCHEMA.positions(None, 2) == [0, 1]
    assert SCHEMA.positions(None, 3) == [0, 1]
    with pytest.raises(UserError, match="4 columns came without names"):
        SCHEMA.positions(None, 4)


def test_a_form_of_the_images_own_is_read_as_the_common_one(manifest):
    body = json.dumps({"groups": {"1": [1, 2]}, "scale": 10}).encode()
    assert ask(manifest, body, "application/json") == (200, '{"sum":30.0}\n{"sum":30.0}\n')


def test_what_is_wrong_with_it_is_told_and_another_document_is_left_alone(manifest):
    status, body = ask(manifest, b'{"groups": 1, "scale": 1}', "application/json")
    assert (status, json.loads(body)["message"]) == (400, '"groups" is an object')
    body = b'{"instances": [{"x": 1, "y": 2, "note": "groups and \\"scale\\""}]}'
    assert ask(manifest, body, "application/json")[0] == 200
    assert ask(manifest, b'[{"x": 1, "y": 2, "groups": 0, "scale": 0}]', "application/json")[0] == 200


@pytest.mark.parametrize(("accept", "nests"), [("application/json", True), ("text/csv", False)])
def test_a_model_knows_whether_an_answer_has_room_for_lists(manifest, accept, nests):
    model = Summer()
    ask(manifest, ROWS, accept=accept, model=model)
    assert model.nests is nests


def test_columns_that_no_table_has_are_in_the_schema(tmp_path):
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    model = Summer()
    model.columns = [Column(name="z", kind="number"), model.columns[0]]
    schema = schema_of(model, {"train": Channel("train", tmp_path)})
    assert [(column.name, column.kind, column.aliases, column.optional) for column in schema.columns] == [
        ("z", "number", (), False),
        ("x", "integer", ("group",), True),
    ]
    assert [column.name for column in schema.table] == ["x", "y"]
    assert schema.layouts == (("y",),)


LINES = '{"id": "a", "values": [1, "NaN", 2.5]}\n{"id": "b", "values": [[1], null]}\n'


def test_lists_in_a_channel_are_handed_out_as_they_came(tmp_path):
    (tmp_path / "a.jsonl").write_text(LINES)
    channel = Channel("train", tmp_path)
    assert channel.nested
    assert channel.kinds == {"id": "text", "values": "list"}
    for one in (channel.table, next(channel.batches())):
        assert one.column("id").tolist() == ["a", "b"]
        assert one.column("values").tolist() == [[1, "NaN", 2.5], [[1], None]]


def test_lists_beside_what_is_none_are_told(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"id": "a", "values": [1]}\n{"id": "b", "values": 2}\n')
    with pytest.raises(UserError, match=r"file a\.jsonl: row 1.*: a cell holds a list"):
        Channel("train", tmp_path).table.column("values")


def test_lists_in_parquet_are_the_same(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"id": ["a"], "values": [[1.0, 2.0]]}), tmp_path / "a.parquet")
    channel = Channel("train", tmp_path)
    assert channel.nested
    assert channel.kinds == {"id": "text", "values": "list"}
    assert channel.table.column("values").tolist() == [[1.0, 2.0]]


def test_a_worker_readies_its_model_before_it_answers(manifest):
    app = App(Settings.read({}))
    app.warm()  # nothing to ready yet
    model = Summer()
    app.endpoint = Endpoint(model, manifest, Settings.read({}))
    app.warm()
    assert model.ready.wait(10)
