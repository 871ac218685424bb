"""The verbs of a container."""

import json
import os
import subprocess
import sys

import pytest

from slipway import __main__ as program


@pytest.fixture
def ran(monkeypatch):
    called = []
    for name in ("train", "serve"):
        monkeypatch.setitem(program._VERBS, name, lambda settings, name=name: called.append(name) or 0)
    monkeypatch.delenv("TRAINING_JOB_NAME", raising=False)
    return called


@pytest.mark.parametrize(
    ("arguments", "job", "verb"),
    [
        (["train"], "", "train"),
        (["serve"], "", "serve"),
        (["serve"], "job", "serve"),
        ([], "job", "train"),
        ([], "", "serve"),
        (["auto"], "job", "train"),
    ],
)
@pytest.mark.contract("A1.1", "A1.5", "B1.1")
def test_a_verb_is_done_and_none_is_guessed_from_the_platform(ran, monkeypatch, arguments, job, verb):
    monkeypatch.setenv("TRAINING_JOB_NAME", job)
    assert program.main(arguments) == 0
    assert ran == [verb]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--model_name", "a b", "--model_dir=/mnt/x", "--http_port", "9000"],
        ["--http-port=9000", "--model-name=a b", "--model-dir", "/mnt/x"],
    ],
)
def test_kserves_arguments_are_those_of_the_environment(monkeypatch, arguments):
    served = []
    monkeypatch.setitem(program._VERBS, "serve", lambda settings: served.append(settings) or 0)
    monkeypatch.setenv("SLIPWAY_LOG_FORMAT", "text")
    for name in ("SLIPWAY_MODEL_NAME", "SLIPWAY_MODEL_DIR", "SAGEMAKER_BIND_TO_PORT"):
        monkeypatch.setenv(name, "")  # which is undone after the test
    assert program.main(["serve", *arguments]) == 0
    settings = served[0]
    assert (settings.model_name, settings.port, str(settings.model_folder)) == ("a b", 9000, "/mnt/x")
    assert os.environ["SLIPWAY_MODEL_NAME"] == "a b", "the workers read it there"


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        (["--workers=2"], 'expected --model_name, --model_dir, --http_port; got "--workers"'),
        (["--model_name"], "--model_name needs a value"),
        (["--http_port=x"], "environment variable SAGEMAKER_BIND_TO_PORT"),
    ],
)
def test_other_arguments_are_refused(ran, monkeypatch, capsys, arguments, cause):
    monkeypatch.setenv("SAGEMAKER_BIND_TO_PORT", "")
    assert program.main(["serve", *arguments]) == 2
    assert cause in capsys.readouterr().err
    assert ran == []


def test_an_unknown_verb_names_the_known_ones(ran, capsys):
    assert program.main(["tarin"]) == 2
    assert (
        capsys.readouterr().err
        == "slipway start: expected train, serve, describe, auto or a command, got 'tarin'\n"
    )


@pytest.mark.contract("A1.5")
def test_a_training_job_with_other_arguments_than_train_says_why_it_failed(ran, root, monkeypatch):
    """The arguments of a job take the place of the word `train`."""
    monkeypatch.setenv("TRAINING_JOB_NAME", "job")
    monkeypatch.setenv("SLIPWAY_ROOT", str(root))
    assert program.main(["--verbose"]) == 2
    text = (root / "output/failure").read_text()
    assert text == "UserError: expected train, serve, describe, auto or a command, got '--verbose'"


def test_a_variable_that_does_not_fit_is_told_before_anything_starts(ran, monkeypatch, capsys):
    monkeypatch.setenv("SAGEMAKER_BIND_TO_PORT", "http")
    assert program.main(["serve"]) == 2
    assert "environment variable SAGEMAKER_BIND_TO_PORT" in capsys.readouterr().err
    assert ran == []


def test_describe_prints_json(folder, monkeypatch, capsys):
    monkeypatch.setenv("SLIPWAY_ALGORITHM", str(folder))
    assert program.main(["describe"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "adder"


@pytest.mark.contract("A1.14")
def test_words_that_are_no_verb_are_run_as_a_command(tmp_path):
    """The SDK's local mode runs `docker run IMAGE chmod …`."""
    (tmp_path / "left").write_text("")
    command = [sys.executable, "-m", "slipway", "chmod", "-R", "0700", str(tmp_path / "left")]
    done = subprocess.run(command, env={**os.environ, "TRAINING_JOB_NAME": ""}, check=False)
    assert done.returncode == 0
    assert (tmp_path / "left").stat().st_mode & 0o777 == 0o700
    assert subprocess.run([*command[:3], "sh", "-c", "exit 7"], check=False).returncode == 7
