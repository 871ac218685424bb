"""The tests of the tests: faults planted in an image, each of which the suite must catch.

A fault is a change of one text in a copy of the template's folder, and the test that has to fail for it.
The same copy without a fault must pass, else a red test would prove nothing.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.forked import Pytest
from house.folders import ROOT
from tools import new

SHARED = ROOT / ".slipway/envs/shared/bin/python"
TOOLS = ROOT / ".slipway/envs/tools/bin/python"
Run = Callable[[str, Path, str], tuple[int, str]]


@dataclass(frozen=True)
class Fault:
    """A planted fault."""

    what: str
    file: str
    before: str
    after: str
    suite: str
    caught_by: str


FAULTS = [
    Fault(
        "predict drops a row",
        "predictor.py",
        'return Answers({"prediction": matrix @ self.weights + self.constant})',
        'return Answers({"prediction": (matrix @ self.weights + self.constant)[1:]})',
        "contract",
        "test_every_row_gets_one_answer_in_each_column",
    ),
    Fault(
        "predict changes its input",
        "predictor.py",
        "matrix = np.where(np.isnan(table.matrix), self.fill, table.matrix)",
        "matrix = table.matrix; matrix[np.isnan(matrix)] = 0; matrix += 1",
        "contract",
        "test_predicting_changes_neither_the_model_nor_its_input",
    ),
    Fault(
        "predict answers in another order",
        "predictor.py",
        'return Answers({"prediction": matrix @ self.weights + self.constant})',
        'return Answers({"prediction": np.sort(matrix @ self.weights + self.constant)})',
        "contract",
        "test_every_row_gets_one_answer_in_order",
    ),
    Fault(
        "fit ignores its seed",
        "train.py",
        "np.random.default_rng(params.seed)",
        "np.random.default_rng()",
        "contract",
        "test_the_same_data_and_seed_give_the_same_model",
    ),
    Fault(
        "save loses precision",
        "predictor.py",
        "weights=self.weights, constant",
        "weights=self.weights.astype(np.float32), constant",
        "contract",
        "test_a_saved_model_predicts_exactly_what_the_one_in_memory_does",
    ),
    Fault(
        "a bad table is reported as our fault",
        "train.py",
        '    table = data["train"].table\n',
        '    try:\n        table = data["train"].table\n'
        '    except UserError as error:\n        raise RuntimeError("something went wrong") from error\n',
        "contract",
        "test_a_bad_table_fails_the_job_with_a_line_that_helps",
    ),
    Fault(
        "a metric that nobody declared",
        "image.toml",
        "[metrics.rmse]",
        "[metrics.mse]",
        "contract",
        "test_a_job_that_succeeds_exits_with_0_and_leaves_no_failure_file",
    ),
    Fault(
        "a model that cannot tell a gap from a number",
        "predictor.py",
        "matrix = np.where(np.isnan(table.matrix), self.fill, table.matrix)",
        "matrix = table.matrix[~np.isnan(table.matrix).any(axis=1)]",
        "contract",
        "test_missing_cells_lose_no_row",
    ),
    Fault(
        "a hyperparameter without a description",
        "hyperparameters.py",
        '    """The column to learn."""\n',
        "",
        "house",
        "test_every_hyperparameter_and_option_is_described_in_one_line",
    ),
    Fault(
        "an open bound",
        "hyperparameters.py",
        "Field(ge=1, le=1000)",
        "Field(gt=0, le=1000)",
        "house",
        "test_every_range_is_closed",
    ),
    Fault(
        "more categories than SageMaker takes",
        "hyperparameters.py",
        "    seed: Annotated",
        "    many: Literal["
        + ", ".join(f'"c{number}"' for number in range(32))
        + '] = "c0"\n    """One of many."""\n    seed: Annotated',
        "house",
        "test_no_choice_has_more_than_30_categories",
    ),
    Fault(
        "another word for a known idea",
        "hyperparameters.py",
        "    seed: Annotated",
        "    random_state: Annotated",
        "house",
        "test_the_same_idea_has_the_same_name",
    ),
    Fault(
        "an instance type that does not exist",
        "image.toml",
        '"ml.m5.xlarge"]',
        '"ml.m55.xlarge"]',
        "house",
        "test_the_instance_types_exist",
    ),
    Fault(
        "a misspelt verb",
        "train.py",
        "def fit(",
        "def fitt(",
        "house",
        "test_the_training_module_defines_fit",
    ),
    Fault(
        "a misspelt class",
        "predictor.py",
        "class Model(slipway.Model):",
        "class Modell(slipway.Model):",
        "house",
        "cannot describe itself",
    ),
    Fault(
        "a wrong word in image.toml",
        "image.toml",
        "row_rule =",
        "row_rules =",
        "house",
        "row_rule",
    ),
    Fault(
        "an odd version",
        "image.toml",
        'version = "0.1.0"',
        'version = "v0.1"',
        "house",
        "version",
    ),
    Fault(
        "an image that reads the environment",
        "train.py",
        "import numpy as np\n",
        "import os\n\nimport numpy as np\n\nHOME = os.environ.get('HOME')\n",
        "house",
        "test_an_image_imports_no_server_no_client_and_no_surroundings",
    ),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Makes a copy of the template's folder, complete as `make new` leaves it."""

    def make() -> Path:
        folder = tmp_path_factory.mktemp("fault") / "faulty"
        new.write("faulty", folder)
        (folder / "requirements.lock").write_bytes((ROOT / "shared/requirements.lock").read_bytes())
        return folder

    return make


