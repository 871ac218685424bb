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

from specimen import in_table, mixed

from slipway import Channel, Job
from slipway.image import Image
from slipway.paths import Paths

IMAGE = Image.read(Path(__file__).parent)


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


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(0)
