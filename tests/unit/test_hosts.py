"""Several hosts: what is sharded over them comes together, and all end together."""

import gzip
import io
import json
import mmap
import os
import signal
import socket
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

import numpy as np
import pandas as pd
import pytest

from harness import hosts as harness
from harness import pipe
from slipway import Channel, Table, machine
from slipway.errors import PlatformError, UserError
from slipway.formats import base, csv, recordio
from slipway.manifest import Manifest
from slipway.training import config
from slipway.training.hosts import cluster as clusters
from slipway.training.hosts import follower, pool, shards, stall, standby, waiting, watch
from slipway.training.hosts.cluster import Cluster
from slipway.training.hosts.local import Local
from slipway.training.hosts.partitions import Partitions
from slipway.training.hosts.shard import Shard
from slipway.training.inputs import Fifos, Files
from unit.tables import rows_of


def packed(table: dict[str, list[int]]) -> bytes:
    buffer = io.BytesIO()
    pd.DataFrame(table).to_parquet(buffer)
    return buffer.getvalue()


def together(sources: list[Files | Fifos]) -> AbstractContextManager[Cluster]:
    """A cluster in this process, of a host a source of the train channel."""
    return harness.together([{"train": source} for source in sources])


def test_a_host_that_waits_is_hardly_ever_woken(tmp_path: Path) -> None:
    """Each time costs CPU, of which a host that trains has no more than it needs."""
    with together([Files(tmp_path), Files(tmp_path)]) as cluster:
        every_ms = cluster._client.run(
            lambda dask_worker: [one.callback_time for one in dask_worker.periodic_callbacks.values()]
        )
    assert len(every_ms) == 2
    assert min(min(host) for host in every_ms.values()) >= 250


SPREAD: dict[str, list[dict[str, bytes]]] = {
    "one host has nothing": [{"a.csv": b"x,y\n1,2\n3,4\n"}, {}, {"b.csv": b"x,y\n5,6\n"}],
    "the leader has nothing": [{}, {"a.csv": b"x,y\n1,2\n3,4\n", "b.csv": b"5,6\n"}, {}],
    "one host has a header and nothing below it": [
        {"a.csv": b"x,y\n1,2\n3,4\n"},
        {"b.csv": b"x,y\n"},
        {"c.csv": b"x,y\n5,6\n"},
    ],
    "another host has the first file": [
        {"b/b.csv.gz": gzip.compress(b"5,6\n")},
        {"a.csv": b"x,y\n1,2\n3,4\n", "_SUCCESS": b"x"},
        {"c": b""},
    ],
    "formats that are read in other orders": [
        {"a.parquet": packed({"x": [1], "y": [2]})},
        {"b.parquet": packed({"y": [4], "x": [3]})},
        {"c.jsonl": b'{"y": 6, "x": 5}\n'},
    ],
}


@pytest.mark.parametrize("case", SPREAD)
@pytest.mark.contract("A4.9")
def test_a_sharded_channel_is_the_table_that_one_host_would_have(tmp_path: Path, case: str) -> None:
    """Also where a host has nothing."""
    folders = [tmp_path / f"host{place}" for place in range(3)]
    whole = tmp_path / "whole"
    for folder, held in zip(folders, SPREAD[case], strict=True):
        for name, content in held.items():
            for place in (folder, whole):
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                (place / name).write_bytes(content)
    expected = Channel("train", whole)
    with together([Files(folder) for folder in folders]) as cluster:
        inputs = shards.Shards("train", cluster)
        channel = Channel("train", folders[0], "", inputs)
        assert channel.table.columns == expected.table.columns
        assert rows_of(channel.table) == rows_of(expected.table) == [[1, 2], [3, 4], [5, 6]]
        assert channel.kinds == expected.kinds
        assert channel.size_bytes == expected.size_bytes
        assert channel.fits_memory
        lying = cluster.results(
            Channel("train", folders[0], "", inputs, sharing=Partitions(cluster)).partitions()
        )
        pieces = list(Channel("train", folders[0], "", inputs).batches())
        assert [row for piece in pieces for row in rows_of(piece)] == rows_of(expected.table)
        assert len(lying) == sum(
            any(name[0] in "abc" and body not in (b"", b"x,y\n") for name, body in files.items())
            for files in SPREAD[case]
        ), "hosts without rows are dropped"
        assert sorted(row for part in lying for row in rows_of(part)) == rows_of(expected.table)
        assert all(part.columns == expected.table.columns for part in lying)


