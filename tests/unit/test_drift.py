"""What is kept of the training's rows, and when requests' rows are said to be other than those."""

import json

import numpy as np
import orjson
import pyarrow as pa
import pytest

from slipway.drift.baseline import FILE, Baseline, gaps_alone, of_numbers, of_texts
from slipway.drift.measure import measured
from slipway.manifest import Manifest
from slipway.model import Answers
from slipway.serving.app import App
from slipway.serving.metrics.drift import Window
from slipway.serving.metrics.rolling import Rolling
from slipway.table.schema import Column
from slipway.table.table import Table
from slipway.training import drift as drift_baseline
from slipway.training.run import train
from unit.model import Adder

RANDOM = np.random.default_rng(7)


def drift_of(column, values, false_alarms=0.01):
    return measured([column], [column.count(values)], false_alarms)[0]


def texts(*values):
    return pa.array(values, pa.string())


def test_each_number_falls_into_one_cell():
    column = of_numbers("x", np.array([*range(100), np.nan]))
    assert (column.counts[:2], column.counts[-1], sum(column.counts)) == ((1, 0), 0, 101)
    assert {9, 10, 11} >= set(column.counts[2:-1])
    found = column.codes(np.array([np.nan, -1e300, 0, 9, 9.5, 10, 99, 99.5, 1e300]))
    assert found.tolist() == [0, 1, 2, 2, 3, 3, 11, 12, 12]


def test_a_column_of_few_values_has_no_empty_cells():
    column = of_numbers("x", np.array([0.0] * 90 + [1.0] * 10))
    assert column.counts == (0, 0, 90, 10, 0)
    constant = of_numbers("x", np.full(50, 3.0))
    assert constant.counts == (0, 0, 50, 0)
    assert drift_of(constant, np.full(200, 3.0)).score == 0
    assert drift_of(constant, np.full(200, 3.1)).drifted


def test_no_category_is_named_that_few_rows_have():
    """Whoever reads the model must not find a name or number of a person in it."""
    column = of_texts("k", texts(*["a"] * 600, *["b"] * 380, *["Jane Doe"] * 15, *["John Doe"] * 5, None))
    assert column.categories == ("a", "b")
    assert column.counts == (1, 20, 600, 380)
    unique = of_texts("id", texts(*map(str, range(1000))))
    assert (unique.categories, unique.counts) == ((), (0, 1000))


def test_the_same_rows_have_not_drifted():
    values = RANDOM.normal(size=5000)
    found = drift_of(of_numbers("x", values), values)
    assert (found.score, found.js, found.ks) == (0, 0, 0)


@pytest.mark.parametrize(
    ("shift", "share"),
    [
        (lambda x: x + 0.5, None),
        (lambda x: 2 * x, "out_of_range"),
        (lambda x: 1000 * x, "out_of_range"),
        (lambda x: np.where(RANDOM.random(len(x)) < 0.1, np.nan, x), "gaps"),
        (lambda x: np.full(len(x), np.nan), "gaps"),
        (lambda x: np.full(len(x), 0.1), None),
    ],
)
def test_a_shift_of_numbers_is_found_in_some_hundreds_of_rows(shift, share):
    column = of_numbers("x", RANDOM.normal(size=3000))
    assert not drift_of(column, RANDOM.normal(size=500)).drifted
    found = drift_of(column, shift(RANDOM.normal(size=500)))
    assert found.drifted
    assert share is None or found.shares[share] > 0.01


def test_a_shift_of_categories_is_found():
    column = of_texts("k", pa.array(RANDOM.choice(["a", "b", "c"], p=[0.6, 0.3, 0.1], size=3000).tolist()))
    same, other = ([0.6, 0.3, 0.1], [0.5, 0.3, 0.2])
    draw = lambda p: pa.array(RANDOM.choice(["a", "b", "c"], p=p, size=1000).tolist())  # noqa: E731
    assert not drift_of(column, draw(same)).drifted
    assert drift_of(column, draw(other)).drifted
    found = drift_of(column, texts(*["new"] * 30, *["a"] * 970))
    assert found.drifted
    assert found.shares["rare_or_unseen"] == 0.03


def test_a_few_rows_with_a_category_that_training_never_had_are_enough():
    column = of_texts("k", texts(*["a"] * 9000, *["b"] * 1000))
    found = drift_of(column, texts(*["new"] * 6, *["a"] * 270, *["b"] * 24))
    assert found.drifted
    assert not drift_of(column, texts("new", *["a"] * 270, *["b"] * 29)).drifted


def test_of_times_only_gaps_are_watched():
    column = gaps_alone("when", texts("2024-01-01", "2024-01-02", None))
    assert column.counts == (1, 2)
    assert column.kind == "gaps"


def test_few_rows_say_nothing_yet():
    column = of_numbers("x", RANDOM.normal(size=3000))
    assert drift_of(column, np.full(99, 1e6)).score == 0
    assert drift_of(column, np.full(100, 1e6)).drifted


def test_false_alarms_are_as_rare_as_promised():
    """Of 400 windows of ten columns: 5 % are promised at most; more than 8 % would be no chance."""
    alarms = 0
    for _ in range(400):
        columns = [of_numbers(str(n), RANDOM.standard_t(2, size=800)) for n in range(10)]
        now = [column.count(RANDOM.standard_t(2, size=400)) for column in columns]
        alarms += any(one.drifted for one in measured(columns, now, 0.05))
    assert alarms / 400 < 0.08


