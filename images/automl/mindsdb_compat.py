"""MindsDB in this process: no server, no child processes, no network, nothing of a customer's rows kept.

MindsDB reads the surroundings while it is imported, so they are set here before. It knows one storage folder
a process: ours is a scratch folder, which takes in the storage that is worked on. Written for mindsdb 26.1.0.
"""

import atexit
import json
import logging
import os
import shutil
import sqlite3
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from concurrent.futures import Future
from functools import cache
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

from .automl_handler.errors import Unfit
from .automl_handler.features import names

if TYPE_CHECKING:
    from pandas import DataFrame

    from .automl_handler.predictor import Answers, Predictor
    from .automl_handler.search.search import Trained
    from .automl_handler.search.trials import Watcher

DATABASE = "mindsdb.sqlite3.db"
HANDLER = "automl_handler"
MODEL = "model"
_ROWS = "train"
_KEPT = ("alembic_version", "predictor", "integration", "project")  # tables that say what the model is
_LOCK = RLock()


class MindsDB:
    """The one MindsDB of this process, over the scratch folder `root`; get it from `mindsdb()`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._holds: Path | None = None
        self._put_handler()
        os.environ.update(
            MINDSDB_STORAGE_DIR=str(root),
            MINDSDB_COMMUNITY_HANDLERS="true",
            MINDSDB_CONSOLE_LOG_LEVEL="CRITICAL",  # what fails here is told by us
            MINDSDB_STORAGE_BACKUP_DISABLED="1",
        )
        os.environ.pop("MINDSDB_DB_CON", None)
        handlers, level = logging.root.handlers[:], logging.root.level
        # It would ask GitHub for a list of handlers when it starts; it must not, and may have no network.
        from mindsdb.integrations.utilities import community_handler_fetcher

        community_handler_fetcher.list_available_handlers = list
        from mindsdb.integrations.libs import process_cache

        process_cache.WarmProcess = _Here
        from mindsdb.api.executor.command_executor import ExecuteCommands
        from mindsdb.api.executor.controllers.session_controller import SessionController
        from mindsdb.interfaces.database import integrations
        from mindsdb.interfaces.storage import db
        from mindsdb.migrations import migrate

        logging.root.handlers[:] = handlers
        logging.root.setLevel(level)
        for name in ("mindsdb", "alembic"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._db, self._migrate, self._integrations = db, migrate, integrations
        self._session, self._commands = SessionController, ExecuteCommands

    def train(
        self,
        table: "DataFrame",
        target: str,
        using: dict[str, Any],
        watcher: "Watcher",
        folder: Path,
        ends: float | None = None,
        dates: dict[str, dict[str, Any]] | None = None,
    ) -> "Trained":
        """CREATE MODEL … FROM files … PREDICT … USING engine='automl'; packs the storage in `folder`.

        SQL sees names of our own for the columns; the model knows their right ones. The search is over when
        `time.monotonic` is at `ends`. `dates` are the columns of times, and how they were written; without it
        the engine finds out which texts are dates. Raises what the engine raised.
        """
        from mindsdb_sql_parser.ast import Identifier
        from mindsdb_sql_parser.ast.mindsdb import CreatePredictor

        with _LOCK:
            self._empty()
            self._ask("CREATE ML_ENGINE automl FROM automl")
            called = names.own(table)
            named = next(name for name, column in called.items() if column == target)
            self._give(table.set_axis(list(called), axis=1))
            session = self._module("session")
            before, session.watcher = session.watcher, watcher
            session.ends, session.names, session.dates = ends, called, dates
            session.outcome.clear()
            try:
                self._execute(
                    CreatePredictor(
                        name=Identifier(parts=["mindsdb", MODEL]),
                        targets=[Identifier(parts=[named])],
                        integration_name=Identifier(parts=["files"]),
                        query_str=f"SELECT * FROM {_ROWS}",
                        using={"engine": "automl", **using},
                    )
                )
                if not session.outcome:
                    raise RuntimeError(f"MindsDB did not train the model: {self._error()}")
                found: Any = session.outcome.pop()
            finally:
                session.watcher, session.ends, session.names, session.dates = before, None, {}, None
            if type(found).__name__ == Unfit.__name__:
                raise Unfit(str(found))
            if isinstance(found, Exception):
                raise found
            self._pack(folder, target)
            self._empty()
            return found  # type: ignore[no-any-return]

    def predict(self, storage: Path, table: "DataFrame", level: float = 0.9) -> "DataFrame":
        """What MindsDB answers to the rows of `table`, with the model that `storage` holds."""
        with _LOCK:
            self._open(storage)
            node = self._as_user().datahub.get("mindsdb")
            found: DataFrame = node.predict(MODEL, table.copy(), params={"level": level})
            return found

    def answers(self, storage: Path, predictor: "Predictor", table: "DataFrame", level: float) -> "Answers":
        """The same as answers of `predictor`, which `storage` holds."""
        with _LOCK:
            found = self.predict(storage, table, level)
            known = self._module("handler").from_table(predictor, found)
            from .automl_handler.predictor import Answers

            return Answers(known.prediction, known.confidence, known.probabilities, known.low, known.high)

    def query(self, storage: Path, table: "DataFrame", *statements: str) -> "list[DataFrame]":
        """The answers to SQL over `files.train`, which is `table`, and a copy of `storage`."""
        with _LOCK:
            self._open(storage)
            self._give(table)
            try:
                return [self._ask(sql) for sql in statements]
            finally:
                self._empty()

    def _open(self, storage: Path) -> None:
        if self._holds != storage:
            self._empty(storage)
            self._holds = storage

    def _empty(self, storage: Path | None = None) -> None:
        """Begins anew, with a copy of `storage` or with nothing."""
        if self._db.engine is not None:
            self._db.session.remove()
            self._db.engine.dispose()
        self._holds = None
        for entry in self.root.iterdir():
            if entry.name != "community_handlers":
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        if storage is not None:
            shutil.copytree(storage, self.root, dirs_exist_ok=True, copy_function=shutil.copyfile)
        self._put_handler()
        (self.root / "config.auto.json").write_text("{}")
        from mindsdb.integrations.libs.ml_handler_process.handlers_cacher import handlers_cacher

        handlers_cacher.data.clear()
        self._db.init()
        self._set_context()
        self._migrate.migrate_to_head()
        self._integrations.integration_controller.create_permanent_integrations()

    def _put_handler(self) -> None:
        """The engine of this image, where MindsDB looks for a community's handlers."""
        place = self.root / "community_handlers" / HANDLER
        if not place.exists():
            shutil.copytree(
                Path(__file__).parent / HANDLER, place, ignore=shutil.ignore_patterns("__pycache__")
            )

    def _give(self, table: "DataFrame") -> None:
        from mindsdb.interfaces.file.file_controller import FileController

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "rows.parquet")
            table.to_parquet(path)
            FileController().save_file(_ROWS, str(path), file_name=path.name)

    def _module(self, name: str) -> Any:
        """A module of the handler as MindsDB imported it, which is not the one that we may have imported."""
        self._integrations.integration_controller.get_handler_module("automl")
        __import__(f"mindsdb_community_handlers.{HANDLER}.{name}")
        return sys.modules[f"mindsdb_community_handlers.{HANDLER}.{name}"]

    def _ask(self, sql: str) -> "DataFrame":
        from mindsdb_sql_parser import parse_sql

        answer = self._execute(parse_sql(sql))
        return answer.data.to_df() if answer.data is not None else None

    def _execute(self, statement: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self._commands(self._as_user()).execute_command(statement)

    def _as_user(self) -> Any:
        self._set_context()
        session = self._session()
        session.database = "mindsdb"
        # Its cache keeps the rows on disk, under a checksum of their shortened text, which others may share.
        session.predictor_cache = False
        return session

    def _set_context(self) -> None:
        from mindsdb.utilities.context import context

        context.set_default()

    def _error(self) -> str:
        record = self._db.session.query(self._db.Predictor).first()
        return str(record.data)[:500] if record is not None else "it made no model"

    def _pack(self, folder: Path, target: str) -> None:
        """The storage without rows: the model's files, the handler, and a database that names the model."""
        (record,) = self._db.session.query(self._db.Predictor)
        record.to_predict = [target]
        record.learn_args = {**record.learn_args, "target": target}
        self._db.session.commit()
        self._db.session.remove()
        self._db.engine.dispose()
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(self.root / "content/predictor", folder / "content/predictor")
        shutil.copytree(
            self.root / "community_handlers",
            folder / "community_handlers",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        with sqlite3.connect(self.root / DATABASE) as database:
            tables = [
                name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            ]
            for name in tables:
                if name not in _KEPT and not name.startswith("sqlite_"):
                    database.execute(f'DELETE FROM "{name}"')
            database.execute("UPDATE predictor SET training_metadata = ?", (json.dumps({"reason": "learn"}),))
        # Not a copy: the free pages of the file still hold what was deleted.
        database.execute("VACUUM INTO ?", (str(folder / DATABASE),))
        database.close()


@cache
def mindsdb() -> MindsDB:
    """MindsDB, started when it is first asked for, which takes some seconds."""
    root = Path(tempfile.mkdtemp(prefix="automl-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    return MindsDB(root)


class _Here:
    """What MindsDB takes for a warm process: each task is done at once, in this one."""

    def __init__(
        self, initializer: Callable[..., None] | None = None, initargs: tuple[Any, ...] = ()
    ) -> None:
        self.task: Future[Any] | None = None
        self.last_usage_at = time.time()
        self._markers: set[Any] = set()

    def shutdown(self, wait: bool = False) -> None:
        pass

    def ready(self) -> bool:
        return True

    def add_marker(self, marker: Any) -> None:
        self._markers.add(marker)

    def has_marker(self, marker: Any) -> bool:
        return marker in self._markers

    def is_marked(self) -> bool:
        return bool(self._markers)

    def apply_async(self, function: Callable[..., Any], *args: Any, **more: Any) -> "Future[Any]":
        self.last_usage_at = time.time()
        self.task = Future()
        try:
            self.task.set_result(function(*args, **more))
        except Exception as error:
            self.task.set_exception(error)
        return self.task
