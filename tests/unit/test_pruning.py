"""What image builds take out of the libraries, by shared/pruning."""

import ctypes
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from pruning.__main__ import LIST, PruneError, installed, prune, shared_objects, shrink, unlinked
from pruning.elf import ElfError, cut

SOURCE = """
__attribute__((section(".unused"), used)) const char unused[65536] = {1, 2, 3};
static int counter = 41;
int counted(void) { return ++counter; }
char at(int place) { return unused[place]; }
"""
needs_compiler = pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler (apt-get install gcc)")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for name in ("Some_Lib-1.2.dist-info/METADATA", "some_lib/core.py", "some_lib/gui/window.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "some_lib/tests").mkdir()
    return tmp_path


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A shared object with a section of 64 KiB between what is read and what runs."""
    path = tmp_path / "library.so"
    command = ["cc", "-shared", "-fPIC", "-O1", "-x", "c", "-", "-o", str(path)]
    subprocess.run(command, input=SOURCE.encode(), check=True)
    return path


def test_a_library_loses_what_its_entry_names_and_no_more(site: Path) -> None:
    entries = {
        "*": {"remove": ["**/tests"]},
        "some-lib": {"remove": ["some_lib/*"], "keep": ["some_lib/core.py"]},
    }
    prune(site, entries, ["some-lib"])
    assert [path.name for path in (site / "some_lib").iterdir()] == ["core.py"]
    assert (site / "Some_Lib-1.2.dist-info").exists(), "scanners read there what is installed"


@pytest.mark.parametrize(
    "entry",
    [
        {"remove": ["some_lib/gui", "some_lib/gone"]},
        {"remove": ["some_lib/*"], "keep": ["some_lib/gone"]},
    ],
)
def test_a_library_that_has_moved_ends_the_build(site: Path, entry: dict[str, object]) -> None:
    with pytest.raises(
        PruneError, match=r"^some-lib has no some_lib/gone; look at its entry in libraries.toml$"
    ):
        prune(site, {"*": {"remove": []}, "some-lib": entry}, ["some-lib"])


def test_a_section_that_has_moved_ends_the_build(site: Path) -> None:
    with pytest.raises(
        PruneError, match=r"^some-lib: .*some_lib/gone.*; look at its entry in libraries.toml$"
    ):
        shrink(site, {"some-lib": {"cut": {"some_lib/gone": ".text"}}}, ["some-lib"], [])


def test_an_entry_of_a_library_that_is_not_new_is_passed_over(site: Path) -> None:
    """An image's own layer adds to the shared one, which was pruned before."""
    prune(site, {"*": {"remove": []}, "some-lib": {"remove": ["some_lib/gone"]}}, installed(site, since=4e9))
    assert installed(site, since=0) == {"some-lib"}


@needs_compiler
def test_a_section_is_cut_and_the_library_goes_on(library: Path) -> None:
    before = library.stat().st_size
    gone = cut(library, ".unused")
    assert gone >= 65536 - 2 * 4096
    assert library.stat().st_size == before - gone
    loaded = ctypes.CDLL(str(library))
    assert (loaded.counted(), loaded.counted()) == (42, 43)
    assert loaded.at(32768) == 0, "memory has zeros there"
    assert unlinked(shared_objects(library.parent, 0)) == []


@needs_compiler
@pytest.mark.parametrize(
    ("section", "why"), [(".nowhere", "no section .nowhere"), (".dynamic", "smaller than a page")]
)
def test_what_cannot_be_cut_is_refused_and_left_alone(library: Path, section: str, why: str) -> None:
    content = library.read_bytes()
    with pytest.raises(ElfError, match=why):
        cut(library, section)
    assert library.read_bytes() == content


@needs_compiler
def test_a_library_that_lacks_one_it_is_linked_to_is_named(library: Path) -> None:
    user = library.with_name("user.so")
    link = [
        "cc",
        "-shared",
        "-x",
        "c",
        "/dev/null",
        "-o",
        str(user),
        "-Wl,--no-as-needed",
        "-L",
        str(library.parent),
    ]
    subprocess.run([*link, "-l:library.so", "-Wl,-rpath,$ORIGIN"], check=True)
    assert unlinked(shared_objects(library.parent, 0)) == []
    library.unlink()
    assert unlinked(shared_objects(user.parent, 0)) == ["user.so: library.so"]


def test_every_entry_is_of_a_library_that_an_image_has() -> None:
    locks = [LIST.parents[1] / "requirements.lock", *LIST.parents[2].glob("images/*/requirements.lock")]
    pinned = {line.partition("==")[0] for lock in locks for line in lock.read_text().splitlines()}
    assert tomllib.loads(LIST.read_text()).keys() - pinned == {"*"}
