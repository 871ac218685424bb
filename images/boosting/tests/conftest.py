"""What the tests of the boosting image share: tables, and jobs over them."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from boosting.tests.tables import in_table, mixed

from slipway import Channel, Job
from slipway.formats import Reading, reader
from slipway.image import Image
from slipway.paths import Paths
from slipway.table import match
from slipway.training.run import schema_of

IMAGE = Image.read(Path(__file__).parents[1])


@pytest.fixture(scope="session")
def table() -> pd.DataFrame:
    return mixed()


class Fitted:
    """A job that has run."""

    def __init__(self, model: Any, job: Job, folder: Path, channels: dict[str, Channel]) -> None:
        self.model = model
        self.channels = channels
        self.job = job
        self.metrics = job.metrics
        self.folder = folder


@pytest.fixture(scope="session")
def fit(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Fitted]:
    """Trains on tables by channel; a pair is a file and its name; text is a configuration."""

    def run(
        data: pd.DataFrame | Mapping[str, Any], /, checkpoints: Path | None = None, **given: Any
    ) -> Fitted:
        folder = tmp_path_factory.mktemp("job")
        channels = {}
        for name, content in (data if isinstance(data, dict) else {"train": data}).items():
            (folder / name).mkdir()
            if isinstance(content, pd.DataFrame):
                content.to_csv(folder / name / "table.csv", index=False)
            elif isinstance(content, tuple):
                (folder / name / content[0]).write_bytes(content[1])
            else:
                text = content if isinstance(content, str) else json.dumps(content)
                (folder / name / "params.json").write_text(text)
            channels[name] = Channel(name, folder / name)
            if name in {"validation", "test"}:
                channels[name].read_like(channels["train"])
        params = IMAGE.trainer().Hyperparameters.read(given)
        if checkpoints:
            (folder / "input/config").mkdir(parents=True)
            config = {"LocalPath": str(checkpoints)}
            (folder / "input/config/checkpointconfig.json").write_text(json.dumps(config))
        job = Job(IMAGE, Paths(folder), params)
        return Fitted(IMAGE.trainer().fit(channels, params, job), job, folder, channels)

    return run


@pytest.fixture(scope="session")
def ask() -> Callable[..., dict[str, Any]]:
    """A model's answers to a table."""
    options_of = IMAGE.predictor().options

    def answers(model: Any, rows: pd.DataFrame, **options: Any) -> dict[str, Any]:
        return dict(model.predict(in_table(model, rows), options_of(**options)).columns)

    return answers


@pytest.fixture(scope="session")
def request_of() -> Callable[..., dict[str, Any]]:
    """A model's answers to the body of a request, read by what training saw."""

    def answers(done: Fitted, body: bytes | str, media_type: str = "text/csv", **options: Any) -> Any:
        source, media = reader(media_type)
        schema = schema_of(done.model, {"train": done.channels["train"]})
        content = body.encode() if isinstance(body, str) else body
        table = match.typed(source.read(content, media, Reading(schema)), schema)
        return dict(done.model.predict(table, IMAGE.predictor().options(**options)).columns)

    return answers


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(0)
