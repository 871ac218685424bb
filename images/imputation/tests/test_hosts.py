"""Several hosts share the columns: the imputer is that of one host."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from imputation import fitting, tasks
from imputation.checkpoint import ColumnCheckpoint
from imputation.imputer import Imputer
from imputation.models import all_columns
from imputation.tests.test_frames import tabled

from harness import hosts
from slipway import Job
from slipway.image import Image
from slipway.paths import Paths
from slipway.training.config import Hosts
from slipway.training.hosts.cluster import Cluster
from slipway.training.inputs import Files

IMAGE = Image.read(Path(__file__).parents[1])
NAMES = ["price", "kind"]
FAST = tasks.FitSettings(preset="fast")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two hosts."""
    folder = tmp_path_factory.mktemp("hosts")
    with hosts.together([{"train": Files(folder / str(place))} for place in range(2)]) as found:
        yield found


def job_of(folder: Path, cluster: Cluster) -> Job:
    return Job(IMAGE, Paths(folder), None, Hosts(cluster.hosts[0], cluster.hosts), cluster)


def content(imputer: Imputer, folder: Path) -> dict[str, object]:
    imputer.save(folder)
    return saved(folder)


def saved(folder: Path) -> dict[str, object]:
    """All that is saved of an imputer, but how long its columns took."""
    found: dict[str, object] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = str(path.relative_to(folder))
        if path.suffix == ".npz":
            with np.load(path) as arrays:
                found[name] = {key: arrays[key].tobytes() for key in arrays}
        elif path.suffix == ".json":
            found[name] = untimed(json.loads(path.read_text()))
        else:
            found[name] = path.read_bytes()
    return found


def untimed(value: object) -> object:
    if isinstance(value, dict):
        return {key: untimed(one) for key, one in value.items() if key != "seconds"}
    return [untimed(one) for one in value] if isinstance(value, list) else value


@pytest.mark.contract("A6.7")
def test_the_columns_of_two_hosts_are_those_of_one(
    gappy: pd.DataFrame, tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, told = tabled(gappy), []
    alone = fitting.fit(table, NAMES, FAST)
    job = job_of(tmp_path, cluster)
    with monkeypatch.context() as here:
        here.setattr(all_columns, "fit_column", None)  # in this process, where no column is to be learnt
        both = fitting.fit(table, NAMES, FAST, lambda name, *_: told.append(name), job=job)
    assert told == NAMES
    assert content(both, tmp_path / "two") == content(alone, tmp_path / "one")


def test_a_job_that_is_late_gives_columns_their_defaults(
    gappy: pd.DataFrame, tmp_path: Path, cluster: Cluster
) -> None:
    late = tasks.FitSettings(preset="fast", time_limit_s=0.0)
    found = fitting.fit(tabled(gappy), NAMES, late, job=job_of(tmp_path, cluster))
    assert [found.quality[name]["weights"] for name in NAMES] == [{}] * len(NAMES)


@pytest.mark.contract("A9.1")
def test_a_job_that_is_stopped_goes_on_with_the_columns_that_were_not_reached(
    gappy: pd.DataFrame,
    tmp_path: Path,
    cluster: Cluster,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    table, done = tabled(gappy), []
    (tmp_path / "checkpoints").mkdir()
    job = job_of(tmp_path, cluster)
    checkpoint = ColumnCheckpoint(job, table)
    with monkeypatch.context() as stopping:
        stopping.setattr(Job, "should_stop", lambda self: bool(done))
        stopped = fitting.fit(
            table, NAMES, FAST, lambda name, *_: done.append(name), job.should_stop, checkpoint, job
        )
    assert [bool(stopped.quality[name]["weights"]) for name in NAMES] == [True, False]
    again = fitting.fit(table, NAMES, FAST, checkpoint=checkpoint, job=job)
    assert capsys.readouterr().err.rstrip().endswith(": 1"), "one column was learnt before"
    assert content(again, tmp_path / "again") == content(fitting.fit(table, NAMES, FAST), tmp_path / "one")


def laid_out(
    folder: Path, names: Sequence[str], frame: pd.DataFrame, ending: str, sharded: bool, **given: str
) -> list[Path]:
    params = {"columns": json.dumps(NAMES), "preset": "fast", **given}
    return hosts.laid_out(folder, names, frame, ending, sharded, params)


@pytest.mark.contract("A4.9", "A6.7")
@pytest.mark.parametrize(("ending", "sharded"), [(".parquet", True), (".jsonl", False)])
def test_two_hosts_make_the_model_of_one(
    ending: str, sharded: bool, gappy: pd.DataFrame, tmp_path: Path
) -> None:
    """Of CSV, whose shards every image's contract is tested with."""
    alone = laid_out(tmp_path / "alone", hosts.addresses(1), gappy, ending, False)
    roots = laid_out(tmp_path / "two", hosts.addresses(2), gappy, ending, sharded)
    with hosts.started(IMAGE.folder, [*alone, *roots]) as started:
        done = [host.wait() for host in started]
    assert [one.code for one in done] == [0, 0, 0], "\n".join(one.log for one in done)
    assert f"hosts that train: {', '.join(root.name for root in roots)}; " in done[1].log
    assert not (roots[1] / "model").exists()
    assert saved(roots[0] / "model/imputer") == saved(alone[0] / "model/imputer") != {}


@pytest.mark.contract("A6.7")
def test_a_host_that_is_killed_ends_the_job_in_a_line_that_names_it(
    whole: pd.DataFrame, tmp_path: Path
) -> None:
    """While it learns its share; there is more to do than the test takes."""
    frame = pd.concat([whole] * 10)
    roots = laid_out(tmp_path, hosts.addresses(2), frame, ".parquet", True, columns='["*"]', preset="best")
    done = hosts.losing_one(IMAGE.folder, roots, "hosts that train: ")
    assert done.code == 255, done.log
    assert done.failure == f"PlatformError: host {roots[1].name} was lost"
