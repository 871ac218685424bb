"""Checkpoints of finished columns: a job that is restarted continues with the next column."""

import hashlib
import json
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from slipway import Job, Table

from .confidence.labels import LabelConfidence
from .confidence.numbers import NumberConfidence
from .models.column_fit import FittedColumn
from .models.column_model import ColumnModel

CONFIDENCES = {kind.__name__: kind for kind in (LabelConfidence, NumberConfidence)}


class ColumnCheckpoint:
    """Checkpoints of the columns of one table; the file name has a digest of the table."""

    def __init__(self, job: Job, table: Table) -> None:
        from pandas.util import hash_pandas_object

        self._job = job
        rows = hash_pandas_object(table.frame(), index=False).to_numpy().tobytes() if job.checkpoints else b""
        self._table = hashlib.sha256(rows + "\n".join(table.names).encode())

    def load(self, column: str) -> FittedColumn | None:
        """The column as fitted before the job was interrupted; None if there is no checkpoint of it."""
        path = self._job.checkpoints.find(self._name(column))
        if path is None:
            return None
        with TemporaryDirectory() as place, zipfile.ZipFile(path) as packed:
            folder = Path(place)
            packed.extractall(folder)
            facts = json.loads((folder / "column.json").read_text())
            with np.load(folder / "confidence.npz", allow_pickle=False) as state:
                confidence = CONFIDENCES[facts["confidence"]].from_state(dict(state))
            return FittedColumn(ColumnModel.load(folder / "model"), confidence, facts["quality"])

    def save(self, column: str, fitted: FittedColumn) -> None:
        """Saves a fitted column, unless the job is stopping: its fit may have been cut short."""
        if not self._job.should_stop():
            self._job.checkpoints.save(self._name(column), lambda path: _pack(path, fitted))

    def _name(self, column: str) -> str:
        digest = self._table.copy()
        digest.update(b"\n\n" + column.encode())
        return f"column-{digest.hexdigest()[:16]}.zip"


def _pack(path: Path, fitted: FittedColumn) -> None:
    with TemporaryDirectory() as place, zipfile.ZipFile(path, "w") as packed:
        folder = Path(place)
        fitted.model.save(folder / "model")
        np.savez(folder / "confidence.npz", **fitted.confidence.state())
        facts = {"confidence": type(fitted.confidence).__name__, "quality": fitted.quality}
        (folder / "column.json").write_text(json.dumps(facts, ensure_ascii=False))
        for file in sorted(folder.rglob("*")):
            packed.write(file, file.relative_to(folder))
