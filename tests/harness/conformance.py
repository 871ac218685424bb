"""The conformance tool as a command, and what it says of an image or of a server that runs."""

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tools import ROOT

TOOL = [sys.executable, "-m", "tools.conformance"]


@dataclass(frozen=True)
class Told:
    """What the tool said."""

    code: int
    output: str
    errors: str
    verdicts: dict[str, str]
    """Check: pass, failure or skipped; none where nothing could be tried."""

    def named(self, verdict: str) -> set[str]:
        return {name for name, found in self.verdicts.items() if found == verdict}


def conformance(subject: str, *options: str) -> Told:
    """Runs the tool on an image or a URL."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        command = [*TOOL, subject, "--junit", str(report), *options]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert report.exists() == (done.returncode in {0, 1}), done.stderr
        cases = ElementTree.parse(report).getroot() if report.exists() else []
    return Told(done.returncode, done.stdout, done.stderr, dict(map(_verdict, cases)))


def _verdict(case: ElementTree.Element) -> tuple[str, str]:
    tags = {child.tag for child in case}
    return case.get("name", "").partition(" ")[2], next(iter(tags & {"failure", "skipped"}), "pass")
