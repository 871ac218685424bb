"""What the unit tests share: hypothesis' profiles, and an image small enough to read here."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from slipway.manifest import Manifest
from slipway.model import Model
from slipway.settings import Settings
from slipway.table.schema import Schema
from unit.model import FILES, Adder
from unit.tables import schema_of

# HYPOTHESIS_PROFILE=explore looks for what the same examples every time do not show.
settings.register_profile(
    "ci", deadline=None, derandomize=True, database=None, max_examples=60, print_blob=False
)
settings.register_profile("explore", deadline=None, max_examples=3000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The folder of an image called `adder`; its modules are forgotten after the test."""
    found = tmp_path / "adder"
    found.mkdir()
    for name, text in FILES.items():
        (found / name).write_text(text)
    yield found
    sys.path[:] = [entry for entry in sys.path if entry != str(tmp_path)]
    for name in [name for name in sys.modules if name.partition(".")[0] == "adder"]:
        del sys.modules[name]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tree like /opt/ml, with a train channel of two files."""
    found = tmp_path / "ml"
    for name in ("input/config", "input/data/train", "model", "output"):
        (found / name).mkdir(parents=True)
    (found / "input/data/train/a.csv").write_text("x,y\n1,2\n3,4\n")
    (found / "input/data/train/b.csv").write_text("x,y\n5,6\n")
    return found


@pytest.fixture
def settings_of(root: Path, folder: Path):
    """Settings over the small tree and image, with more variables where a test gives them."""

    def read(**environ: str) -> Settings:
        return Settings.read({"SLIPWAY_ROOT": str(root), "SLIPWAY_ALGORITHM": str(folder), **environ})

    return read


@pytest.fixture
def schema() -> Schema:
    return schema_of("x", "y")


@pytest.fixture(scope="session")
def stamped(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """Written once: it lists all libraries of the environment."""
    return Manifest.stamp(
        tmp_path_factory.mktemp("stamped"),
        image="adder",
        version="1.2.3",
        reads=schema_of("x", "y"),
        hyperparameters={},
        metrics={},
    )


@pytest.fixture
def manifest(stamped: Manifest) -> Manifest:
    return stamped.model_copy(deep=True)


@pytest.fixture
def model() -> Model:
    return Adder()
