"""What training needs of memory and what there is, before rows are read that do not fit."""

import pytest

from slipway import Channel, UserError, machine
from slipway.image import Cost
from slipway.training.run import train
from slipway.training.size import Needs
from unit.test_run import failure

ROWS = 20_000
NEEDS = Needs(1 << 20, 9.0)


@pytest.fixture
def channel(tmp_path):
    """20,000 rows of 2 numbers, 320 kB as a table, and a file that no one can read."""
    path = tmp_path / "rows"
    path.mkdir()
    (path / "0.csv").write_text("x,y\n" + "1.5,2.5\n" * ROWS)
    (path / "1.csv").write_bytes(b"\x00\x01\x02")
    found = Channel("train", path)
    found.needs = NEEDS
    return found


def test_rows_that_need_more_memory_than_there_is_are_refused_before_they_are_read(channel, monkeypatch):
    monkeypatch.setattr(machine, "memory_bytes", lambda: 1_600_000)
    with pytest.raises(UserError) as refused:
        _ = channel.table
    assert str(refused.value) == (
        "channel train: its rows take about 320.0 kB of memory and training on them at least 1.7 MB, but "
        "there are 1.6 MB; use an instance with more memory, or fewer rows or columns"
    )


@pytest.mark.parametrize(
    ("there", "said"), [(5_000_000, "5.0 MB"), (3_000_000, "3.0 MB, and so may not fit")]
)
def test_what_is_needed_is_said_first(channel, monkeypatch, capsys, there, said):
    monkeypatch.setattr(machine, "memory_bytes", lambda: there)
    with pytest.raises(UserError, match=r"1\.csv"):
        _ = channel.table
    told = f"channel train takes about 320.0 kB of memory as a table, training about 3.9 MB, of {said}\n"
    assert told in capsys.readouterr().err


def test_what_the_first_block_did_not_tell_is_noticed_while_it_is_read(tmp_path, monkeypatch):
    """Of a stream nothing is known beforehand."""
    (tmp_path / "rows.csv").write_text("x,y\n" + "1.5,2.5\n" * ROWS)
    channel = Channel("train", tmp_path)
    channel.needs = NEEDS
    monkeypatch.setattr(Channel, "memory_bytes", None)
    monkeypatch.setattr(machine, "memory_bytes", lambda: 1_600_000)
    with pytest.raises(UserError, match="channel train: its rows take about"):
        _ = channel.table


class Half:
    """Two hosts that share the rows."""

    def heaviest_bytes(self, inputs):
        return (inputs.unpacked_bytes or 0) // 2

    def partitions(self, inputs, asked, numbered):
        return ["a table", "another"], (), []


@pytest.mark.parametrize(("there", "fits"), [(70_000_000, True), (45_000_000, False)])
def test_hosts_are_asked_for_their_share_of_the_rows_alone(tmp_path, monkeypatch, there, fits):
    """24 MB for each of them, more than a block of the file."""
    (tmp_path / "rows.csv").write_text("x,y\n" + "1.5,2.5\n" * 3_000_000)
    channel = Channel("train", tmp_path, sharing=Half())
    channel.needs = NEEDS
    monkeypatch.setattr(machine, "memory_bytes", lambda: there)
    if fits:
        assert len(channel.partitions()) == 2
        return
    with pytest.raises(UserError, match="channel train: its rows take about"):
        channel.partitions()


def test_an_image_that_goes_beyond_memory_is_asked_for_what_it_reads_alone():
    cost = {"memory_mb": 100, "memory_factor": 5, "cpu_s": 1, "cpu_s_per_million_cells": 1}
    assert Needs.of(Cost(**cost)) == Needs(100 << 20, 5)
    assert Needs.of(Cost(**cost, beyond_memory=True)) == Needs.of(None) == Needs(0, 1)


@pytest.mark.contract("A1.6", "A1.7")
def test_a_job_that_does_not_fit_ends_in_one_line(settings_of, folder, root, monkeypatch):
    toml = folder / "image.toml"
    cost = "\n[cost]\nmemory_mb = 100\nmemory_factor = 5\ncpu_s = 1\ncpu_s_per_million_cells = 1\n"
    toml.write_text(toml.read_text() + cost)
    monkeypatch.setattr(machine, "memory_bytes", lambda: 50_000_000)
    assert train(settings_of()) == 255
    assert failure(root).startswith("UserError: channel train: its rows take about ")
    assert "but there are 50.0 MB" in failure(root)
    assert not list((root / "model").glob("*"))
