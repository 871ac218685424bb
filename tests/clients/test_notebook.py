"""The image's notebook, run as it stands: fit, deploy, predict and transform in the SDK's local mode."""

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from clients.local_mode import alone, remove_what_the_sdk_leaves
from harness.places import free_port
from harness.samples import Sample
from slipway.image import Image

# What the SDK tells AWS of its use would wait for a network that is not there.
NO_TELEMETRY = "SchemaVersion: '1.0'\nSageMaker: {PythonSDK: {Modules: {TelemetryOptOut: true}}}\n"


@pytest.fixture(scope="module")
def ran(image: Image, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The notebook with the outputs of its cells."""
    folder = tmp_path_factory.mktemp("notebook")
    (folder / "config.yaml").write_text(NO_TELEMETRY)
    notebook = nbformat.read(image.folder / "notebook.ipynb", as_version=4)
    nbformat.validate(notebook)
    place = next(n for n, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", []))
    # As papermill gives parameters, in a cell after the notebook's own. Another port, as 8080 may be taken.
    given = f'PORT = {free_port()}\nIMAGE_URI = "slipway/{image.name}:latest"'
    notebook.cells.insert(place + 1, nbformat.v4.new_code_cell(given))
    notebook.cells.append(nbformat.v4.new_code_cell('[len(answer["predictions"]), len(lines)]'))
    with pytest.MonkeyPatch.context() as patch, alone():
        patch.setenv("SAGEMAKER_USER_CONFIG_OVERRIDE", str(folder / "config.yaml"))
        patch.setenv("TMPDIR", str(folder))
        client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(image.folder)}})
        try:
            client.execute()
        finally:
            remove_what_the_sdk_leaves()
    return notebook


def shown(cell: Any) -> str:
    """The value that a cell ends with, apart from what the containers log beside it."""
    (value,) = (one["data"]["text/plain"] for one in cell.outputs if one.output_type == "execute_result")
    return str(value)


def test_b4_the_notebook_predicts_every_row_and_transforms_every_line(ran: Any, sample: Sample) -> None:
    assert shown(ran.cells[-1]) == f"[{sample.height}, {sample.height}]", "B4.5"


@pytest.mark.parametrize("ending", ["answer", "lines[:5]"])
def test_the_notebook_shows_its_answers(ran: Any, ending: str) -> None:
    (cell,) = (one for one in ran.cells if one.source.splitlines()[-1] == ending)
    assert shown(cell)


def test_the_notebook_is_kept_without_outputs(image: Image) -> None:
    notebook = nbformat.read(image.folder / "notebook.ipynb", as_version=4)
    assert not [cell for cell in notebook.cells if cell.get("outputs") or cell.get("execution_count")]


def test_the_notebook_leaves_nothing_beside_itself(image: Image, ran: Any) -> None:
    assert not [path for path in Path(image.folder).glob("*") if path.name.startswith((".ipynb", "tmp"))]
