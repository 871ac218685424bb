"""The image's notebook, run as it stands: the SDK in local mode trains, deploys, predicts, transforms."""

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from clients.local_mode import alone, remove_what_the_sdk_leaves
from harness.places import free_port
from harness.samples import Sample
from slipway.image import Image


@pytest.fixture(scope="module")
def ran(image: Image, sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The notebook with the outputs of its cells, and of two that are added."""
    folder = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.read(image.folder / "notebook.ipynb", as_version=4)
    nbformat.validate(notebook)
    # As papermill gives parameters, in a cell after the notebook's own. Another port, as 8080 may be taken.
    _insert(notebook, "PORT = ", f'PORT = {free_port()}\nIMAGE_URI = "slipway/{image.name}:latest"')
    rows = json.dumps(sample.rows)
    _insert(notebook, "answer = predict(", f"by_rows = predict({rows!r}, 'application/json')")
    counts = '[len(answer["predictions"]), len(by_rows["predictions"]), len(lines)]'
    _insert(notebook, "lines[:5]", counts)
    with pytest.MonkeyPatch.context() as patch, alone():
        patch.setenv("TMPDIR", str(folder))
        client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(image.folder)}})
        try:
            client.execute()
        finally:
            remove_what_the_sdk_leaves()
    return notebook


def _insert(notebook: Any, after: str, source: str) -> None:
    """Another cell, after the one that has the text `after`."""
    place = next(
        place
        for place, cell in enumerate(notebook.cells)
        if cell.cell_type == "code" and after in cell.source
    )
    notebook.cells.insert(place + 1, nbformat.v4.new_code_cell(source))


def shown(notebook: Any, last: str) -> str:
    """The value of the cell that ends with the line `last`, apart from what containers log beside it."""
    (cell,) = (one for one in notebook.cells if one.source.splitlines()[-1] == last)
    (value,) = (one["data"]["text/plain"] for one in cell.outputs if one.output_type == "execute_result")
    return str(value)


def test_training_makes_a_model(ran: Any) -> None:
    assert shown(ran, "model_data").strip("'").endswith("model.tar.gz")


@pytest.mark.contract("B4.5", "B8.2")
def test_every_row_is_predicted_and_every_line_of_a_batch_is_answered(ran: Any, sample: Sample) -> None:
    """Rows are sent as CSV with a header, as lists in JSON, and by the SDK as a file line by line."""
    (counts,) = (one for one in ran.cells if one.source.startswith("[len("))
    assert shown(ran, counts.source) == str([sample.height] * 3)


def test_the_notebook_shows_its_answers(ran: Any) -> None:
    assert "predictions" in shown(ran, "answer")
    assert shown(ran, "lines[:5]").startswith("['{")


def test_the_notebook_is_kept_without_outputs(image: Image) -> None:
    notebook = nbformat.read(image.folder / "notebook.ipynb", as_version=4)
    assert not [cell for cell in notebook.cells if cell.get("outputs") or cell.get("execution_count")]


def test_the_notebook_leaves_nothing_beside_itself(image: Image, ran: Any) -> None:
    assert not [path for path in Path(image.folder).glob("*") if path.name.startswith((".ipynb", "tmp"))]
