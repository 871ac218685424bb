"""tools/base-image: the base by its digest, and this machine's own only where no registry answers."""

import os
import subprocess
from pathlib import Path

import pytest

from tools import ROOT

PINNED = "debian:trixie-slim@sha256:" + "a" * 64
UNREACHABLE = 'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host'


@pytest.fixture
def asked(tmp_path: Path) -> "Asked":
    return Asked(tmp_path)


class Asked:
    """The script, with an engine that has the images `has`; its registry says `pull`, or "" for success."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "bases.Dockerfile").write_text(f"# a comment\nFROM {PINNED}\n")

    def __call__(
        self, has: list[str], pull: str, suite: str = "trixie"
    ) -> "subprocess.CompletedProcess[str]":
        engine = self.folder / "docker"
        engine.write_text(
            '#!/bin/sh\ncase "$1 $3" in\n'
            + "".join(f'"image {name}") exit 0 ;;\n' for name in has)
            + f"pull*) {f'echo {pull!r} >&2; exit 1' if pull else 'exit 0'} ;;\n*) exit 1 ;;\nesac\n"
        )
        engine.chmod(0o755)
        env = {**os.environ, "DOCKER": str(engine), "BASES": str(self.folder / "bases.Dockerfile")}
        command = [str(ROOT / "tools/base-image"), suite]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("has", "pull"), [([], ""), ([PINNED], UNREACHABLE)])
def test_the_digest_is_taken_where_it_can_be_had(asked: Asked, has: list[str], pull: str) -> None:
    done = asked(has, pull)
    assert (done.returncode, done.stdout, done.stderr) == (0, PINNED + "\n", "")


def test_without_a_registry_it_is_this_machines_own_and_that_is_said(asked: Asked) -> None:
    done = asked(["debian:trixie-slim"], UNREACHABLE)
    assert (done.returncode, done.stdout) == (0, "debian:trixie-slim\n")
    assert f"not on {PINNED}" in done.stderr


@pytest.mark.parametrize(
    ("has", "pull", "said"),
    [
        (
            ["debian:trixie-slim"],
            "manifest for debian@sha256:aaaa not found: manifest unknown",
            "manifest unknown",
        ),
        ([], UNREACHABLE, "make base-rootfs"),
    ],
)
def test_what_cannot_be_had_is_an_error(asked: Asked, has: list[str], pull: str, said: str) -> None:
    """A digest that is not there is not passed over in silence."""
    done = asked(has, pull)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr


def test_a_suite_without_a_digest_is_named(asked: Asked) -> None:
    done = asked([], "", suite="sid")
    assert (done.returncode, done.stdout) == (1, "")
    assert "debian:sid-slim has no digest" in done.stderr