def test_a_file_that_does_not_fit_is_named_wherever_it_is(tmp_path: Path) -> None:
    for place, content in enumerate(["x,y\n1,2\n", "x,y\n1\n"]):
        (tmp_path / str(place)).mkdir()
        (tmp_path / str(place) / f"{place}.csv").write_text(content)
    with together([Files(tmp_path / "0"), Files(tmp_path / "1")]) as cluster:
        channel = Channel("train", tmp_path, "", shards.Shards("train", cluster))
        with pytest.raises(UserError, match=r"^file 1.csv: line 2: 1 cell, expected 2"):
            _ = channel.table
        (tmp_path / "1/1.csv").unlink()
        with pytest.raises(FileNotFoundError, match=r"1\.csv"):
            _ = channel.table


def test_a_channel_that_is_empty_on_every_host_says_so(tmp_path: Path) -> None:
    with (
        together([Files(tmp_path / "0"), Files(tmp_path / "1")]) as cluster,
        pytest.raises(UserError, match="channel train has no data files"),
    ):
        Channel("train", tmp_path, "", shards.Shards("train", cluster))


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.contract("A4.9", "A5.4")
def test_a_sharded_pipe_is_read_on_every_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrapped: bool
) -> None:
    """Each host opens its own FIFOs; one of them ends at once."""
    opened: list[IO[bytes]] = []
    plain = Fifos.open
    monkeypatch.setattr(Fifos, "open", lambda self, epoch: opened.append(plain(self, epoch)) or opened[-1])
    monkeypatch.setattr(csv, "line_blocks", partial(base.line_blocks, size=1 << 18))
    objects = [b"x,y\n" + b"1,2\n" * 500_000, b"", b"x,y\n3,4\n5,6\n"]
    with ExitStack() as stack:
        for place, one in enumerate(objects):
            (tmp_path / str(place)).mkdir()
            sent = [recordio.frame(one)] if wrapped and one else [one]
            stack.enter_context(pipe.piped(tmp_path / str(place) / "train", *sent, late=0.1))
        sources = [Fifos(tmp_path / str(place) / "train") for place in range(3)]
        cluster = stack.enter_context(together([sources[1], sources[0], sources[2]]))
        inputs = shards.Pipes("train", tmp_path / "train", wrapped, cluster)
        channel = Channel("train", tmp_path, "text/csv", inputs)
        for _ in range(2):
            found = [cell for table in channel.batches() for cell in table.column("x").tolist()]
            assert (len(found), found[-2:]) == (500_002, [3, 5])
        assert next(channel.batches()).column("x").tolist()[:1] == [1], "an epoch may be closed early"
        assert all(stream.closed for stream in opened), "and is closed on its host"
        assert sum(map(len, channel.batches())) == 500_002


FILES = {
    "numbers and whole numbers": (b"x,y\n1,2\n3,4\n", b"5.5,6\n"),
    "gaps alone on one host": (b"x,y\n1,\n3,\n", b"5,6\n"),
    "texts on one host, 1.50 on another": (b"x,y\n1.50,2\n", b"red,4\nblue,5\ngreen,6\n"),
    "dates": (b"x,y\n2024-01-31,1\n", b"2024-02-01,2\n"),
    "12 and 12.0": (b"x,y\na,1\n12,2\n", b"b,3\n12.0,4\n"),
    "true and yes": (b"x,y\ntrue,1\nfalse,2\n", b"7,3\n"),
}


