"""`train`: exit codes, the failure file, and what a job leaves behind."""

import errno
import io
import json
import os
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

from slipway import Report
from slipway import failure as failures
from slipway.errors import PlatformError, UnsupportedMediaType
from slipway.manifest import Manifest
from slipway.paths import Paths
from slipway.training.hosts import standby
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


@pytest.mark.contract("A1.6", "A2.9", "A2.10")
def test_a_job_leaves_a_model_and_a_report(settings_of, root, capsys):
    configured(root, hyperparameters={"k": '"5"', "sagemaker_region": '"eu"'})
    assert train(settings_of()) == 0
    manifest = Manifest.read(root / "model", "adder")
    assert manifest.hyperparameters == {"k": 5, "fail": "", "kinds": {}, "dates": "", "missing": []}
    assert manifest.metrics == {"loss": 3.0}
    assert manifest.reads.names == ("x", "y")
    assert manifest.reads.columns[0].kind == "integer"
    assert {path.name for path in (root / "output/data").iterdir()} == {
        "report.html",
        "report.json",
        "README.md",
        "model-card.json",
        "model-quality.json",
        "data-statistics.json",
    }
    assert not (root / "output/failure").exists()
    assert "metric loss=3;\n" in capsys.readouterr().out


@pytest.mark.contract("A1.6", "A1.7")
def test_a_callers_mistake_is_the_whole_failure_file(settings_of, root):
    """One line, who has to act and the cause, no traceback."""
    configured(root, hyperparameters={"fail": "user"})
    assert train(settings_of()) == FAILED
    assert failure(root) == "UserError: the data are bad"


def test_kinds_of_a_column_that_no_channel_has_is_refused(settings_of, root):
    configured(root, hyperparameters={"kinds": '{"x": "number", "zipp": "text"}'})
    assert train(settings_of()) == FAILED
    assert failure(root) == "UserError: kinds: no column zipp; the channels have x, y"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("ours", "AlgorithmError: internal error (ValueError): the log of the job has the details"),
        ("memory", "PlatformError: out of memory: use an instance with more of it, or less data"),
    ],
)
@pytest.mark.contract("A1.7")
def test_a_fault_of_ours_gives_nothing_away(settings_of, root, kind, text, capfd):
    configured(root, hyperparameters={"fail": kind})
    assert train(settings_of()) == FAILED
    assert failure(root) == text


@pytest.mark.contract("A1.7")
def test_the_failure_file_holds_what_the_platform_shows(settings_of, root):
    """1,024 characters."""
    configured(root, hyperparameters={"fail": "long"})
    assert train(settings_of()) == FAILED
    assert failure(root) == "UserError: " + "x" * 1013


