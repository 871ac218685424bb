"""What the tests of the boosting image share: tables, and jobs over them."""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # as serving does, so that the tests find its modules

from specimen import mixed

from slipway import Channel, Job
from slipway.image import Image
from slipway.paths import Paths

IMAGE = Image.read(Path(__file__).parent)


@pytest.fixture(scope="session")
def table() -> pd.DataFrame:
    return mixed()


class Fitted:
    """A job that has run."""

    def __init__(self, model: Any, job: Job, folder: Path) -> None:
        self.model = model
        self.job = job
        self.metrics = job.metrics
        self.folder = folder


@pytest.fixture(scope="session")
def fit(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Fitted]:
    """Trains on tables by channel; a channel that is text is a configuration."""

    def run(
        data: pd.DataFrame | Mapping[str, Any], /, checkpoints: Path | None = None, **given: Any
    ) -> Fitted:
        folder = tmp_path_factory.mktemp("job")
        channels = {}
        for name, content in (data if isinstance(data, dict) else {"train": data}).items():
            (folder / name).mkdir()
            if isinstance(content, pd.DataFrame):
                content.to_csv(folder / name / "table.csv", index=False)
            else:
                text = content if isinstance(content, str) else json.dumps(content)
                (folder / name / "params.json").write_text(text)
            channels[name] = Channel(name, folder / name)
        params = IMAGE.trainer().Hyperparameters.read(given)
        if checkpoints:
            (folder / "input/config").mkdir(parents=True)
            config = {"LocalPath": str(checkpoints)}
            (folder / "input/config/checkpointconfig.json").write_text(json.dumps(config))
        job = Job(IMAGE, Paths(folder), params)
        return Fitted(IMAGE.trainer().fit(channels, params, job), job, folder)

    return run


@pytest.fixture(scope="session")
def ask() -> Callable[..., dict[str, Any]]:
    """A model's answers to a table."""
    from slipway import Column, Rows, Schema
    from slipway.sheet import Sheet

    options_of = IMAGE.predictor().options

    class Cells:
        def __init__(self, table: pd.DataFrame) -> None:
            self.table = table

        def sheet(self, schema: Schema | None) -> Sheet:
            columns = [
                [None if cell is None or cell != cell else cell for cell in column.tolist()]
                for _, column in self.table.items()
            ]
            return Sheet(columns, len(self.table), list(self.table))

        def matrix(self, schema: Schema) -> None:
            return None

    def answers(model: Any, rows: pd.DataFrame, **options: Any) -> dict[str, Any]:
        columns = tuple(
            Column(name=name, kind="number" if rows[name].dtype.kind in "fiu" else "text")
            for name in model.columns
        )
        made = Rows(Cells(rows[model.columns]), Schema(columns=columns, table=tuple(model.columns)))
        return dict(model.predict(made, options_of(**options)))

    return answers


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(0)
