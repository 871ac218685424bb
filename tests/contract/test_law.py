"""The law of every image: a model is a value, and saving it changes nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.samples import Sample
from slipway import Channel, Column, Model, Rows, Schema
from slipway.codecs import reader
from slipway.image import Image
from slipway.paths import Paths
from slipway.serving.endpoint import Payload
from slipway.training.job import Job


@pytest.fixture(scope="module")
def fitted(
    image: Image, sample: Sample, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], tuple[Model, Schema]]:
    def fit() -> tuple[Model, Schema]:
        trainer = image.trainer()
        data = {name: Channel(name, sample.folder / name) for name in sample.channels}
        job = Job(image, Paths(tmp_path_factory.mktemp("job")))
        model = trainer.fit(data, trainer.Hyperparameters.read(sample.hyperparameters), job)
        kinds = data[sample.main].kinds
        columns = tuple(Column(name=name, kind=kinds[name]) for name in model.columns)
        return model, Schema(columns=columns, table=tuple(kinds))

    return fit


@pytest.fixture(scope="module")
def model(fitted: Callable[[], tuple[Model, Schema]]) -> tuple[Model, Schema]:
    return fitted()


def rows(sample: Sample, schema: Schema) -> Rows:
    codec, media = reader("text/csv; header=present")
    return Rows(Payload(codec, media, sample.csv()), schema)


def answers(model: Model, rows: Rows) -> dict[str, list[Any]]:
    return {name: list(column) for name, column in model.predict(rows, type(model).options()).items()}


def test_a_saved_model_predicts_exactly_what_the_one_in_memory_does(
    image: Image, model: tuple[Model, Schema], sample: Sample, tmp_path: Path
) -> None:
    fresh, schema = model
    fresh.save(tmp_path)
    loaded = image.predictor().load(tmp_path)
    assert answers(loaded, rows(sample, schema)) == answers(fresh, rows(sample, schema))
    assert loaded.columns == fresh.columns


def test_predicting_changes_neither_the_model_nor_its_input(
    model: tuple[Model, Schema], sample: Sample
) -> None:
    fresh, schema = model
    once = rows(sample, schema)
    table = once.table.copy(deep=True)
    matrix = once.matrix.copy() if schema.numeric else None
    first = answers(fresh, once)
    assert once.table.equals(table), "predict changed rows.table"
    if matrix is not None:
        assert np.array_equal(once.matrix, matrix, equal_nan=True), "predict changed rows.matrix"
    assert answers(fresh, once) == first, "predict gives other answers the second time"


def test_the_same_data_and_seed_give_the_same_model(
    fitted: Callable[[], tuple[Model, Schema]], model: tuple[Model, Schema], sample: Sample
) -> None:
    """A1.12: a job that the platform tries anew starts from nothing."""
    again, schema = fitted()
    assert answers(again, rows(sample, schema)) == answers(model[0], rows(sample, schema))


def test_a_model_reads_only_columns_that_training_saw(model: tuple[Model, Schema], sample: Sample) -> None:
    fresh, schema = model
    assert fresh.columns
    assert set(fresh.columns) <= set(schema.table)
    assert set(fresh.columns) <= set(sample.names), (
        "sample/request.csv must have every column the model reads"
    )


def test_every_row_gets_one_answer_in_each_column(model: tuple[Model, Schema], sample: Sample) -> None:
    for name, column in answers(model[0], rows(sample, model[1])).items():
        assert len(column) == sample.height, name
