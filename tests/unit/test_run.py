"""`train`: exit codes, the failure file, and what a job leaves behind."""

import json
import signal

import pytest

from slipway.manifest import Manifest
from slipway.training.run import FAILED, train


@pytest.fixture(autouse=True)
def _signals():
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    yield
    for number, handler in zip((signal.SIGTERM, signal.SIGINT), before, strict=True):
        signal.signal(number, handler)


def configured(root, **files):
    for name, content in files.items():
        (root / f"input/config/{name}.json").write_text(json.dumps(content))


def failure(root):
    return (root / "output/failure").read_text()


def test_a_job_leaves_a_model_and_a_report(settings_of, root, capsys):
    """A1.6, A2.9, A2.10."""
    configured(root, hyperparameters={"k": '"5"', "sagemaker_region": '"eu"'})
    assert train(settings_of()) == 0
    manifest = Manifest.read(root / "model", "adder")
    assert manifest.hyperparameters == {"k": 5, "fail": ""}
    assert manifest.metrics == {"loss": 3.0}
    assert manifest.reads.names == ("x", "y")
    assert manifest.reads.columns[0].kind == "integer"
    assert {path.name for path in (root / "output/data").iterdir()} == {"report.html", "report.json"}
    assert not (root / "output/failure").exists()
    assert "metric loss=3;\n" in capsys.readouterr().out


def test_a_callers_mistake_is_the_whole_failure_file(settings_of, root):
    """A1.6, A1.7, D27: one line, the cause first, no traceback."""
    configured(root, hyperparameters={"fail": "user"})
    assert train(settings_of()) == FAILED
    assert failure(root) == "the data are bad"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("ours", "internal error (ValueError): the log of the job has the details"),
        ("memory", "out of memory: use an instance with more of it, or less data"),
    ],
)
def test_a_fault_of_ours_gives_nothing_away(settings_of, root, kind, text, capfd):
    """A1.7, D18, D27."""
    configured(root, hyperparameters={"fail": kind})
    assert train(settings_of()) == FAILED
    assert failure(root) == text


def test_the_failure_file_holds_what_the_platform_shows(settings_of, root):
    """A1.7: 1,024 characters."""
    configured(root, hyperparameters={"fail": "long"})
    assert train(settings_of()) == FAILED
    assert failure(root) == "x" * 1024


@pytest.mark.parametrize(
    ("files", "text"),
    [
        ({"hyperparameters": {"kk": "1"}}, "unknown hyperparameter kk; known: k, fail"),
        ({"hyperparameters": {"k": "0"}}, 'hyperparameter k: expected greater than or equal to 1, got "0"'),
        ({"inputdataconfig": {"other": {}}}, "unknown channel other"),
        ({"inputdataconfig": {"train": {}, "test": {}}}, "channel test has no data files"),
        (
            {"inputdataconfig": {"train": {"ContentType": "image/png"}}},
            "file a.csv: Content-Type: expected one of",
        ),
    ],
    ids=str,
)
def test_a_job_that_cannot_be_done_says_why(settings_of, root, files, text):
    configured(root, **files)
    assert train(settings_of()) == FAILED
    assert failure(root).startswith(text)


HOSTS = {"hosts": ["algo-1", "algo-2"]}


def test_a_host_that_does_not_lead_has_nothing_to_do(settings_of, root):
    """A2.11, A6.7."""
    configured(root, resourceconfig={**HOSTS, "current_host": "algo-2"})
    assert train(settings_of()) == 0
    assert not list((root / "model").iterdir())


@pytest.mark.parametrize("current", HOSTS["hosts"])
def test_a_shard_never_passes_for_the_whole(settings_of, root, current):
    """A4.9, A6.7."""
    configured(
        root,
        resourceconfig={**HOSTS, "current_host": current},
        inputdataconfig={"train": {"S3DistributionType": "ShardedByS3Key"}},
    )
    assert train(settings_of()) == FAILED
    assert "channel train is sharded over 2 hosts, but adder trains on one" in failure(root)


def test_a_model_folder_that_cannot_be_written_is_told(settings_of, root):
    (root / "model").rmdir()
    (root / "model").write_text("in the way")
    assert train(settings_of()) == FAILED
    assert "the model cannot be written to" in failure(root)


def test_a_failure_file_that_cannot_be_written_does_not_hide_the_cause(settings_of, root, capsys):
    configured(root, hyperparameters={"fail": "user"})
    (root / "output").rmdir()
    (root / "output").write_text("in the way")
    assert train(settings_of()) == FAILED
    assert "failed: the data are bad" in capsys.readouterr().err


def test_a_channel_of_kind_file_is_handed_over_as_it_is(settings_of, folder, root):
    """It comes first here, and still the schema is that of the table."""
    with (folder / "image.toml").open("a") as facts:
        facts.write('[channels.config]\ndescription = "x"\nrequired = false\nkind = "file"\n')
    train_module = folder / "train.py"
    fit = "    job.page.add"
    train_module.write_text(
        train_module.read_text().replace(fit, f'    assert data["config"].text == "{{}}"\n{fit}')
    )
    (root / "input/data/config").mkdir()
    (root / "input/data/config/params.json").write_text("{}")
    configured(root, inputdataconfig={"config": {}, "train": {}})
    assert train(settings_of()) == 0
    assert Manifest.read(root / "model", "adder").reads.names == ("x", "y")
