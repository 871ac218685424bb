"""shared/apt-of-day: Debian's packages of the day of the base image, or the newest, which is said."""

import os
import subprocess
from pathlib import Path

import pytest

from tools import ROOT

OFFICIAL = """Types: deb
# http://snapshot.debian.org/archive/debian/20261101T000000Z
URIs: http://deb.debian.org/debian
Suites: trixie trixie-updates
Signed-By: /usr/share/keyrings/debian-archive-keyring.pgp

Types: deb
# http://snapshot.debian.org/archive/debian-security/20261101T000000Z
URIs: http://deb.debian.org/debian-security
Suites: trixie-security
"""
ONE_LINE = """deb https://mirror.example.com/debian/ trixie main
deb [arch=amd64 check=no] http://deb.debian.org/debian-security trixie-security main
"""
APT_GET = """#!/bin/sh
echo given: "$@"
for one in "$@"; do case $one in Dir::Etc::sourceparts=*) cat ${one#*=}/*;; esac; done
exit ${FAILS:-0}
"""


class Asked:
    """The script with sources of its own, and an apt-get that prints what it was given."""

    def __init__(self, folder: Path) -> None:
        self.apt = folder / "apt"
        (self.apt / "sources.list.d").mkdir(parents=True)
        (folder / "apt-get").write_text(APT_GET)
        (folder / "apt-get").chmod(0o755)
        self.path = f"{folder}:{os.environ['PATH']}"

    def __call__(self, day: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        env = {"PATH": self.path, "APT": str(self.apt), "SNAPSHOT": day, **environ}
        command = [str(ROOT / "shared/apt-of-day"), "update", "-qq"]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    return Asked(tmp_path)


def test_the_day_is_the_base_images_own(asked: Asked) -> None:
    (asked.apt / "sources.list.d/debian.sources").write_text(OFFICIAL)
    done = asked("base")
    assert done.returncode == 0, done.stderr
    assert "URIs: http://snapshot.debian.org/archive/debian/20261101T000000Z/\n" in done.stdout
    assert "URIs: http://snapshot.debian.org/archive/debian-security/20261101T000000Z/\n" in done.stdout
    assert "deb.debian.org" not in done.stdout
    assert "Signed-By" in done.stdout, "packages are still checked"


def test_a_day_may_be_named_and_mirrors_are_left_for_it(asked: Asked) -> None:
    (asked.apt / "sources.list").write_text(ONE_LINE)
    done = asked("20250101T000000Z")
    assert done.returncode == 0, done.stderr
    assert "deb http://snapshot.debian.org/archive/debian/20250101T000000Z/ trixie main\n" in done.stdout
    assert "deb [arch=amd64 check=no] http://snapshot.debian.org/archive/debian-security/2025" in done.stdout


@pytest.mark.parametrize(("day", "said"), [("base", "names no day"), ("", "")])
def test_without_a_day_they_are_the_newest_and_that_is_said(asked: Asked, day: str, said: str) -> None:
    (asked.apt / "sources.list").write_text(ONE_LINE)
    done = asked(day)
    assert (done.returncode, done.stdout) == (0, "given: update -qq\n")
    assert said in done.stderr
    assert bool(said) == bool(done.stderr)


@pytest.mark.parametrize(
    ("sources", "day", "fails", "said"),
    [
        (ONE_LINE, "yesterday", "0", "is no day"),
        ("deb https://example.com/tools stable main\n", "20250101T000000Z", "0", "no mirror of Debian"),
        (ONE_LINE, "20250101T000000Z", "100", "SNAPSHOT= builds with the newest"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_one_line(
    asked: Asked, sources: str, day: str, fails: str, said: str
) -> None:
    (asked.apt / "sources.list").write_text(sources)
    done = asked(day, FAILS=fails)
    assert done.returncode != 0
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
