"""What a machine lacks to run every test is said in a line each, with the command that brings it."""

import subprocess
import sys

import pytest

from tools import ROOT, lacking


def test_a_bare_machine_is_told_in_a_line_for_each_thing(tmp_path, monkeypatch):
    monkeypatch.setattr(lacking, "_SBIN", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    lines = lacking.lacking()
    assert [line.partition(":")[0] for line in lines] == [
        f"NOT tested, as there is no {name}"
        for name in (
            "Docker engine",
            "Chromium",
            "nginx",
            "curl",
            "Prometheus",
            "registry",
        )
    ]
    assert all("To have it: apt-get install " in line for line in lines)


def test_what_is_there_is_not_told(tmp_path, monkeypatch):
    for name in ("docker", "google-chrome", "nginx", "curl", "prometheus", "docker-registry"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 0\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("DOCKER", raising=False)
    assert lacking.lacking() == []
    (tmp_path / "docker").write_text("#!/bin/sh\nexit 1\n")
    assert [line.partition(":")[0] for line in lacking.lacking()] == [
        "NOT tested, as there is no Docker engine"
    ]


@pytest.mark.parametrize("docker", ["false", "/no/such/docker"])
def test_it_is_the_end_of_make_test_and_no_failure(docker, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "tools.lacking"],
        cwd=ROOT,
        env={"PATH": str(tmp_path), "DOCKER": docker},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("NOT tested, as there is no Docker engine: ")
    recipe = (ROOT / "Makefile").read_text().partition("\ntest: ")[2].partition("\n\n")[0]
    assert recipe.splitlines()[-1].endswith("-m tools.lacking")
