"""Several hosts share the columns: the imputer is that of one host."""

import json
from collections.abc import Iterator
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
    """All that is saved of an imputer, but how long its columns took."""
    imputer.save(folder)
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


def test_a_job_that_is_stopped_or_late_gives_the_rest_their_defaults(
    gappy: pd.DataFrame, tmp_path: Path, cluster: Cluster
) -> None:
    """And one that is started again learns no column twice."""
    table = tabled(gappy)
    (tmp_path / "checkpoints").mkdir()
    job = job_of(tmp_path, cluster)
    late = fitting.fit(table, NAMES, tasks.FitSettings(preset="fast", time_limit_s=0.0), job=job)
    assert [late.quality[name]["weights"] for name in NAMES] == [{}] * len(NAMES)
    done: list[str] = []
    stopped = fitting.fit(
        table,
        NAMES,
        FAST,
        lambda name, *_: done.append(name),
        lambda: len(done) > 0,
        ColumnCheckpoint(job, table),
        job,
    )
    assert [bool(stopped.quality[name]["weights"]) for name in NAMES] == [True, False]
