"""Several hosts read their own rows and share the backtests: the model is that of one host, to the digit."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from forecast.data import load, together
from forecast.data.layout import ReadSettings, Target
from forecast.data.roles import ColumnSettings
from forecast.panel.clean import Duplicates
from forecast.tests.conftest import FAST, Trained, monthly, months

from harness import hosts
from harness.samples import configure
from slipway import Channel, UserError
from slipway.image import Image
from slipway.paths import Paths
from slipway.training.config import Hosts
from slipway.training.hosts.partitions import Partitions
from slipway.training.hosts.shards import Shards
from slipway.training.inputs import Files
from slipway.training.job import Job

IMAGE = Image.read(Path(__file__).parents[1])
NAMES = ("item_id", "timestamp", "target")
Rows = list[tuple[Any, ...]]


def points(series: Mapping[str, Sequence[float]], year: int = 2018) -> Rows:
    return [
        (name, month, value)
        for name, values in series.items()
        for month, value in zip(months(len(values), year), values, strict=True)
    ]


SERIES = {f"item {number}": monthly(24 + number, 50.0 + number, number) for number in range(7)}
LONG = points(SERIES)
BY_TIME = sorted(LONG, key=lambda row: row[1])
UNSORTED = [*LONG[30:60], *LONG[:30], *reversed(LONG[60:])]
UNTIMED = [("unseen", "", 3.0), *LONG[:40], ("item 1", "", 5.0), *LONG[40:], ("item 0", "2018-03-01", 9.0)]
DATES = [
    (name, f"{int(month[5:7])}/{day}/{month[:4]}", value) for day in (1, 13) for name, month, value in LONG
]
CASES: dict[str, tuple[Sequence[str], Rows, Duplicates]] = {
    "one series after another": (NAMES, LONG, "mean"),
    "every series on every host": (NAMES, BY_TIME, "mean"),
    "unsorted": (NAMES, UNSORTED, "mean"),
    "rows without a time, and a step twice": (NAMES, UNTIMED, "last"),
    "sums of a step": (NAMES, LONG + LONG[::-1], "sum"),
    "the second host's dates tell the order": (NAMES, DATES, "mean"),
    "one series": (("timestamp", "target"), [row[1:] for row in LONG[:24]], "mean"),
    "covariates": (
        (*NAMES, "price", "promotion"),
        [(*row, place % 7, ("none", "tv", "flyer")[place % 3]) for place, row in enumerate(LONG)],
        "mean",
    ),
    "a column for each series": (
        ("timestamp", *SERIES),
        list(zip(months(24), *(values[:24] for values in SERIES.values()), strict=True)),
        "mean",
    ),
}


RELATED = [
    (name, month, place % 5, ("a", "b")[place // 3 % 2])
    for place, (name, month) in enumerate(
        (name, month) for month in months(40) for name in (*SERIES, "unknown")
    )
]


def csv(names: Sequence[str], rows: Rows) -> str:
    return "".join(",".join(map(str, row)) + "\n" for row in [tuple(names), *rows])


def in_files(names: Sequence[str], rows: Rows, count: int = 4) -> list[str]:
    bounds = np.linspace(0, len(rows), count + 1).astype(int).tolist()
    return [csv(names, rows[begin:end]) for begin, end in pairwise(bounds)]


def settings(names: Sequence[str], duplicates: Duplicates) -> ReadSettings:
    keys = ("item_id",) if "item_id" in names else ()
    return ReadSettings(ColumnSettings(item_id=keys), None, duplicates, "auto")


def read(folder: Path, files: Mapping[str, Sequence[str]], *given: Any) -> tuple[Target, Target]:
    """What one host reads of the files of each channel, and what three that have some of them each."""
    for name, contents in files.items():
        for number, content in enumerate(contents):
            for host in ("one", str(number % 3)):
                path = folder / host / name / f"{number}.csv"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content)
    alone, shared = settings(*given), settings(*given)
    channels = {name: Channel(name, folder / "one" / name) for name in files}
    expected = load.read_target(channels["train"], alone, channels.get("related"))
    sources = [{name: Files(folder / str(host) / name) for name in files} for host in range(3)]
    with hosts.together(sources) as cluster:
        channels = {
            name: Channel(name, folder, "", Shards(name, cluster), sharing=Partitions(cluster))
            for name in files
        }
        job = Job(IMAGE, Paths(folder), None, Hosts(cluster.hosts[0], cluster.hosts), cluster)
        found = together.read_target(channels["train"], shared, channels.get("related"), job)
        assert channels["train"].read_table is None, "the first host has read no more than a block"
    assert (shared.counts, shared.notes) == (alone.counts, alone.notes)
    return expected, found


def assert_same(found: Target, expected: Target) -> None:
    ours, theirs = found.panel, expected.panel
    assert (ours.timeline, ours.key_names, ours.keys) == (theirs.timeline, theirs.key_names, theirs.keys)
    for name in ("first", "ends", "values", "covariates", "covariate_ends"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), name)
    assert (found.roles, found.column_kinds) == (expected.roles, expected.column_kinds)


@pytest.mark.parametrize("case", CASES)
def test_three_hosts_read_the_series_of_one(case: str, tmp_path: Path) -> None:
    names, rows, duplicates = CASES[case]
    expected, found = read(tmp_path, {"train": in_files(names, rows)}, names, duplicates)
    assert len(expected.panel), case
    assert_same(found, expected)


@pytest.mark.parametrize("case", ["every series on every host", "one series"])
def test_related_rows_come_to_the_series_that_they_are_of(case: str, tmp_path: Path) -> None:
    names, rows, duplicates = CASES[case]
    related = (names[:-1], [row[-1 - len(names) :] for row in RELATED])
    if case == "one series":
        related = (("timestamp",), [row[1:] for row in RELATED if row[0] == "item 1"])
    files = {
        "train": in_files(names, rows),
        "related": in_files([*related[0], "price", "campaign"], related[1], 5),
    }
    expected, found = read(tmp_path, files, names, duplicates)
    assert found.panel.covariate_names == ("price", "campaign=a", "campaign=b")
    assert_same(found, expected)


def test_a_cell_that_is_no_number_is_told_by_its_row_among_those_of_all_hosts(tmp_path: Path) -> None:
    rows = [(*row[:2], "many" if place > 120 and place % 2 else row[2]) for place, row in enumerate(LONG)]
    for number, content in enumerate(in_files(NAMES, rows, 2)):
        for host in ("one", str(number)):
            (tmp_path / host).mkdir(exist_ok=True)
            (tmp_path / f"{host}/{number}.csv").write_text(content)
    with pytest.raises(UserError, match=r'^channel train: row 122, column "target".*"many"') as expected:
        load.read_target(Channel("train", tmp_path / "one"), settings(NAMES, "mean"), None)
    with hosts.together([{"train": Files(tmp_path / str(place))} for place in range(2)]) as cluster:
        channel = Channel("train", tmp_path, "", Shards("train", cluster), sharing=Partitions(cluster))
        job = Job(IMAGE, Paths(tmp_path), None, Hosts(cluster.hosts[0], cluster.hosts), cluster)
        with pytest.raises(UserError) as error:
            together.read_target(channel, settings(NAMES, "mean"), None, job)
    assert str(error.value) == str(expected.value)


WRITERS = {
    ".csv": lambda frame, path: frame.to_csv(path, index=False),
    ".jsonl": lambda frame, path: frame.to_json(path, orient="records", lines=True),
    ".parquet": lambda frame, path: frame.to_parquet(path),
}


@pytest.fixture(scope="module")
def alone(train: Trained) -> Path:
    """The model of one host."""
    job = train({"train": {"a.csv": csv(NAMES, LONG)}}, horizon=6)
    assert job.code == 0, job.log
    return job.root / "model"


def laid_out(folder: Path, rows: Rows, ending: str, sharded: bool, **given: Any) -> list[Path]:
    """The trees of two hosts: each has half of the rows, or where they are not sharded both have all."""
    frame = pd.DataFrame(rows, columns=NAMES)
    names = hosts.addresses(2)
    for place, name in enumerate(names):
        root = folder / name
        (root / "input/data/train").mkdir(parents=True)
        for number, half in enumerate((frame[: len(frame) // 2], frame[len(frame) // 2 :])):
            if not sharded or number == place:
                WRITERS[ending](half, root / f"input/data/train/{number}{ending}")
        configure(root, {**FAST, **given}, ["train"])
        hosts.configure(root, name, names, ["train"] if sharded else [])
    return [folder / name for name in names]


@pytest.mark.contract("A4.9", "A6.7")
@pytest.mark.parametrize(("ending", "sharded"), [(".parquet", True), (".jsonl", False)])
def test_two_hosts_make_the_model_of_one(ending: str, sharded: bool, alone: Path, tmp_path: Path) -> None:
    """Of CSV, whose shards every image's contract is tested with."""
    roots = laid_out(tmp_path, LONG, ending, sharded, horizon=6)
    with hosts.started(IMAGE.folder, roots) as started:
        done = [host.wait() for host in started]
    assert [one.code for one in done] == [0, 0], "\n".join(one.log for one in done)
    assert f"hosts that read: {', '.join(root.name for root in roots)}" in done[0].log
    assert not (roots[1] / "model").exists()
    model = roots[0] / "model"
    for name in ("forecast.json", "series.parquet", "points.parquet"):
        assert (model / name).read_bytes() == (alone / name).read_bytes(), name
    with np.load(model / "engine.npz") as ours, np.load(alone / "engine.npz") as theirs:
        assert sorted(ours) == sorted(theirs)
        for name in ours:
            np.testing.assert_array_equal(ours[name], theirs[name], name)


@pytest.mark.contract("A6.7")
def test_a_host_that_is_killed_ends_the_job_in_a_line_that_names_it(tmp_path: Path) -> None:
    """While it backtests its share; there is more to do than the test takes."""
    series = {f"item {number}": monthly(120, 50.0 + number, number) for number in range(60)}
    roots = laid_out(tmp_path, points(series), ".csv", True, backtest_windows=20)
    done = hosts.losing_one(IMAGE.folder, roots, "60 series of 7200 points")
    assert done.code == 255, done.log
    assert done.failure == f"PlatformError: host {roots[1].name} was lost"
