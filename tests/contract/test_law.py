"""The law of every image: a model is a value, and saving it changes nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.samples import Sample
from slipway import Channel, Model, Schema, Table
from slipway.formats import Reading, reader
from slipway.image import Image
from slipway.paths import Paths
from slipway.table import match
from slipway.table.options import DataOptions
from slipway.training.job import Job
from slipway.training.run import schema_of


@pytest.fixture(scope="module")
def fitted(
    image: Image, sample: Sample, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], tuple[Model, Schema]]:
    def fit() -> tuple[Model, Schema]:
        params = image.hyperparameters().read(sample.hyperparameters)
        options = DataOptions(params.kinds, params.dates, params.missing)
        data = {name: Channel(name, sample.folder / name, options=options) for name in sample.channels}
        job = Job(image, Paths(tmp_path_factory.mktemp("job")))
        model = image.trainer().fit(data, params, job)
        return model, schema_of(model, {sample.main: data[sample.main]})

    return fit


@pytest.fixture(scope="module")
def model(fitted: Callable[[], tuple[Model, Schema]]) -> tuple[Model, Schema]:
    return fitted()


def table(sample: Sample, schema: Schema) -> Table:
    source, media = reader("text/csv; header=present")
    return match.typed(source.read(sample.csv(), media, Reading(schema, keep=True)), schema, keep=True)


def answers(model: Model, table: Table) -> dict[str, list[Any]]:
    found = model.predict(table, type(model).options()).columns
    # NaN, which stands for a gap among numbers, is not equal to itself.
    return {
        name: [None if cell != cell else cell for cell in column.tolist()] for name, column in found.items()
    }


def test_a_saved_model_predicts_exactly_what_the_one_in_memory_does(
    image: Image, model: tuple[Model, Schema], sample: Sample, tmp_path: Path
) -> None:
    fresh, schema = model
    fresh.save(tmp_path)
    loaded = image.predictor().load(tmp_path)
    assert answers(loaded, table(sample, schema)) == answers(fresh, table(sample, schema))
    assert list(loaded.columns) == list(fresh.columns)


def test_predicting_changes_neither_the_model_nor_its_input(
    model: tuple[Model, Schema], sample: Sample
) -> None:
    fresh, schema = model
    once = table(sample, schema)
    frame = once.frame().copy(deep=True)
    matrix = once.matrix.copy() if schema.numeric else None
    first = answers(fresh, once)
    assert once.frame().equals(frame), "predict changed the table"
    if matrix is not None:
        assert np.array_equal(once.matrix, matrix, equal_nan=True), "predict changed the table's matrix"
    assert answers(fresh, once) == first, "predict gives other answers the second time"


@pytest.mark.contract("A1.12")
def test_the_same_data_and_seed_give_the_same_model(
    fitted: Callable[[], tuple[Model, Schema]], model: tuple[Model, Schema], sample: Sample
) -> None:
    """A job that the platform tries anew starts from nothing."""
    again, schema = fitted()
    assert answers(again, table(sample, schema)) == answers(model[0], table(sample, schema))


def test_a_model_reads_only_columns_that_training_saw(model: tuple[Model, Schema], sample: Sample) -> None:
    fresh, schema = model
    assert fresh.columns
    assert set(fresh.names) <= set(schema.table_names)
    assert set(fresh.names) <= set(sample.names), "sample/request.csv must have every column the model reads"


def test_every_row_gets_one_answer_in_each_column(model: tuple[Model, Schema], sample: Sample) -> None:
    for name, column in answers(model[0], table(sample, model[1])).items():
        assert len(column) == sample.height, name


def test_a_table_of_no_rows_gives_the_same_columns_of_no_entries(
    model: tuple[Model, Schema], sample: Sample
) -> None:
    """By which a batch of invalid rows alone is answered in the columns of all others."""
    whole = table(sample, model[1])
    none = answers(model[0], whole.take(np.arange(0)))
    assert list(none) == list(answers(model[0], whole))
    assert all(column == [] for column in none.values())