@pytest.mark.parametrize("case", FILES)
@pytest.mark.parametrize("sharded", [True, False])
def test_partitions_hold_what_one_table_of_all_rows_does(tmp_path: Path, case: str, sharded: bool) -> None:
    """Sharded, each host has one of the files; else both have both, and each reads one of them."""
    whole, folders = tmp_path / "whole", [tmp_path / "0", tmp_path / "1"]
    for place, content in enumerate(FILES[case]):
        for folder in [whole, *(one for at, one in enumerate(folders) if not sharded or at == place)]:
            folder.mkdir(exist_ok=True)
            (folder / f"{place}.csv").write_bytes(content)
    expected = Channel("train", whole).table
    with together([Files(folder) for folder in folders]) as cluster:
        inputs = shards.Shards("train", cluster) if sharded else None
        channel = Channel("train", folders[0], "", inputs, sharing=Partitions(cluster))
        parts = cluster.results(channel.partitions())
        assert channel.columns == parts[0].columns == parts[1].columns
        assert channel.read_table is None, "the leader has read no more than the first block"
    assert sorted(row for part in parts for row in rows_of(part)) == sorted(rows_of(expected))
    assert [one.kind for one in channel.columns] == [one.kind for one in expected.columns]
    assert [one.range for one in channel.columns] == [one.range for one in expected.columns]


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet", "rows.jsonl"])
def test_a_file_that_all_hosts_have_is_read_in_parts(tmp_path: Path, name: str) -> None:
    table = {"x": list(range(101)), "y": list(range(101, 202))}
    frame = pd.DataFrame(table)
    content = {
        "rows.csv": frame.to_csv(index=False).encode(),
        "rows.parquet": packed(table),
        "rows.jsonl": frame.to_json(orient="records", lines=True).encode(),
    }[name]
    for place in range(3):
        (tmp_path / str(place)).mkdir()
        (tmp_path / str(place) / name).write_bytes(content)
    with together([Files(tmp_path / str(place)) for place in range(3)]) as cluster:
        channel = Channel("train", tmp_path / "0", sharing=Partitions(cluster))
        parts = cluster.results(channel.partitions())
    assert [len(part) for part in parts] == [33, 34, 34]
    assert [row for part in parts for row in rows_of(part)] == frame.to_numpy().tolist()


@pytest.mark.parametrize("sharded", [True, False])
def test_rows_are_numbered_as_in_the_table_of_one_host(tmp_path: Path, sharded: bool) -> None:
    """Sharded, the hosts' files alternate by name; else all have one file, of which each reads rows."""
    files = {f"{place}/rows.csv": [f"1{place}{row}" for row in range(place + 1)] for place in range(4)}
    if not sharded:
        files = {"rows.csv": [str(row) for row in range(100)]}
    for host in range(2):
        for place, (name, rows) in enumerate(files.items()):
            if not sharded or place % 2 == host:
                path = tmp_path / str(host) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("x\n" + "".join(f"{row}\n" for row in rows))
    expected = [int(row) for rows in files.values() for row in rows]
    with together([Files(tmp_path / "0"), Files(tmp_path / "1")]) as cluster:
        inputs = shards.Shards("train", cluster) if sharded else None
        channel = Channel("train", tmp_path / "0", "", inputs, sharing=Partitions(cluster))
        parts = cluster.results(channel.partitions(numbered=True))
    assert len(parts) == 2
    found = {
        place: cell for table, places in parts for place, cell in zip(places, table.column("x"), strict=True)
    }
    assert [found[place] for place in range(len(expected))] == expected
    (tmp_path / "one").mkdir()
    (tmp_path / "one/a.csv").write_text("x\n1\n2\n")
    ((table, places),) = Channel("train", tmp_path / "one").partitions(numbered=True)
    assert (len(table), places.tolist()) == (2, [0, 1])


def test_hosts_exchange_what_falls_to_others(tmp_path: Path) -> None:
    for place in range(2):
        (tmp_path / str(place)).mkdir()
        (tmp_path / str(place) / f"{place}.csv").write_text(f"x\n{place + 1}\n")
    with together([Files(tmp_path / "0"), Files(tmp_path / "1")]) as cluster:
        channel = Channel("train", tmp_path, "", shards.Shards("train", cluster), sharing=Partitions(cluster))
        shares = cluster.keep(named_shares, channel.partitions(), count=2)
        kept = cluster.exchange(shares)
        assert [one.host for one in kept] == list(cluster.hosts)
        assert cluster.results(kept) == [["1 for 0", "2 for 0"], ["1 for 1", "2 for 1"]]
        assert list(cluster.map(len, cluster.pairs(kept, kept))) == [2, 2]
    local = Local()
    assert local.exchange([["a"], ["b"]]) == [["a", "b"]]
    assert local.pairs([1], [2]) == [(1, 2)]


def named_shares(table: Table, count: int) -> list[str]:
    return [f"{table.column('x')[0]} for {place}" for place in range(count)]


