"""`make vex`: what was accepted is told to scanners, in OpenVEX 0.2.0, with the reason."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tools import audit, vex

NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


def test_each_accepted_vulnerability_is_a_statement_with_its_reason() -> None:
    found = vex.document("ridge", "1.2.3", {"CVE-2026-2": "no font of a stranger is read"}, NOW)
    assert found["@context"] == "https://openvex.dev/ns/v0.2.0"
    assert {"@id", "author", "timestamp", "version", "statements"} <= found.keys()
    assert found["timestamp"] == "2026-05-04T03:02:01+00:00"
    assert found["statements"] == [
        {
            "vulnerability": {"name": "CVE-2026-2"},
            "products": [{"@id": "pkg:oci/ridge?tag=1.2.3"}],
            "status": "not_affected",
            "impact_statement": "no font of a stranger is read",
        }
    ]
    assert vex.document("ridge", "1.2.3", {"CVE-2026-3": "other"}, NOW)["@id"] != found["@id"]


@pytest.mark.parametrize(
    ("lines", "code", "said"),
    [
        ("# none\n", 0, "nothing to write"),
        ("CVE-2026-2\n", 1, "no reason is given for CVE-2026-2"),
        ("CVE-2026-2 not reached\n", 0, "ridge.openvex.json"),
    ],
)
def test_the_command_writes_what_is_accepted(
    lines: str,
    code: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "accepted").write_text(lines)
    monkeypatch.setattr(vex, "ROOT", tmp_path)
    monkeypatch.setattr(audit.accepted, "__defaults__", (tmp_path / "accepted",))
    monkeypatch.setattr(sys, "argv", ["vex", "ridge", "--version", "1.2.3"])
    assert vex.main() == code
    heard = capsys.readouterr()
    assert said in heard.out + heard.err
    path = tmp_path / ".slipway/sbom/ridge.openvex.json"
    assert path.exists() == ("not reached" in lines)
    if path.exists():
        assert len(json.loads(path.read_text())["statements"]) == 1