@dataclass(frozen=True)
class Suite:
    """Tests that are run over a folder as they are run over an image."""

    python: Path
    arguments: tuple[str, ...]
    modules: tuple[str, ...] = ()
    """What the tests import only while they run."""


SUITES = {
    # In the test's own process.
    "contract": Suite(
        SHARED, ("tests/contract", "--place=inside"), ("slipway.*", "matplotlib.figure", "pandas")
    ),
    "house": Suite(TOOLS, ("tests/house/test_images.py", "tests/house/test_imports.py")),
}


@pytest.fixture(scope="module")
def run(copy: Callable[[], Path]) -> Iterator[Run]:
    """Runs a suite over a folder; imported once for all. Returns the exit code, and what pytest says."""
    with ExitStack() as stack:
        folder = copy()
        started = {
            name: stack.enter_context(
                Pytest(suite.python, [*suite.arguments, f"--image={folder}"], suite.modules)
            )
            for name, suite in SUITES.items()
        }

        def run(suite: str, folder: Path, only: str = "") -> tuple[int, str]:
            chosen = ["-k", only] if only else ["-x"]
            return started[suite].run(
                "-q", "--no-header", *SUITES[suite].arguments, f"--image={folder}", *chosen
            )

        yield run


@pytest.mark.parametrize("suite", ["contract", "house"])
def test_the_template_without_a_fault_passes(copy: Callable[[], Path], run: Run, suite: str) -> None:
    code, told = run(suite, copy(), "")
    assert code == 0, told[-4000:]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.what)
def test_a_planted_fault_is_caught(copy: Callable[[], Path], run: Run, fault: Fault) -> None:
    folder = copy()
    path = folder / fault.file
    content = path.read_text()
    assert fault.before in content, (
        f"the fault has nothing to change: {fault.before!r} is not in {fault.file}"
    )
    content = content.replace(fault.before, fault.after)
    if "Literal[" in fault.after:
        content = content.replace("from typing import Annotated", "from typing import Annotated, Literal")
    path.write_text(content)
    code, told = run(fault.suite, folder, fault.caught_by if fault.caught_by.startswith("test_") else "")
    assert code == 1, f"{fault.what} went unnoticed:\n{told[-3000:]}"
    assert fault.caught_by in told, f"{fault.what} was noticed, but not for what it is:\n{told[-3000:]}"
