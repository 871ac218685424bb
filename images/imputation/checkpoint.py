"""Finished columns, kept against interruption: a job that starts again goes on with the next one."""

import hashlib
import json
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from slipway import Job, Table

from .confidence.labels import Calibration
from .confidence.numbers import Residuals
from .models.column_fit import FittedColumn
from .models.column_model import ColumnModel

CONFIDENCES = {kind.__name__: kind for kind in (Calibration, Residuals)}


class Kept:
    """The columns of one table; those of another table have other names."""

    def __init__(self, job: Job, table: Table) -> None:
        from pandas.util import hash_pandas_object

        self._job = job
        rows = hash_pandas_object(table.frame(), index=False).to_numpy().tobytes() if job.checkpoints else b""
        self._table = hashlib.sha256(rows + "\n".join(table.names).encode())

    def find(self, column: str) -> FittedColumn | None:
        """What was learnt of a column before the job was interrupted."""
        path = self._job.checkpoints.find(self._name(column))
        if path is None:
            return None
        with TemporaryDirectory() as place, zipfile.ZipFile(path) as packed:
            folder = Path(place)
            packed.extractall(folder)
            facts = json.loads((folder / "column.json").read_text())
            with np.load(folder / "confidence.npz", allow_pickle=False) as state:
                confidence = CONFIDENCES[facts["confidence"]].revived(dict(state))
            return FittedColumn(ColumnModel.load(folder / "model"), confidence, facts["quality"])

    def keep(self, column: str, fitted: FittedColumn) -> None:
        """Saves what was learnt of a column; not what a stop may have cut short."""
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
