"""The benchmarks: each figure says what it stands on, and its command can be started."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest
from benchmarks.__main__ import command, lacks

from tools import ROOT
from tools.benchmark_runs import Run, overview, runs
from tools.catalogue.prose import sections

RUNS = runs()
IMAGES = {path.parent.name for path in ROOT.glob("images/*/image.toml")}
GIVEN = {
    "section": "A",
    "command": "benchmarks.reading DATA/tables --json OUT.json",
    "env": "tools",
    **dict.fromkeys(("data", "seed", "budget", "errors", "versions", "measured"), "x"),
    "cpu_min": 1,
}


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_a_run_names_a_section_an_image_and_a_module_that_exist(run: Run) -> None:
    titles = [section.title for section in sections((ROOT / "benchmarks/README.md").read_text())]
    assert run.section in titles
    assert run.image in IMAGES | {""}
    assert run.env in IMAGES | {"shared", "tools"}
    assert importlib.util.find_spec(run.command.split()[0]) is not None
    assert re.fullmatch(r"[0-9a-f]{7}, \d{4}-\d\d-\d\d", run.measured)


def test_names_are_told_apart_and_an_image_has_its_own() -> None:
    assert len({run.name for run in RUNS}) == len(RUNS)
    one = next(run.image for run in RUNS if run.image)
    assert {run.image for run in runs(image=one)} == {one}


def test_the_table_links_to_the_section_and_has_the_command() -> None:
    line = overview([Run.model_validate(GIVEN)]).splitlines()[-1]
    assert "[A](#a)" in line
    assert "`benchmarks.reading DATA/tables --json OUT.json`" in line


def test_the_folders_are_put_in_their_places(tmp_path: Path) -> None:
    run = Run.model_validate(GIVEN)
    words = command(run, tmp_path, tmp_path / "out")
    assert words[1:] == [
        "-m",
        "benchmarks.reading",
        f"{tmp_path}/tables",
        "--json",
        f"{tmp_path}/out/a.json",
    ]
    assert Path(words[0]).resolve() == Path(sys.executable).resolve()


def test_what_needs_data_is_left_out_without() -> None:
    run = Run.model_validate(GIVEN)
    assert "DATA=folder" in lacks(run, None)
    assert lacks(run, ROOT) == ""
    assert "no environment nowhere" in lacks(run.model_copy(update={"env": "nowhere"}), ROOT)
