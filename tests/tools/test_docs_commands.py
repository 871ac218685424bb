"""The lines of `./slipway` in README, docs and the images' READMEs: commands and options that exist."""

import shlex

import pytest

from tools import ROOT
from tools.cli import main
from tools.conformance.__main__ import arguments

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("images/*/README.md"))]
LINES = [
    (f"{page.relative_to(ROOT)}:{number}", line.strip())
    for page in PAGES
    for number, line in enumerate(page.read_text().splitlines(), 1)
    if line.startswith("    ./slipway ")
]


@pytest.mark.parametrize("line", [line for _, line in LINES], ids=[place for place, _ in LINES])
def test_a_printed_command_is_one(line: str) -> None:
    _, verb, *words = shlex.split(line, comments=True)
    if verb == "conformance":
        arguments().parse_args(words)
    else:
        assert main.parse([verb, *words]).command == verb