def test_a_cell_that_is_none_of_its_columns_is_told_with_its_file(tmp_path: Path) -> None:
    rows = "".join(f"{number},1\n" for number in range(300))
    for place, content in enumerate([rows, f"{rows}many,1\n"]):
        (tmp_path / str(place)).mkdir()
        (tmp_path / str(place) / f"{place}.csv").write_text(f"x,y\n{content}")
    with together([Files(tmp_path / "0"), Files(tmp_path / "1")]) as cluster:
        channel = Channel("train", tmp_path, "", shards.Shards("train", cluster), sharing=Partitions(cluster))
        parts = cluster.keep(first_numbers, channel.partitions(), name="y")
        assert cluster.results(parts) == [1, 1], "no fault while nobody asks for it"
        with pytest.raises(UserError, match=r'channel train, file 1\.csv: row 301, column "x": .*"many"'):
            list(cluster.map(first_numbers, channel.partitions(), name="x"))


def first_numbers(table: Table, name: str) -> float:
    return float(table.number(name)[0])


def test_the_partition_of_one_host_is_its_table(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n")
    channel = Channel("train", tmp_path)
    assert channel.partitions() == [channel.table]
    assert list(Local().map(first_numbers, channel.partitions(), name="x")) == [1]


def slow_square(number: int, late: float, power: int = 2) -> int:
    time.sleep(late if number % 3 else 0)
    return number**power


@pytest.mark.parametrize("cpus", [1, 3])
def test_a_map_on_one_host_gives_its_results_in_order(monkeypatch: pytest.MonkeyPatch, cpus: int) -> None:
    """Also of items that are made while they are asked for, of which but a few are ahead."""
    monkeypatch.setattr(machine, "cpus", lambda: cpus)
    made: list[int] = []
    found = Local().map(slow_square, (made.append(one) or one for one in range(30)), late=0.01)
    for place, one in enumerate(found):
        assert one == place**2
        assert len(made) <= place + 1 + 2 * cpus
    assert list(Local().map(slow_square, [3, 4], late=0, power=3)) == [27, 64]
    stops = iter([False, False, True])
    assert list(Local().map(slow_square, range(9), late=0.0, stop=lambda: next(stops))) == [0, 1]


def test_work_that_is_asked_for_is_done_in_turn_on_one_host() -> None:
    items, done = [2, 3], []

    def ask() -> int | None:
        return items.pop(0) if items else None

    for item, found in Local().dispatch(slow_square, ask, late=0.0):
        done.append((item, found))
        if item == 3:
            items.append(5)
    assert done == [(2, 4), (3, 9), (5, 25)], "what came up on the way is done, too"
    assert list(Local().dispatch(slow_square, lambda: 1, late=0.0, stop=lambda: True)) == []


def test_work_that_is_asked_for_goes_to_the_hosts_that_are_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "cpus", lambda: 2)
    under_way: set[int] = set()
    most, items = 0, [6, 1, 2, 3, 4, 5]

    def ask() -> int | None:
        nonlocal most
        if not items:
            return None
        item = items.pop(0)
        under_way.add(item)
        most = max(most, len(under_way))
        return item

    with together([Files(tmp_path / "0"), Files(tmp_path / "1")]) as cluster:
        done: list[int] = []
        for item, found in cluster.dispatch(waiting_square, ask, cores=2, folder=tmp_path):
            under_way.remove(item)
            assert found == item**2
            done.append(item)
            if item == 6:
                items.append(7)
        assert most == 2, "one for two cores of each host"
        assert sorted(done) == list(range(1, 8))
        assert done.index(4) < done.index(6), "one that takes long holds up no others"
        assert done.index(6) < done.index(7), "which it brought"
        assert list(cluster.dispatch(slow_square, lambda: None, late=0.0)) == []
        with pytest.raises(UserError, match="no, not 3"):
            list(cluster.dispatch(refuse, lambda: 3, cores=2))
        with pytest.raises(PlatformError, match="was killed"):
            list(cluster.dispatch(killing, lambda: 1, cores=2))
        begun = tmp_path / "another"
        begun.mkdir()
        assert not list(
            cluster.dispatch(waiting_square, lambda: 6, 2, stop=(begun / "6").exists, folder=begun)
        ), "what takes longer is not waited for"
        until = time.monotonic() + 20
        while pool._busy and time.monotonic() < until:
            time.sleep(0.05)
        left = len(pool._busy)
        (begun / "5").touch()
        assert not left, "but given up"
        assert list(cluster.map(slow_square, [3], late=0.0)) == [9], "by new processes"


