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
    with pytest.MonkeyPatch.context() as patch, alone():
        patch.setenv("SAGEMAKER_USER_CONFIG_OVERRIDE", str(folder / "config.yaml"))
        patch.setenv("TMPDIR", str(folder))
        client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(image.folder)}})
        try:
            client.execute()
        finally:
            remove_what_the_sdk_leaves()
    return notebook


def printed(notebook: Any, source: str) -> str:
    """What the cell that has `source` printed."""
    (cell,) = (cell for cell in notebook.cells if cell.cell_type == "code" and source in cell.source)
    return "".join(one.get("text", "") for one in cell.outputs if one.output_type == "stream")


def test_the_notebook_shows_a_prediction_for_the_sample(ran: Any) -> None:
    assert '"predictions": [' in printed(ran, "predictor.predict(")


def test_b4_the_notebook_shows_a_line_for_every_line_of_a_batch(ran: Any, sample: Sample) -> None:
    lines = printed(ran, "transformer.transform(").splitlines()
    assert sum(line.startswith("{") for line in lines) == min(5, sample.height), "B4.5"


def test_the_notebook_is_kept_without_outputs(image: Image) -> None:
    notebook = nbformat.read(image.folder / "notebook.ipynb", as_version=4)
    assert not [cell for cell in notebook.cells if cell.get("outputs") or cell.get("execution_count")]


def test_the_notebook_leaves_nothing_beside_itself(image: Image, ran: Any) -> None:
    assert not [path for path in Path(image.folder).glob("*") if path.name.startswith((".ipynb", "tmp"))]
