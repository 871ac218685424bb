"""What holds for the whole repository: one list of images, nothing stale, no command that is not there."""

import re
import subprocess
import sys
from pathlib import Path

from house.folders import ROOT
from tools import new

MAKEFILE = (ROOT / "Makefile").read_text()
IMAGES = sorted(path.parent.name for path in ROOT.glob("images/*/image.toml"))
# Where an image may be named besides its own folder: prose, benchmarks, libraries; in the Makefile, the demo.
NAMED = re.compile(r".*\.md|benchmarks/.*|tools/web/vendor/.*")
# A name as code and settings write it; elsewhere it may be a word of the language.
NAMING = r"(?:[\"'/=]|\b(?:import|from) |^\s*- ){}(?![\w.-])"
ACCOUNTS = {"111122223333", "123456789012"}  # the ones that AWS's own documentation uses
# A class of one letter keeps these lines from finding themselves.
ELSEWHERE = re.compile(r"(?<![\w.$}])/[w]ork\b|\.\./[s]hared\b|/[h]ome/[a-z]|/[U]sers/")


def test_an_image_is_named_nowhere_outside_its_folder(tracked: list[Path]) -> None:
    found = []
    for path in tracked:
        place = path.relative_to(ROOT).as_posix()
        if NAMED.fullmatch(place) or place.startswith("images/"):
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            hits = [name for name in IMAGES if re.search(NAMING.format(name), line)]
            if hits and not (place == "Makefile" and line.startswith("demo:")):
                found.append(f"{place}:{number} names {hits[0]}")
    assert not found, "; ".join(found)


def test_an_image_names_no_other_image(tracked: list[Path]) -> None:
    for path in tracked:
        place = path.relative_to(ROOT)
        if place.parts[0] == "images" and path.suffix != ".md":
            text = path.read_text(errors="replace")
            others = [name for name in IMAGES if name != place.parts[1]]
            hits = [
                name
                for name in others
                if re.search(rf"images/{name}\b|slipway/{name}\b|import {name}\b", text)
            ]
            assert not hits, f"{place} names the image {hits[0]}"


def test_nothing_points_outside_the_repository(tracked: list[Path]) -> None:
    found = []
    for path in tracked:
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if hit := ELSEWHERE.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number} mentions {hit[0]}")
    assert not found, "; ".join(found)


def test_no_aws_account_is_named(tracked: list[Path]) -> None:
    for path in tracked:
        numbers = set(re.findall(r"(?<![\w.+-])\d{12}(?![\w.])", path.read_text(errors="replace")))
        assert numbers <= ACCOUNTS, (
            f"{path.relative_to(ROOT)} holds {', '.join(numbers - ACCOUNTS)}: an account id?"
        )


def test_nothing_that_a_run_leaves_behind_is_kept(tracked: list[Path]) -> None:
    left = [
        path
        for path in tracked
        if path.suffix in {".pkl", ".pyc", ".orig"} or path.name in {".DS_Store", "failure"}
    ]
    assert not left


def test_make_help_lists_every_phony_target(make_help: str) -> None:
    """A target that is a part of another, as check-style is of check, need not be listed."""
    listed = set(re.findall(r"^  make ([a-z-]+)", make_help, re.MULTILINE))
    phony = {word for line in re.findall(r"^\.PHONY:(.*)$", MAKEFILE, re.MULTILINE) for word in line.split()}
    plain = {word for word in phony if re.fullmatch(r"[a-z-]+", word)}
    missing = {word for word in plain if word not in listed and word.split("-")[0] not in listed}
    assert listed
    assert not missing, f"make help does not list {', '.join(sorted(missing))}; give each a ## text"
    assert listed <= plain, f"not .PHONY: {', '.join(sorted(listed - plain))}"


def test_the_make_commands_that_documents_name_exist(tracked: list[Path], make_help: str) -> None:
    targets = set(re.findall(r"^  make ([a-z-]+)", make_help, re.MULTILINE))
    for path in (path for path in tracked if path.suffix == ".md"):
        text = path.read_text()
        commands = re.findall(r"^    make (.*)$", text, re.MULTILINE) + re.findall(r"`make ([^`]*)`", text)
        for command in commands:
            command = re.sub(r'"[^"]*"', "", command)  # what is quoted is the value of an option
            words = [word for word in re.split(r"  |#|…", command)[0].split() if "=" not in word]
            unknown = [word for word in words if word not in targets]
            assert not unknown, (
                f"{path.relative_to(ROOT)}: `make {command}`, but make help lists no {unknown[0]}"
            )


def test_the_links_of_documents_lead_somewhere(tracked: list[Path]) -> None:
    for path in (path for path in tracked if path.suffix == ".md"):
        links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text())
        broken = [link for link in links if "://" not in link and not (path.parent / link).exists()]
        assert not broken, f"{path.relative_to(ROOT)} links to {', '.join(broken)}"


def test_every_generated_file_is_fresh() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tools.generate", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_every_image_is_found_by_the_tools_that_need_all() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tools.matrix"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in IMAGES:
        assert f'"name": "{name}"' in done.stdout


def test_no_image_has_anything_left_of_the_template() -> None:
    """Its own tests name these places, too, and skip; here they are an error."""
    left = {name: new.left_open(ROOT / "images" / name) for name in IMAGES}
    assert not any(left.values()), {name: places for name, places in left.items() if places}


def test_a_name_in_code_is_found_and_a_word_of_the_language_is_not() -> None:
    named = ['IMAGES = ["ridge"]', "make demo IMG=ridge", "  - ridge", "import ridge", "images/ridge/x.py"]
    assert all(re.search(NAMING.format("ridge"), line) for line in named)
    words = ["# along the ridge of the loss", "--no-ridge", '"ridge.npz"']
    assert not any(re.search(NAMING.format("ridge"), line) for line in words)


def test_no_module_is_longer_than_300_lines(tracked: list[Path]) -> None:
    modules = [path for path in tracked if path.suffix == ".py" and "tests" not in path.parts]
    long = [str(path.relative_to(ROOT)) for path in modules if len(path.read_text().splitlines()) > 300]
    assert not long, f"split {', '.join(long)}"