def waiting_square(number: int, folder: Path) -> int:
    """That of 6 waits until another host has made all before."""
    (folder / str(number)).touch()
    while number == 6 and not (folder / "5").exists():
        time.sleep(0.01)
    return number**2


def test_a_map_over_hosts_is_that_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "cpus", lambda: 1)
    made: list[int] = []
    with together([Files(tmp_path / "0"), Files(tmp_path / "1")]) as cluster:
        items = (made.append(one) or one for one in range(20))
        for place, one in enumerate(cluster.map(slow_square, items, "numbers", late=0.01)):
            assert one == place**2
            assert len(made) <= place + 1 + 2 * 2
        assert list(cluster.map(slow_square, [], late=0.0)) == []
        with pytest.raises(UserError, match="no, not 3"):
            list(cluster.map(refuse, range(6)))
        assert list(cluster.map(slow_square, [5], late=0.0)) == [25], "and goes on working"
        assert list(cluster.map(slow_square, [5], late=0.0, stop=lambda: True)) == []
        for late in (0.0, 20.0):
            seen: list[int] = []
            for one in cluster.map(slow_square, [3, 4, 6], late=late, stop=lambda seen=seen: bool(seen)):
                seen.append(one)
            assert seen == [9], f"what takes {late} s is not waited for"


def test_processes_share_the_arrays_that_a_map_is_given_and_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What they imported they need not import again."""
    monkeypatch.setattr(machine, "cpus", lambda: 1)
    array = np.arange(100_000.0)
    with together([Files(tmp_path / "0")]) as cluster:
        first = list(cluster.map(changed, range(4), array=array))
        second = list(cluster.map(changed, range(4), array=array + 1))
        assert {process for process, _, _ in second} == {process for process, _, _ in first}
    assert [last for _, last, _ in first] == [99_999.0] * 4
    assert [last for _, last, _ in second] == [100_000.0] * 4
    assert all(mapped for _, _, mapped in first)
    assert not list(Path(tempfile.gettempdir()).glob(f"slipway-{os.getpid()}-*")), "no file is left"


def changed(number: int, array: np.ndarray) -> tuple[int, float, bool]:
    """The process, the array's last number, and whether the array lies in a file."""
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    last = float(array[-1])
    array[0] = -1
    return os.getpid(), last, isinstance(base.obj, mmap.mmap)


def test_work_that_is_lost_between_hosts_ends_the_job_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the leader would wait for ever, as all hosts are well."""
    monkeypatch.setattr(stall, "SILENT_S", 2)
    with together([Files(tmp_path / "0"), Files(tmp_path / "1")]) as cluster:
        host, send = cluster.hosts[1], cluster._scheduler.send_all
        monkeypatch.setattr(
            cluster._scheduler, "send_all", lambda client_msgs, worker_msgs: send(client_msgs, {})
        )
        with pytest.raises(PlatformError, match=f"^host {host} had work, and did none of it for 2 s"):
            cluster.results([cluster.submit(host, Shard.sizes, "train")])


def test_hosts_that_work_or_send_have_not_lost_anything() -> None:
    busy = SimpleNamespace(name="a", executing={"one": 1.0}, processing=("one",), metrics={})
    sending = SimpleNamespace(
        name="b", executing={}, processing=(), metrics={"transfer": {"outgoing_count": 1}}
    )
    owing = SimpleNamespace(name="c", executing={}, processing=("one",), metrics={})
    for worker in (busy, sending):
        looks = stall.Stall(lambda worker=worker: [worker, owing])
        for _ in range(2 * watch.SILENT_S):
            looks.look()
    looks = stall.Stall(lambda: [SimpleNamespace(**{**vars(busy), "executing": {}, "processing": ()}), owing])
    for _ in range(watch.SILENT_S - 1):
        looks.look()
    with pytest.raises(PlatformError, match=r"^host c had work"):
        looks.look()


def test_what_cannot_be_sent_between_processes_is_an_error(tmp_path: Path) -> None:
    """And the next item is done as ever."""
    with together([Files(tmp_path / "0")]) as cluster:
        with pytest.raises(RuntimeError, match=r"function: .*lambda"):
            list(cluster.map(unsendable, [1]))
        assert list(cluster.map(slow_square, [5], late=0.0)) == [25]


def test_a_process_that_is_killed_is_told_with_its_host(tmp_path: Path) -> None:
    with together([Files(tmp_path / "0")]) as cluster:
        killed = f"a process on host {cluster.hosts[0]} was killed"
        with pytest.raises(PlatformError, match=killed):
            list(cluster.map(killing, [1]))
        assert list(cluster.map(slow_square, [5], late=0.0)) == [25], "by a new one"


def killing(number: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def unsendable(number: int) -> Callable[[], int]:
    return lambda: number


def refuse(number: int) -> int:
    if number == 3:
        raise UserError(f"no, not {number}")
    return number


def test_hosts_are_looked_at_as_often_however_long_a_result_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Silence is counted in looks, so that rarer ones would let a lost host pass."""
    monkeypatch.setattr(machine, "cpus", lambda: 1)
    monkeypatch.setattr(waiting, "LOOK_S", 0.05)
    looks: list[float] = []
    with together([Files(tmp_path / "0"), Files(tmp_path / "1")]) as cluster:
        monkeypatch.setattr(cluster._watch, "look", lambda: looks.append(time.monotonic()))
        assert list(cluster.map(slow_square, [1, 2], late=2.0)) == [1, 4]
    assert len(looks) >= 20, "of 40"


