"""The quick start of the README, run as it is printed."""

import os
import re
import subprocess

from tools import ROOT

README = (ROOT / "README.md").read_text()


def test_the_first_command_runs_as_printed() -> None:
    """The others need a browser or Docker; tests/web and tests/container run what they do."""
    (command,) = re.findall(r"^    (make demo)\b", README, re.MULTILINE)
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(command.split(), cwd=ROOT, env=own, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "200" in done.stdout or "closest" in done.stdout, done.stdout
