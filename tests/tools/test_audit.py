"""`make audit`: what is found is told, and what cannot be asked is never a pass."""

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from tools import audit

SOURCES = "     release v=13,o=Debian,a=stable-security,n=trixie-security,l=Debian-Security,c=main,b=amd64\n"
UPDATE = "Inst libssl3t64 [3.5.0-1] (3.5.1-1+deb13u1 Debian-Security:13/stable-security [amd64])\n"


def answer(monkeypatch: pytest.MonkeyPatch, stdout: str, code: int = 0, stderr: str = "") -> None:
    done = SimpleNamespace(stdout=stdout, stderr=stderr, returncode=code)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)


def report(vulnerable: bool = True, **more: object) -> str:
    found = [{"id": "PYSEC-1", "aliases": ["CVE-2026-1"], "fix_versions": ["2.1"]}] if vulnerable else []
    return json.dumps({"dependencies": [{"name": "flask", "version": "2.0", "vulns": found, **more}]})


@pytest.mark.contract("C1.4")
def test_a_vulnerable_pin_is_named_with_the_version_that_mends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, report(), code=1)
    assert audit.python_findings(Path("lock")) == ["flask 2.0: PYSEC-1, mended in 2.1"]


def test_what_is_accepted_by_any_of_its_names_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "accepted"
    path.write_text("# a comment\n\nCVE-2026-1 not reached: no template of a stranger is rendered\n")
    known = {"CVE-2026-1": "not reached: no template of a stranger is rendered"}
    assert audit.accepted(path) == known
    monkeypatch.setattr(audit, "accepted", lambda: known)
    answer(monkeypatch, report(), code=1)
    assert audit.python_findings(Path("lock")) == []


@pytest.mark.parametrize(
    ("stdout", "stderr", "said"),
    [
        ("", "ERROR: flask: not found on PyPI", "not found on PyPI"),
        (report(vulnerable=False, skip_reason="not found"), "", "skipped flask"),
        ('{"dependencies": []}', "", "skipped everything"),
    ],
)
def test_a_pin_that_nobody_knows_is_no_pass(
    monkeypatch: pytest.MonkeyPatch, stdout: str, stderr: str, said: str
) -> None:
    answer(monkeypatch, stdout, stderr=stderr)
    with pytest.raises(audit.UnknownError, match=said):
        audit.python_findings(Path("lock"))


@pytest.mark.contract("C1.4")
def test_a_security_update_that_waits_is_named_and_another_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, SOURCES + UPDATE + "Inst tzdata [1] (2 Debian:13.1/stable [all])\n")
    assert audit.debian_findings("image") == [UPDATE.strip()]


@pytest.mark.parametrize(
    ("stdout", "code", "said"),
    [(UPDATE, 0, "security archive among its sources"), ("", 100, "could not be asked: no route")],
)
def test_an_archive_that_does_not_answer_is_no_pass(
    monkeypatch: pytest.MonkeyPatch, stdout: str, code: int, said: str
) -> None:
    answer(monkeypatch, stdout, code, stderr="no route\n")
    with pytest.raises(audit.UnknownError, match=said):
        audit.debian_findings("image")