def test_training_keeps_a_baseline_that_the_manifest_lists(settings_of, root, folder, capsys):
    rows = "\n".join(f"{n % 50},{n}" for n in range(300))
    (root / "input/data/train/a.csv").write_text(f"x,y\n{rows}\n")
    (root / "input/data/train/b.csv").unlink()
    assert train(settings_of()) == 0
    assert FILE in Manifest.read(root / "model", "adder").files
    baseline = Baseline.read(root / "model")
    assert [(one.name, one.of, sum(one.counts)) for one in baseline.columns] == [
        ("x", "input", 300),
        ("y", "input", 300),
        ("sum", "answer", 300),
        ("half", "answer", 300),
    ]
    app = App(settings_of(SLIPWAY_DRIFT_WINDOW="400"))
    app.load()
    asked = b"".join(b"%d,%d\n" % (n % 50, n) for n in range(300))
    assert app.endpoint.answer(asked, "text/csv").status == 200
    assert told(app) == {"x": False, "y": False, "sum": False, "half": False}
    app.metrics.watch.drift._counts._sums[:] = 0
    app.endpoint.observe.__self__._skip = 0
    assert app.endpoint.answer(asked.replace(b",", b",9"), "text/csv").status == 200
    assert told(app) == {"x": False, "y": True, "sum": True, "half": True}
    text = app.metrics.answer().body.decode()
    assert 'slipway_drift_out_of_range_share{column="y",of="input"}' in text
    assert "slipway_drift_window_rows 300.0" in text
    app.metrics.end()
    assert "drift" not in capsys.readouterr().err, "only a batch transform has no other place to tell it"
    batch = App(settings_of(SAGEMAKER_BATCH="true"))
    batch.load()
    assert batch.endpoint.answer(asked.replace(b",", b",9"), "text/csv").status == 200
    batch.metrics.end()
    said = "drifted from the training: y, sum, half, in the last 300 rows that were compared"
    assert said in capsys.readouterr().err
    few = App(settings_of(SAGEMAKER_BATCH="true"))
    few.load()
    few.endpoint.answer(b"1,2\n" * 40, "text/csv")
    few.metrics.end()
    assert "is not known, as it takes 100 rows, in the last 40 rows" in capsys.readouterr().err
    moved = (root / "model").rename(root.parent / "elsewhere")
    mounted = App(settings_of(SLIPWAY_MODEL_DIR=str(moved)))
    mounted.load()
    assert mounted.metrics.watch.drift is not None, "KServe puts a model where SageMaker does not"
    moved.rename(root / "model")
    off = App(settings_of(SLIPWAY_DRIFT="false"))
    off.load()
    assert off.endpoint.observe is None
    assert "/drift" not in off.metrics.routes


def test_no_key_of_a_group_is_named_and_grouped_rows_have_no_answers_of_their_own():
    class Grouped(Adder):
        def groups(self, table):
            return np.zeros(len(table), dtype=np.int64)

    columns = [Column(name="x", kind="text", role="key"), Column(name="y", kind="number")]
    table = Table(columns, [texts(*["Jane Doe"] * 300), np.arange(300.0)], 300)
    found = drift_baseline.columns_of(table, Grouped(), columns)
    assert [(one.name, one.kind) for one in found] == [("x", "gaps"), ("y", "number")]
    alone = drift_baseline.columns_of(table.select(["x"]), Adder(), columns[:1])
    assert [(one.name, one.categories) for one in alone] == [("x", ("Jane Doe",))], "a category of all rows"


def told(app):
    facts = orjson.loads(app.metrics.watch.answer().body)
    assert json.dumps(facts)
    return {one["name"]: one["drifted"] for one in facts["columns"]}


def test_the_window_forgets_the_oldest_rows_and_adds_workers_up():
    column = of_numbers("x", np.arange(1000.0))
    window = window_of([column], 2, 2400)
    observers = [window.observer(worker).see for worker in range(2)]
    for number in range(40):
        see(observers[number % 2], np.full(300, number * 10.0))
    assert 2400 <= window.rows <= 3600
    (found,) = window.measured()
    assert sum(found.now) == window.rows
    assert sum(found.now[:5]) == 0, "rows of the beginning are forgotten"


def test_small_requests_are_counted_together_and_large_ones_in_part():
    column = of_numbers("x", np.arange(1000.0))
    window = window_of([column])
    observe = window.observer(0).see
    for number in range(255):
        see(observe, np.array([float(number)]))
    assert window.rows == 0
    see(observe, np.array([7.0]))
    assert window.rows == 256
    see(observe, np.array([7.0]))
    assert sum(window.measured()[0].now) == 257, "whoever asks is told of the last ones, too"
    see(observe, np.arange(100_000.0))
    assert window.rows == 257 + 512


def test_what_is_looked_at_is_bounded_by_the_time_that_it_takes():
    window = window_of([of_numbers("x", np.arange(1000.0))], 1, 100_000)
    observe, table = window.observer(0).see, Table([Column(name="x", kind="number")], [np.arange(300.0)], 300)
    for _ in range(2000):
        observe(table, Answers({}))
    assert 300 <= window.rows < 2000 * 300 / 5, "requests that do nothing else are hardly looked at"


def test_what_cannot_be_counted_costs_no_answer():
    window = window_of([of_numbers("x", np.arange(9.0))])
    observe = window.observer(0).see
    see(observe, np.arange(300.0), name="another")
    assert window.rows == 0


def window_of(columns, workers=1, rows=5000):
    memory = memoryview(bytearray(Rolling.size(workers, Window.width(columns))))
    return Window(columns, 0.01, Rolling(memory, workers, Window.width(columns), rows))


def see(observe, values, name="x"):
    observe.__self__._skip = 0  # however slow the machine is
    observe(Table([Column(name=name, kind="number")], [values], len(values)), Answers({}))