def test_who_is_silent_is_lost_and_named() -> None:
    seen = {"a": 1.0, "b": 1.0}
    looks = watch.Watch(("a", "b"), lambda: seen)
    for moment in range(watch.SILENT_S):
        seen["a"] = moment + 2.0
        looks.look()
    with pytest.raises(PlatformError, match="host b was lost: it has not been heard of for 60 s"):
        looks.look()
    seen["b"] += 1
    looks.look()
    del seen["a"]
    with pytest.raises(PlatformError, match=r"^host a was lost$"):
        looks.look()


@pytest.mark.contract("A6.3")
def test_a_name_that_is_not_known_yet_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names may come late, and neither /etc/hosts nor /etc/hostname counts."""
    asked: list[str] = []

    def late(name: str) -> str:
        asked.append(name)
        if len(asked) < 3:
            raise socket.gaierror(-2, "Name or service not known")
        return "10.0.0.7"

    monkeypatch.setattr(socket, "gethostbyname", late)
    monkeypatch.setattr(follower, "LOOK_S", 0.0)
    assert follower.resolved("algo-1") == "10.0.0.7"
    assert asked == ["algo-1"] * 3


def test_a_name_that_stays_unknown_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "MEET_S", 0)
    with pytest.raises(PlatformError, match=r"host algo-9\.invalid has no address after 0 s"):
        follower.resolved("algo-9.invalid")


@pytest.mark.contract("A6.5")
def test_hosts_meet_on_the_interface_that_the_platform_names() -> None:
    """And where there is none of that name, on the address of the host's own name."""
    assert follower.address(config.Hosts("127.5.5.5", ("127.5.5.5",), "lo")) == "127.0.0.1"
    assert follower.address(config.Hosts("127.5.5.5", ("127.5.5.5",), "ethwe")) == "127.5.5.5"


def test_a_host_that_does_not_come_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "MEET_S", 0)
    names = tuple(harness.addresses(2))
    with (
        pytest.raises(PlatformError, match=rf"host {names[1]} has not come within 0 s"),
        Cluster(config.Hosts(names[0], names), Shard({})) as cluster,
    ):
        cluster.gather()


@pytest.fixture
def job(folder: Path, tmp_path: Path) -> Callable[..., list[Path]]:
    """The trees of some hosts; the third one has no data."""

    def made(count: int = 2, **hyperparameters: str) -> list[Path]:
        names = harness.addresses(count)
        roots = [tmp_path / name for name in names]
        for name, root, content in zip(names, roots, ["x,y\n1,2\n3,4\n", "5,6\n", ""], strict=False):
            (root / "input/data/train").mkdir(parents=True)
            if content:
                (root / f"input/data/train/{name}.csv").write_text(content)
            harness.configure(root, name, names, ["train"])
            (root / "input/config/hyperparameters.json").write_text(json.dumps(hyperparameters))
        return roots

    return made


