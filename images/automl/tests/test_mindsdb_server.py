"""A MindsDB server of one's own takes the trained model in, by the steps of the README, run as they stand."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest
import requests

from harness.places import Server, Training, free_port
from harness.samples import Sample

pytestmark = pytest.mark.only("inside", "container")
README = (Path(__file__).parents[1] / "README.md").read_text()
DEAD = "http://127.0.0.1:9"
"""A proxy where nobody listens: MindsDB asks GitHub for handlers when it starts, and fails at once."""


def section(title: str) -> list[str]:
    """What is set as code in a section of the README, block by block; a line that goes on is one."""
    text = re.split(r"^## ", README.split(f"## {title}\n")[1], flags=re.MULTILINE)[0]
    return [part.replace("\\\n", "") for part in re.findall(r"(?:^    .+\n)+", text, re.MULTILINE)]


COPY, QUERIES, TAKE_IN, MODELS = section("MindsDB")
*COPY_LINES, START = COPY.strip().splitlines()


class MindsDB:
    """Asks a server over HTTP."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False

    def is_up(self) -> bool:
        try:
            return self._session.get(f"{self._url}/api/util/ping", timeout=2).ok
        except requests.RequestException:
            return False

    def give(self, name: str, file: Path) -> None:
        reply = self._session.put(
            f"{self._url}/api/files/{name}", files={"file": (file.name, file.read_bytes())}, timeout=30
        )
        assert reply.ok, reply.text

    def ask(self, sql: str) -> pd.DataFrame:
        reply = self._session.post(f"{self._url}/api/sql/query", json={"query": sql}, timeout=60).json()
        assert reply["type"] in ("table", "ok"), f"{sql}: {reply}"
        return pd.DataFrame(reply.get("data", []), columns=reply.get("column_names"))

    def learns(self, sql: str) -> None:
        """Asks for a model, and waits until it is made."""
        (made,) = self.ask(sql).to_dict("records")
        name, version = made["NAME"], made["VERSION"]
        end = time.monotonic() + 60
        while True:
            found = self.ask(
                f"SELECT status, error FROM mindsdb.models WHERE name = '{name}' AND version = {version}"
            )
            (status, error) = found.iloc[0]
            if status == "complete":
                return
            assert status != "error", error
            assert time.monotonic() < end, f"{sql}: {status}"
            time.sleep(0.2)


@contextmanager
def started(training: Training, folder: Path, *lines: str) -> Iterator[MindsDB]:
    """The server that `lines` of the README start beside the model; folders and port are ours."""
    port = free_port()
    (folder / "config.json").write_text(json.dumps({"api": {"http": {"port": str(port)}}}))
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MINDSDB", "PYTHON")) and not name.lower().endswith("_proxy")
    }
    environ |= {
        "HTTPS_PROXY": DEAD,
        "MINDSDB_CONFIG_PATH": str(folder / "config.json"),
        "PATH": f"{Path(sys.executable).parent}:{environ['PATH']}",
    }
    script = "\n".join(["set -e", *lines]).replace("/var/lib/", f"{folder}/")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["bash", "-c", script],
            cwd=training.root,
            env=environ,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            server, end = MindsDB(f"http://127.0.0.1:{port}"), time.monotonic() + 90
            while not server.is_up():
                heard = (folder / "log").read_text()
                assert process.poll() is None, heard
                assert time.monotonic() < end, heard
                time.sleep(0.2)
            yield server
        finally:
            # Its children are in its group, and outlive a SIGTERM to it alone.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture(scope="module")
def bookings(sample: Sample) -> Path:
    return sample.folder / "train/bookings.csv"


@pytest.fixture(scope="module")
def direct(server: Server, bookings: Path) -> pd.DataFrame:
    """What the image answers to the rows."""
    reply = server.ask(bookings.read_bytes(), "text/csv", "application/json")
    return pd.DataFrame(reply.json["predictions"])


def assert_same(found: pd.DataFrame, direct: pd.DataFrame, rows: pd.DataFrame) -> None:
    assert found["booking"].tolist() == rows["booking"].tolist()
    assert found["outcome"].tolist() == direct["prediction"].tolist()
    assert found["confidence"].tolist() == direct["confidence"].tolist()


def statements(block: str) -> list[str]:
    return [one.strip() for one in block.split(";") if one.strip()]


def test_a_server_on_the_models_folder_answers_sql_as_the_image_does(
    trained: Training, direct: pd.DataFrame, bookings: Path, tmp_path: Path
) -> None:
    join, describe = statements(QUERIES)
    rows = pd.read_csv(bookings)
    with started(trained, tmp_path, *COPY_LINES, START) as server:
        server.give("bookings", bookings)
        joined, board = server.ask(join), server.ask(describe)
        whole = server.ask("SELECT m.* FROM files.bookings AS t JOIN mindsdb.model AS m")
    # `outcome` is a column of the rows as well; the model's comes last.
    joined = joined.loc[:, ~joined.columns.duplicated(keep="last")]
    assert_same(joined, direct, rows)
    assert [json.loads(row) for row in whole["probabilities"]] == direct["probabilities"].tolist()
    assert board["weight"].sum() == pytest.approx(1)


def test_a_server_with_a_storage_of_its_own_takes_the_model_in_and_learns(
    trained: Training, direct: pd.DataFrame, bookings: Path, tmp_path: Path
) -> None:
    take, learn, tune = statements(MODELS.replace("/var/lib/", f"{tmp_path}/"))
    rows = pd.read_csv(bookings)
    join = "SELECT t.booking, m.outcome, m.confidence FROM files.bookings AS t JOIN mindsdb.{} AS m"
    with started(trained, tmp_path, *TAKE_IN.splitlines(), START) as server:
        server.give("bookings", bookings)
        server.learns(take)
        assert_same(server.ask(join.format("model")), direct, rows)
        server.learns(learn)
        learnt = server.ask(join.format("learnt"))
        server.learns(tune)
        tuned = server.ask(join.format("learnt"))
    right = learnt["outcome"].to_numpy() == rows["outcome"].to_numpy()
    assert right.mean() > rows["outcome"].value_counts(normalize=True).max()
    assert tuned["confidence"].tolist() != learnt["confidence"].tolist()