@pytest.mark.parametrize(
    ("files", "text"),
    [
        ({"hyperparameters": {"kk": "1"}}, "unknown hyperparameter kk; known: k, fail"),
        ({"hyperparameters": {"k": "0"}}, 'hyperparameter k: expected greater than or equal to 1, got "0"'),
        ({"inputdataconfig": {"other": {}}}, "unknown channel other"),
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
    assert failure(root).startswith(f"UserError: {text}")


HOSTS = {"hosts": ["algo-1", "algo-2"]}


@pytest.mark.contract("A2.11", "A6.7")
def test_a_host_that_does_not_lead_has_nothing_to_do(settings_of, root, monkeypatch):
    monkeypatch.setattr(standby, "FIND_S", 0)
    configured(root, resourceconfig={**HOSTS, "current_host": "algo-2"})
    assert train(settings_of()) == 0
    assert not list((root / "model").iterdir())


@pytest.mark.contract("A6.7")
def test_other_hosts_stay_until_the_model_is_saved(settings_of, root, monkeypatch, capsys):
    """The SDK's local mode stops all containers when one has left, be the model written or not."""
    configured(root, resourceconfig={**HOSTS, "current_host": "algo-1"})
    seen = []

    @contextmanager
    def announced(hosts):
        yield
        seen.append(((root / "model/manifest.json").exists(), "done in" in capsys.readouterr().err))

    monkeypatch.setattr(standby, "announce_leader", announced)
    assert train(settings_of()) == 0
    assert seen == [(True, True)]


def test_a_model_folder_that_cannot_be_written_is_told(settings_of, root):
    (root / "model").rmdir()
    (root / "model").write_text("in the way")
    assert train(settings_of()) == FAILED
    assert failure(root).startswith("PlatformError: the model cannot be written to")


@pytest.mark.parametrize("error", [RuntimeError("no page"), OSError(errno.ENOSPC, "No space left on device")])
def test_a_report_that_cannot_be_written_costs_no_model(settings_of, root, monkeypatch, capsys, error):
    def fail(*given):
        raise error

    monkeypatch.setattr(Report, "write", fail)
    assert train(settings_of()) == 0
    assert Manifest.read(root / "model", "adder").metrics == {"loss": 3.0}
    assert not (root / "output/failure").exists()
    assert "the report could not be written" in capsys.readouterr().err


@pytest.mark.contract("A1.7", "A2.6")
def test_a_channel_whose_mount_is_missing_is_no_mistake_of_the_caller(settings_of, root):
    configured(root, inputdataconfig={"train": {}, "test": {}})
    assert train(settings_of()) == FAILED
    assert failure(root).startswith("PlatformError: channel test was not mounted: there is no folder")
    (root / "input/data/test").mkdir()
    assert train(settings_of()) == FAILED
    assert failure(root).startswith("UserError: channel test has no data files; expected CSV")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/tmp/x"),
         "PlatformError: No space left on device (/tmp/x); use a larger volume"),
        (OSError(errno.EIO, "Input/output error"), "PlatformError: Input/output error"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"),
         "PlatformError: Cannot allocate memory; use an instance with more memory"),
        (PermissionError(errno.EACCES, "Permission denied", "{root}/input/data/train/a.csv"),
         "PlatformError: Permission denied ({root}/input/data/train/a.csv)"),
        (FileNotFoundError(errno.ENOENT, "No such file", "settings.json"),
         "AlgorithmError: internal error (FileNotFoundError): the log of the job has the details"),
        (PlatformError("host algo-2 was lost"), "PlatformError: host algo-2 was lost"),
        (UnsupportedMediaType("no such type"), "UserError: no such type"),
        (KeyError("x"), "AlgorithmError: internal error (KeyError): the log of the job has the details"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)  # fmt: skip
@pytest.mark.contract("A1.7")
def test_the_failure_says_who_has_to_act(root, error, text):
    """The caller, whoever runs the machine, or we."""
    if isinstance(error, OSError) and isinstance(error.filename, str):
        error.filename = error.filename.format(root=root)
    assert failures.explained(error, Paths(root))[0] == text.format(root=root)


@pytest.mark.contract("A1.7", "A4.2")
def test_an_input_that_cannot_be_read_is_a_fault_of_the_platform(settings_of, root, monkeypatch):
    """A file of S3's that breaks off while it is read."""

    class Broken(io.BytesIO):
        def peek(self, size):
            raise OSError(errno.EIO, "Input/output error")

    plain = Path.open
    monkeypatch.setattr(
        Path, "open", lambda self, *a, **k: Broken() if self.suffix == ".csv" else plain(self, *a, **k)
    )
    assert train(settings_of()) == FAILED
    assert failure(root) == "PlatformError: Input/output error"


def test_a_failure_file_that_cannot_be_written_does_not_hide_the_cause(settings_of, root, capsys):
    configured(root, hyperparameters={"fail": "user"})
    (root / "output").rmdir()
    (root / "output").write_text("in the way")
    assert train(settings_of()) == FAILED
    assert "failed: UserError: the data are bad" in capsys.readouterr().err


def test_a_channel_of_kind_file_is_handed_over_as_it_is(settings_of, folder, root):
    """It comes first here, and still the schema is that of the table."""
    with (folder / "image.toml").open("a") as facts:
        facts.write('[channels.config]\ndescription = "x"\nrequired = false\nkind = "file"\n')
    train_module = folder / "train.py"
    fit = "    job.report.add"
    train_module.write_text(
        train_module.read_text().replace(fit, f'    assert data["config"].text == "{{}}"\n{fit}')
    )
    (root / "input/data/config").mkdir()
    (root / "input/data/config/params.json").write_text("{}")
    configured(root, inputdataconfig={"config": {}, "train": {}})
    assert train(settings_of()) == 0
    assert Manifest.read(root / "model", "adder").reads.names == ("x", "y")


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"k": "\ud83d"}, 'UserError: hyperparameter k: expected text that UTF-8 can write, got "?"'),
        ({"fail": "a\ud83d"}, 'UserError: hyperparameter fail: expected text that UTF-8 can write, got "a?"'),
        ({"\udc00": "1"}, "UserError: unknown hyperparameter ?; known: k"),
        ({"missing": '["\\ud83d"]'}, "UserError: hyperparameter missing: expected text that UTF-8"),
        (
            {"kinds": {"\udc00": "text"}},
            "UserError: hyperparameter kinds: expected text that UTF-8",
        ),
    ],
    ids=ascii,
)
@pytest.mark.contract("A1.7")
def test_half_a_surrogate_is_told_with_the_half_replaced(settings_of, root, params, text):
    configured(root, hyperparameters=params)
    assert train(settings_of()) == FAILED
    assert failure(root).startswith(text)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.contract("A1.7")