def wait_for(text: str, host: harness.Host) -> None:
    deadline = time.monotonic() + 400  # of a hang, not of a busy machine
    while text not in host.log:
        assert time.monotonic() < deadline, host.log
        assert host.process.poll() is None, host.log
        time.sleep(0.05)


@pytest.mark.contract("A2.11", "A6.1", "A6.7")
def test_the_leader_trains_on_what_all_hosts_have_and_alone_leaves_files(job, folder: Path) -> None:
    """No two hosts write files of one name."""
    roots = job(3)
    with harness.started(folder, roots) as hosts:
        done = [host.wait() for host in hosts]
    assert [one.code for one in done] == [0, 0, 0], [one.log for one in done]
    assert Manifest.read(roots[0] / "model", "adder").metrics == {"loss": 3.0}, "three rows, of two hosts"
    for one in done[1:]:
        assert not any((one.root / name).exists() for name in ("model", "output"))
    for one in done:
        assert not any(
            word in one.log.lower() for word in ("warning", "error", "traceback", "distributed")
        ), one.log


@pytest.mark.contract("A6.7")
def test_a_host_that_has_nothing_to_do_stays_until_the_leader_ends(job, folder: Path) -> None:
    """The SDK's local mode stops all containers when the first of them has left."""
    roots = job(fail="late")
    for root in roots:
        (root / "input/config/inputdataconfig.json").write_text(json.dumps({"train": {}}))
    with harness.started(folder, roots) as hosts:
        wait_for("has nothing to do", hosts[1])
        wait_for("adder 1.2.3 on", hosts[0])
        time.sleep(1)
        hosts[1].process.send_signal(signal.SIGTERM)
        wait_for("SIGTERM received", hosts[1])
        hosts[0].process.send_signal(signal.SIGTERM)
        hosts[0].process.wait()
        assert hosts[1].process.poll() is None, "it has left before the leader"
        done = [host.wait() for host in hosts]
    assert [one.code for one in done] == [0, 0], [one.log for one in done]
    assert Manifest.read(roots[0] / "model", "adder").metrics == {"loss": 2.0}, "its own rows, and no others"


def test_a_host_that_does_not_find_the_leader_ends_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standby, "FIND_S", 0.3)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    first, second = harness.addresses(2)
    standby.wait_for_leader(config.Hosts(second, (first, second)))


def test_where_the_leader_fails_the_others_end_in_good_order(job, folder: Path) -> None:
    with harness.started(folder, job(fail="user")) as hosts:
        done = [host.wait() for host in hosts]
    assert [one.code for one in done] == [255, 0], [one.log for one in done]
    assert [one.failure for one in done] == ["UserError: the data are bad", ""]


def test_where_the_leader_dies_the_others_say_so(job, folder: Path) -> None:
    with harness.started(folder, job(fail="late")) as hosts:
        wait_for("adder 1.2.3 on", hosts[0])
        hosts[0].process.kill()
        done = hosts[1].wait()
    assert done.code == 255, done.log
    assert done.failure == f"PlatformError: host {hosts[0].root.name}, which leads, was lost"


def test_where_another_host_dies_the_leader_names_it(job, folder: Path) -> None:
    with harness.started(folder, job(fail="lost")) as hosts:
        wait_for("waiting for a host to be lost", hosts[0])
        hosts[1].process.kill()
        done = hosts[0].wait()
    assert done.code == 255, done.log
    assert done.failure == f"PlatformError: host {hosts[1].root.name} was lost"


@pytest.mark.contract("A1.8")
def test_a_job_that_is_stopped_ends_with_a_model_on_all_hosts(job, folder: Path) -> None:
    """Every host gets SIGTERM; the others wait, for the leader still needs their data."""
    with harness.started(folder, job(fail="late")) as hosts:
        wait_for("adder 1.2.3 on", hosts[0])
        for host in reversed(hosts):
            host.process.send_signal(signal.SIGTERM)
            time.sleep(0.2)
        done = [host.wait() for host in hosts]
    assert [one.code for one in done] == [0, 0], [one.log for one in done]
    assert Manifest.read(hosts[0].root / "model", "adder").metrics == {"loss": 3.0}
