"""What the DataWig engine promises of odd tables, of time, and of the process that it runs in."""

import json
import logging
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from imputation.datawig.compat import mx
from imputation.datawig.engine import fit
from imputation.tests.products import NEW, TRAIN, products, same


def test_a_time_limit_or_a_signal_ends_the_training_with_a_model():
    begin = time.monotonic()
    column = fit(products(2000), ["name"], "kind", num_epochs=10_000, batch_size=16, time_limit_s=1.0)
    assert time.monotonic() - begin < 60
    assert column.predict(NEW).labels.shape == (40, 3)
    assert fit(TRAIN, ["name"], "kind", should_stop=lambda: True).predict(NEW).labels.shape == (40, 3)


@pytest.mark.parametrize("rows", [1, 2, 8, 12, 50])
def test_few_rows_are_enough(rows):
    column = fit(TRAIN.head(rows), ["name", "price"], "kind", num_epochs=5, hpo=2)
    assert np.allclose(column.predict(NEW, 99).probabilities.sum(axis=1), 1)
    assert len(fit(TRAIN.head(rows), ["name"], "price", num_epochs=5).predict(NEW).values) == 40


def test_every_label_once_and_one_label_only_are_fine():
    table = pd.DataFrame(
        {"name": [f"thing {i} of mine" for i in range(9)], "kind": [f"k{i}" for i in range(9)]}
    )
    assert len(fit(table, ["name"], "kind", num_epochs=2).labels) == 9
    assert (
        fit(TRAIN.assign(kind="one"), ["name"], "kind", num_epochs=2).predict(NEW).probabilities == 1
    ).all()


def test_no_rows_unseen_text_and_strange_text_are_answered(kind, price):
    assert kind.predict(NEW.head(0), explain=True).labels.shape == (0, 3)
    assert kind.predict(NEW.head(0), explain=True).explanations == []
    assert len(price.predict(NEW.head(0)).values) == 0
    odd = NEW.head(4).assign(name=["", "Ωμέγα 東京", "\ud800 \x00", "x" * 100_000])
    assert np.isfinite(kind.predict(odd).probabilities).all()


@pytest.mark.parametrize(
    ("table", "features", "label", "text"),
    [
        (
            TRAIN.assign(kind=None),
            ["name"],
            "kind",
            "label_column 'kind' has no value in any of the 60 rows.",
        ),
        (TRAIN.head(0), ["name"], "kind", "no value in any of the 0 rows"),
        (TRAIN, ["name", "size"], "kind", r"The columns \['size'\] are not in the training data"),
        (TRAIN, ["name", "kind"], "kind", "must name columns other than 'kind'"),
        (TRAIN, [], "kind", "must name columns other than"),
        (TRAIN.assign(name=None), ["name"], "kind", "there is nothing to learn from"),
    ],
)
def test_a_mistake_is_told_in_one_line(table, features, label, text):
    with pytest.raises(ValueError, match=text) as told:
        fit(table, features, label)
    assert "\n" not in str(told.value)


def test_a_missing_column_is_named_when_asked(kind):
    with pytest.raises(ValueError, match=r"The columns \['price'\] are missing"):
        kind.predict(NEW[["name", "color"]])


def test_labels_and_text_of_any_dtype_are_read_alike(kind):
    for dtype in ("string", "category"):
        other = fit(
            TRAIN.astype({"name": dtype, "color": dtype, "kind": dtype}),
            ["name", "color", "price"],
            "kind",
            num_epochs=30,
        )
        assert same(kind.predict(NEW), other.predict(NEW.astype({"name": dtype})))
    assert fit(TRAIN.assign(new=TRAIN["kind"] == "lamp"), ["name"], "new", num_epochs=2).labels is not None
    assert fit(TRAIN.astype({"price": "Float64"}), ["name"], "price", num_epochs=2).labels is None


def test_explanations_tell_of_the_row_only(kind):
    for row, told in enumerate(kind.predict(NEW, explain=True).explanations):
        text = f"{NEW['name'][row]} {NEW['color'][row]}".lower()
        assert set(told) == {"explained_label", "tokens", "words", "chars"}
        assert len(told["tokens"]) <= 3
        assert all(term in text for term, _ in told["chars"])
        assert all(word in text for term, _ in told["words"] for word in term.split())