def test_a_full_disk_is_the_platforms_in_a_librarys_words_too(root, code):
    error = RuntimeError(f"io.cpp:7: write failed: (Error {code}: {os.strerror(code)}) nothing kept")
    cause = failures.explained(error, Paths(root))[0]
    assert cause == f"PlatformError: {os.strerror(code)}; use a larger volume"


@pytest.mark.contract("A1.7")
def test_a_full_disk_is_looked_for_where_a_library_says_nothing(settings_of, folder, root):
    """The model's folder is a disk of 256 kB."""
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "none", root / "model"], capture_output=True, check=False
    )
    if made.returncode != 0:
        pytest.skip("only root can make a small disk")
    try:
        (folder / "predictor.py").write_text(
            "from unit.model import Adder\n\n\nclass Model(Adder):\n    def save(self, folder):\n"
            "        try:\n            (folder / 'big').write_bytes(bytes(1 << 20))\n"
            "        except OSError:\n            raise RuntimeError('could not save') from None\n"
        )
        assert train(settings_of()) == FAILED
    finally:
        subprocess.run(["umount", root / "model"], check=True)
    assert failure(root).startswith("PlatformError: No space left on device (")


@pytest.mark.parametrize("raised", ["SystemExit(0)", "KeyboardInterrupt", "BaseException('panic')"])
def test_what_ends_a_process_ends_no_job_without_a_word(settings_of, folder, root, raised, capfd):
    """A library may exit, and Rust's panics are no exceptions of Python's usual kind."""
    module = folder / "train.py"
    module.write_text(module.read_text().replace("    job.report", f"    raise {raised}\n    job.report"))
    assert train(settings_of()) == FAILED
    assert failure(root).startswith("AlgorithmError: internal error (")


def test_a_data_section_that_cannot_be_made_costs_no_model(settings_of, root, monkeypatch, capfd):
    def fail(*given):
        raise ValueError

    monkeypatch.setattr("slipway.training.data_section.add", fail)
    assert train(settings_of()) == 0
    assert Manifest.read(root / "model", "adder").metrics == {"loss": 3.0}
    assert "the training report is incomplete" in capfd.readouterr().err
