"""The engine of `CREATE MODEL … PREDICT … USING engine='automl'`."""

import json
import logging
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mindsdb.integrations.libs.base import BaseMLEngine

from . import session
from .errors import DataError
from .features import sql_names
from .features.dates import DateFormat
from .predictor import LEVEL, Predictions, Predictor
from .refit import refit
from .search.config import SearchConfig
from .search.run import SearchResult, search
from .types import Floats

_FOLDER = "predictor"
_MINDSDB = ("engine", "__mdb_sql_task", "target", "using")
log = logging.getLogger(__name__)


class AutoML(BaseMLEngine):  # type: ignore[misc]
    """`USING` takes the image's hyperparameters, or `folder`, the folder of a fitted predictor."""

    name = "automl"

    def create(self, target: str, df: pd.DataFrame | None = None, args: dict[str, Any] | None = None) -> None:
        """Runs the search and stores the predictor in the model's storage."""
        using = {name: value for name, value in (args or {}).get("using", {}).items() if name not in _MINDSDB}
        folder = using.pop("folder", None)
        try:
            if folder is not None:
                self._store(Predictor.load(Path(folder)))
                return
            if df is None:
                raise DataError("CREATE MODEL needs rows to learn from: FROM integration (SELECT …)")
            config = SearchConfig.of(using)
            config = replace(config, time_limit_s=session.seconds(config.time_limit_s))
            given_names = session.names
            dates = session.dates
            known = None if dates is None else {name: DateFormat(**facts) for name, facts in dates.items()}
            table = df.rename(columns=given_names)
            named = given_names.get(target, target)
            result = search(table, named, config, session.watcher, known, session.crew)
        except Exception as error:
            session.record_error(error)
            raise
        self._store(result.predictor)
        session.record_result(result)

    def predict(self, df: pd.DataFrame, args: dict[str, Any] | None = None) -> pd.DataFrame:
        """The target, its confidence, probabilities as JSON, and the prediction interval of a number."""
        predictor = self._predictor
        df = df.rename(columns=sql_names.matching(predictor.reads, list(df)))
        absent = [name for name in predictor.reads if name not in df]
        if absent:
            df = df.assign(**dict.fromkeys(absent))
        level = float((args or {}).get("predict_params", {}).get("level", LEVEL))
        return as_table(predictor, predictor.predict(df, level))

    def describe(self, attribute: str | None = None) -> pd.DataFrame:
        """`DESCRIBE model.leaderboard`, `.columns`, `.scores`; otherwise one row about the model."""
        predictor = self._predictor
        facts = predictor.facts
        if attribute == "leaderboard":
            return pd.DataFrame(facts["leaderboard"])
        if attribute == "scores":
            return pd.DataFrame({"metric": list(facts["scores"]), "value": list(facts["scores"].values())})
        if attribute == "columns":
            used = [{"column": one.name, "kind": one.kind, "why": ""} for one in predictor.columns]
            dropped = [
                {"column": name, "kind": "dropped", "why": why} for name, why in facts["dropped"].items()
            ]
            return pd.DataFrame([*used, *dropped])
        return pd.DataFrame(
            {
                "target": [predictor.problem.target],
                "problem_type": [predictor.problem.kind],
                "rows": [facts["rows"]],
                "metric": [facts["metric"]],
                "score": [facts["scores"].get(facts["metric"])],
                "attributes": ["leaderboard, scores, columns"],
            }
        )

    def finetune(self, df: pd.DataFrame | None = None, args: dict[str, Any] | None = None) -> None:
        """Keeps the models; fits their blend and calibration to new rows."""
        if df is None:
            raise DataError("FINETUNE needs rows: FROM integration (SELECT …)")
        base = Predictor.load(Path(self.base_model_storage.folder_get(_FOLDER)))
        wanted = [base.problem.target, *base.reads]
        self._store(refit(base, df.rename(columns=sql_names.matching(wanted, list(df)))))

    def _store(self, predictor: Predictor) -> None:
        folder = Path(self.model_storage.folder_get(_FOLDER))
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        predictor.save(folder)
        self.model_storage.folder_sync(_FOLDER)
        self._fitted = predictor

    @property
    def _predictor(self) -> Predictor:
        """Loaded once, as MindsDB reuses the handler of a model."""
        if not hasattr(self, "_fitted"):
            self._fitted = Predictor.load(Path(self.model_storage.folder_get(_FOLDER)))
        return self._fitted


def as_table(predictor: Predictor, found: Predictions) -> pd.DataFrame:
    """Predictions as a table for SQL."""
    target = predictor.problem.target
    columns: dict[str, Any] = {"confidence": found.confidence}
    if found.probabilities is not None:
        labels = [str(label) for label in predictor.problem.labels]
        columns["probabilities"] = [
            json.dumps(dict(zip(labels, row, strict=True))) for row in found.probabilities.tolist()
        ]
    if found.low is not None and found.high is not None:
        columns |= {"low": found.low, "high": found.high}
    return pd.DataFrame(
        {
            target: found.prediction,
            **{sql_names.unused(name, target): cells for name, cells in columns.items()},
        }
    )


def from_table(predictor: Predictor, table: pd.DataFrame) -> Predictions:
    """The inverse of `as_table`."""
    problem = predictor.problem
    cells = table[problem.target]

    def floats(name: str) -> Floats:
        return np.asarray(table[sql_names.unused(name, problem.target)], np.float64)

    if problem.is_regression:
        return Predictions(
            cells.to_numpy(np.float64), floats("confidence"), None, floats("low"), floats("high")
        )
    rows = [
        list(json.loads(row).values()) for row in table[sql_names.unused("probabilities", problem.target)]
    ]
    labels = cells.to_numpy(object if problem.has_texts else None)
    return Predictions(labels, floats("confidence"), np.array(rows, np.float64))


__all__ = ["AutoML", "SearchResult", "as_table", "from_table"]
