"""MindsDB in this process: no server, no child processes, no network, no customer rows left on disk.

MindsDB reads environment variables while it is imported, so they are set here first. It supports one storage
folder per process: a scratch folder, into which the storage of a model is copied. For mindsdb 26.1.0.
"""

import atexit
import logging
import os
import shutil
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

from .automl_handler.errors import DataError
from .automl_handler.features import sql_names
from .mindsdb_storage import DATABASE, HANDLER, content, install_handler, pack

if TYPE_CHECKING:
    from pandas import DataFrame

    from .automl_handler.predictor import Predictions, Predictor
    from .automl_handler.search.hosts import Crew
    from .automl_handler.search.run import SearchResult
    from .automl_handler.search.trials import Watcher

MODEL = "model"
_ROWS = "train"
_LOCK = RLock()


class MindsDB:
    """The MindsDB of this process on the scratch folder `root`; use `mindsdb()` to get it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._holds: Path | None = None
        self._empty = b""
        """The database without a model, once MindsDB has made it: 67 migrations, a third of a small job."""
        install_handler(self.root)
        os.environ.update(
            MINDSDB_STORAGE_DIR=str(root),
            MINDSDB_COMMUNITY_HANDLERS="true",
            MINDSDB_CONSOLE_LOG_LEVEL="CRITICAL",  # its errors are reported by this image
            MINDSDB_STORAGE_BACKUP_DISABLED="1",
        )
        os.environ.pop("MINDSDB_DB_CON", None)
        handlers, level = logging.root.handlers[:], logging.root.level
        # On start it asks GitHub for a list of handlers, for which there may be no network.
        from mindsdb.integrations.utilities import community_handler_fetcher

        community_handler_fetcher.list_available_handlers = list
        from mindsdb.integrations.libs import process_cache

        process_cache.WarmProcess = _InlineProcess
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
        crew: "Crew | None" = None,
    ) -> "SearchResult":
        """CREATE MODEL … FROM files … PREDICT … USING engine='automl'; writes the storage to `folder`.

        SQL sees generated column names; the model knows the real ones. The search ends when
        `time.monotonic()` reaches `ends`. `dates` are the date columns and their formats; without it the
        engine infers them from the cells. `crew` are the hosts, if there are several. Raises the exception of
        the engine.
        """
        from mindsdb_sql_parser.ast import Identifier
        from mindsdb_sql_parser.ast.mindsdb import CreatePredictor

        with _LOCK:
            self._reset()
            self._query("CREATE ML_ENGINE automl FROM automl")
            called = sql_names.assigned(table)
            named = next(name for name, column in called.items() if column == target)
            self._upload(table.set_axis(list(called), axis=1))
            session = self._module("session")
            before, session.watcher = session.watcher, watcher
            session.ends, session.names, session.dates, session.crew = ends, called, dates, crew
            session.result.clear()
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
                if not session.result:
                    raise RuntimeError(f"MindsDB did not train the model: {self._error()}")
                found: Any = session.result.pop()
            finally:
                session.watcher, session.ends, session.names = before, None, {}
                session.dates = session.crew = None
            if type(found).__name__ == DataError.__name__:
                raise DataError(str(found))
            if isinstance(found, Exception):
                raise found
            self._pack(folder, target)
            self._reset()
            return found  # type: ignore[no-any-return]

    def predict(self, storage: Path, table: "DataFrame", level: float = 0.9) -> "DataFrame":
        """MindsDB's predictions for the rows of `table`, by the model in `storage`."""
        with _LOCK:
            self._open(storage)
            node = self._as_user().datahub.get("mindsdb")
            found: DataFrame = node.predict(MODEL, table.copy(), params={"level": level})
            return found

    def answers(
        self, storage: Path, predictor: "Predictor", table: "DataFrame", level: float
    ) -> "Predictions":
        """The same as Predictions of `predictor`, which is the model in `storage`."""
        with _LOCK:
            found = self.predict(storage, table, level)
            known = self._module("handler").from_table(predictor, found)
            from .automl_handler.predictor import Predictions

            return Predictions(known.prediction, known.confidence, known.probabilities, known.low, known.high)

    def query(self, storage: Path, table: "DataFrame", *statements: str) -> "list[DataFrame]":
        """The results of SQL statements over `files.train`, which is `table`, and a copy of `storage`."""
        with _LOCK:
            self._open(storage)
            self._upload(table)
            try:
                return [self._query(sql) for sql in statements]
            finally:
                self._reset()

    def _open(self, storage: Path) -> None:
        if self._holds != storage:
            self._reset(storage)
            self._holds = storage

    def _reset(self, storage: Path | None = None) -> None:
        """Starts over with a copy of `storage`, or empty."""
        if self._db.engine is not None:
            self._db.session.remove()
            self._db.engine.dispose()
        self._holds = None
        for entry in self.root.iterdir():
            if entry.name != "community_handlers":
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        if storage is not None:
            shutil.copytree(storage, self.root, dirs_exist_ok=True, copy_function=shutil.copyfile)
        elif self._empty:
            (self.root / DATABASE).write_bytes(self._empty)
        install_handler(self.root)
        (self.root / "config.auto.json").write_text("{}")
        from mindsdb.integrations.libs.ml_handler_process.handlers_cacher import handlers_cacher

        handlers_cacher.data.clear()
        self._db.init()
        self._set_context()
        if storage is not None or not self._empty:
            self._migrate.migrate_to_head()
        if storage is None and not self._empty:
            self._empty = content(self.root)
        self._integrations.integration_controller.create_permanent_integrations()

    def _upload(self, table: "DataFrame") -> None:
        from mindsdb.interfaces.file.file_controller import FileController

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "rows.parquet")
            table.to_parquet(path)
            FileController().save_file(_ROWS, str(path), file_name=path.name)

    def _module(self, name: str) -> Any:
        """A module of the handler as MindsDB imported it, which is not the one that this package imports."""
        self._integrations.integration_controller.get_handler_module("automl")
        __import__(f"mindsdb_community_handlers.{HANDLER}.{name}")
        return sys.modules[f"mindsdb_community_handlers.{HANDLER}.{name}"]

    def _query(self, sql: str) -> "DataFrame":
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
        # Its cache writes rows to disk, under a checksum of their shortened text that other rows may share.
        session.predictor_cache = False
        return session

    def _set_context(self) -> None:
        from mindsdb.utilities.context import context

        context.set_default()

    def _error(self) -> str:
        record = self._db.session.query(self._db.Predictor).first()
        return str(record.data)[:500] if record is not None else "no model was created"

    def _pack(self, folder: Path, target: str) -> None:
        """Writes the storage to `folder`, with the right name of the target."""
        (record,) = self._db.session.query(self._db.Predictor)
        record.to_predict = [target]
        record.learn_args = {**record.learn_args, "target": target}
        self._db.session.commit()
        self._db.session.remove()
        self._db.engine.dispose()
        pack(self.root, folder)


@cache
def mindsdb() -> MindsDB:
    """MindsDB, started on first use, which takes some seconds."""
    root = Path(tempfile.mkdtemp(prefix="automl-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    return MindsDB(root)


class _InlineProcess:
    """Replaces MindsDB's warm process: runs each task at once in this process."""

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
