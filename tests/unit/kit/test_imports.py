"""A library is imported as if what it does not need were not installed, and nothing else is."""

import subprocess
import sys
from pathlib import Path

import pytest

from slipway.kit.imports import lean, postpone

LIBRARY = """
try:
    import sklearn
except ImportError:
    sklearn = None
try:
    import pandas
except ImportError:
    pandas = None
"""


@pytest.mark.parametrize(
    ("first", "missing"),
    [("", "True True"), ("import pandas", "True False"), ("import sklearn", "False True")],
)
def test_what_is_unused_is_missing_for_that_import_alone(tmp_path: Path, first: str, missing: str) -> None:
    (tmp_path / "library.py").write_text(LIBRARY)
    for name in ("sklearn", "pandas"):
        (tmp_path / f"{name}.py").touch()
    script = f"""
{first}
from slipway.kit.imports import lean
with lean():
    import library
print(library.sklearn is None, library.pandas is None)
import sklearn, pandas
"""
    path = f"{tmp_path}:{':'.join(sys.path)}"
    done = subprocess.run(
        [sys.executable, "-c", script], env={"PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert done.stdout == f"{missing}\n", done.stderr


def test_a_library_that_is_not_there_is_an_import_error() -> None:
    before = {name for name, module in sys.modules.items() if module is None}
    with pytest.raises(ImportError), lean():
        import no_such_library  # noqa: F401
    assert {name for name, module in sys.modules.items() if module is None} == before


@pytest.mark.parametrize("use", ["postponed.value", "importlib.import_module('package').child.value"])
def test_a_postponed_module_is_executed_once_by_its_first_use(tmp_path: Path, use: str) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package/__init__.py").touch()
    (tmp_path / "package/child.py").write_text("print('executed')\nvalue = 7\n")
    script = f"""
import importlib
from slipway.kit.imports import postpone
postpone("package.child")
import package.child
from package import child as postponed
print("imported")
print({use}, postponed.value)
"""
    path = f"{tmp_path}:{':'.join(sys.path)}"
    done = subprocess.run(
        [sys.executable, "-c", script], env={"PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert done.stdout == "imported\nexecuted\n7 7\n", done.stderr


def test_what_is_not_there_is_missed_by_whoever_imports_it() -> None:
    postpone("no_such_library")
    with pytest.raises(ImportError):
        import no_such_library  # noqa: F401
