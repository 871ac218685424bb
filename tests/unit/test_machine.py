"""What the container may use, as its cgroup says."""

import os

import pytest

from slipway import machine


@pytest.fixture
def cgroup(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))

    def put(**contents):
        for name, content in contents.items():
            path = tmp_path / name.replace("__", "/").replace("-", ".")
            path.parent.mkdir(exist_ok=True)
            path.write_text(content)

    return put


@pytest.mark.parametrize(
    ("quota", "cpus"),
    [
        ("max 100000", 8),
        ("200000 100000", 2),
        ("150000 100000", 2),
        ("50000 100000", 1),
        ("1000 100000", 1),
        ("1600000 100000", 8),
        ("", 8),
        ("x", 8),
    ],
)
@pytest.mark.contract("B9.5")
def test_cpus_are_those_of_the_cgroup_and_at_least_one(cgroup, quota, cpus):
    cgroup(**{"cpu-max": quota})
    assert machine.cpus() == cpus


@pytest.mark.parametrize(("quota", "cpus"), [("-1", 8), ("300000", 3)])
def test_cpus_are_those_of_an_older_cgroup_too(cgroup, quota, cpus):
    cgroup(cpu__cpu_x=quota)
    for name, value in (("cpu.cfs_quota_us", quota), ("cpu.cfs_period_us", "100000")):
        (machine._CGROUP / "cpu" / name).write_text(value)
    assert machine.cpus() == cpus


def test_without_a_cgroup_all_is_free(cgroup):
    assert machine.cpus() == 8
    assert machine.memory_bytes() > 1 << 20


@pytest.mark.parametrize("name", ["memory-max", "memory__memory-limit_in_bytes"])
@pytest.mark.contract("B9.5")
def test_memory_is_that_of_the_cgroup(cgroup, name):
    cgroup(**{name: "1048576\n"})
    assert machine.memory_bytes() == 1 << 20


@pytest.mark.parametrize(
    ("name", "limit"), [("memory-max", "max"), ("memory__memory-limit_in_bytes", str(2**63 - 4096))]
)
def test_no_limit_is_the_machines_own(cgroup, name, limit):
    cgroup(**{name: limit})
    assert machine.memory_bytes() == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def test_a_process_knows_what_it_holds():
    assert 1 << 20 < machine.resident_bytes() < machine.memory_bytes()


@pytest.mark.contract("B5.2")
def test_available_memory_is_what_the_cgroup_has_left_caches_counted_as_free(cgroup):
    """Models are refused before memory runs out."""
    cgroup(
        **{
            "memory-max": "1000000",
            "memory-current": "700000",
            "memory-stat": "anon 500000\ninactive_file 150000\n",
        }
    )
    assert machine.available_bytes() == 450_000


def test_available_memory_without_a_limit_is_the_machines(cgroup, monkeypatch):
    cgroup(**{"memory-max": "max", "memory-current": "700000"})
    assert 0 < machine.available_bytes() <= machine.memory_bytes()