def test_answers_do_not_change_the_table_and_are_alike_in_threads(kind):
    before, expected, wrong = NEW.copy(), kind.predict(NEW, explain=True), []
    threads = [
        threading.Thread(target=lambda: wrong.append(not same(kind.predict(NEW, explain=True), expected)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pd.testing.assert_frame_equal(NEW, before)
    assert wrong == [False] * 8


def test_fits_in_threads_take_turns_and_agree(kind):
    found = []
    threads = [
        threading.Thread(
            target=lambda: found.append(fit(TRAIN, ["name", "color", "price"], "kind", num_epochs=30))
        )
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(same(column.predict(NEW), kind.predict(NEW)) for column in found)
    assert len(found) == 3


def test_root_logger_random_numbers_numpy_and_pandas_are_left_alone(caplog, capfd):
    random.seed(3)
    np.random.seed(3)
    handlers, level, state = list(logging.getLogger().handlers), logging.getLogger().level, random.getstate()
    draw = np.random.get_state()[1].copy()
    fit(TRAIN, ["name"], "kind", num_epochs=2, hpo=True)
    assert (logging.getLogger().handlers, logging.getLogger().level) == (handlers, level)
    assert random.getstate() == state
    assert np.array_equal(np.random.get_state()[1], draw)
    assert not hasattr(np, "PINF")
    assert not hasattr(pd.Series, "iteritems")
    assert "distutils.version" not in sys.modules
    heard = caplog.text + "".join(capfd.readouterr())
    assert heard == "", "nothing of the payload, nor anything else"


def test_importing_disturbs_nothing():
    program = """
import logging, random, sys, os, numpy as np
random.seed(1); np.random.seed(1)
state, draw = random.getstate(), np.random.get_state()[1].copy()
threads = os.environ.get("OMP_NUM_THREADS")
import imputation.datawig.engine
assert random.getstate() == state and (np.random.get_state()[1] == draw).all()
assert logging.getLogger().handlers == [] and logging.getLogger().level == logging.WARNING
assert os.environ.get("OMP_NUM_THREADS") == threads and logging.getLogger("x").name == "x"
"""
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert (run.returncode, run.stderr) == (0, "")


@pytest.fixture
def open_folder():
    """A folder that any user may enter; pytest closes its own whenever it starts."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_serving_reads_a_read_only_folder_as_any_user_and_without_mxnet(kind, open_folder):
    kind.save(open_folder / "model")
    expected = kind.predict(NEW.head(3)).probabilities.tolist()
    NEW.head(3).to_csv(open_folder / "rows.csv", index=False)
    for file in (open_folder / "model").iterdir():
        file.chmod(0o444)
    (open_folder / "model").chmod(0o555)
    program = """
import json, os, sys, socket
from pathlib import Path
folder = Path(sys.argv[1])
import pandas as pd
import sklearn.feature_extraction.text
from imputation.datawig.column import DataWigColumn
"".encode("cp437")  # codecs of zip files: this interpreter's folder may be root's own
if os.getuid() == 0:
    os.setgid(12345), os.setuid(12345)
socket.socket = None  # offline
column = DataWigColumn.load(folder / "model")
rows = pd.read_csv(folder / "rows.csv")
pid = os.fork()
os.write(1, (json.dumps(column.predict(rows).probabilities.tolist()) + "\\n").encode())
assert not {"mxnet", "datawig"} & set(sys.modules)
if pid:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
    run = subprocess.run(
        [sys.executable, "-c", program, open_folder],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    (open_folder / "model").chmod(0o755)
    assert run.returncode == 0, run.stderr
    assert [json.loads(line) for line in run.stdout.splitlines()] == [expected, expected]


def test_a_child_answers_and_fits_after_a_fit_in_its_parent(kind):
    expected = kind.predict(NEW).probabilities
    pid = os.fork()
    if pid == 0:
        again = fit(TRAIN, ["name", "color", "price"], "kind", num_epochs=30).predict(NEW).probabilities
        os._exit(
            0
            if np.array_equal(kind.predict(NEW).probabilities, expected) and np.array_equal(again, expected)
            else 1
        )
    deadline = time.monotonic() + 120
    while (done := os.waitpid(pid, os.WNOHANG)) == (0, 0) and time.monotonic() < deadline:
        time.sleep(0.05)
    if done == (0, 0):
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        pytest.fail("the child hangs")
    assert os.waitstatus_to_exitcode(done[1]) == 0


def test_sparse_batches_stay_sparse_where_mxnet_alone_makes_them_dense(monkeypatch):
    """Dense ones took five times the CPU at 800 rows of 4,000 terms, and more the more rows there are."""
    assert isinstance(_batch(), mx.nd.sparse.CSRNDArray)
    monkeypatch.setattr(
        mx.io.io,
        "_slice_along_batch_axis",
        lambda data, rows, axis: data.slice_axis(axis=axis, begin=rows.start, end=rows.stop),
    )
    assert not isinstance(_batch(), mx.nd.sparse.CSRNDArray)


def _batch() -> object:
    data = mx.nd.sparse.csr_matrix((np.ones(4), np.arange(4), np.arange(5)), shape=(4, 4))
    return next(mx.io.NDArrayIter({"x": data}, batch_size=2, last_batch_handle="discard")).data[0]
