"""The MindsDB storage folder of a trained model: what is in it, and what is left out."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import slipway

DATABASE = "mindsdb.sqlite3.db"
HANDLER = "automl_handler"
_HANDLERS = "community_handlers"
_MODEL_TABLES = ("alembic_version", "predictor", "integration", "project")  # those that describe the model
_SHARED = ("errors.py", "table/__init__.py", "table/arrow.py", "kit")  # of slipway, that the handler imports


def install_handler(root: Path) -> None:
    """Copies the handler to where MindsDB looks for community handlers."""
    place = root / _HANDLERS / HANDLER
    if not place.exists():
        _copy(Path(__file__).parent / HANDLER, place)


def content(root: Path) -> bytes:
    """The database of the storage in `root`, as a file would hold it."""
    with closing(sqlite3.connect(root / DATABASE)) as database:
        return database.serialize()


def pack(root: Path, folder: Path) -> None:
    """Copies the storage in `root` to `folder` without any rows.

    It holds the files of the model, the handler with what it imports, and a database that names the model.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(root / "content/predictor", folder / "content/predictor")
    _copy(root / _HANDLERS, folder / _HANDLERS)
    _copy_shared(folder / "slipway")
    with sqlite3.connect(root / DATABASE) as database:
        found = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        for name in [name for (name,) in found]:
            if name not in _MODEL_TABLES and not name.startswith("sqlite_"):
                database.execute(f'DELETE FROM "{name}"')
        database.execute("UPDATE predictor SET training_metadata = ?", (json.dumps({"reason": "learn"}),))
    # Not a copy: the free pages of the file still hold the deleted rows.
    database.execute("VACUUM INTO ?", (str(folder / DATABASE),))
    database.close()


def _copy_shared(folder: Path) -> None:
    """The few modules of the shared layer that the handler needs in a server without slipway."""
    source = Path(slipway.__file__).parent
    folder.mkdir()
    (folder / "__init__.py").touch()
    for name in _SHARED:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if (source / name).is_dir():
            _copy(source / name, folder / name)
        else:
            shutil.copyfile(source / name, folder / name)


def _copy(source: Path, target: Path) -> Any:
    return shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
