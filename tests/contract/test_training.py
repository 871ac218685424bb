"""What `docker run image train` promises (contract rows A1 to A8)."""

import hashlib
import json
import math
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from harness import hosts
from harness.pipe import piped
from harness.places import Place, Reply, Training
from harness.samples import FORMS, GAPS, Sample, configure, retell
from slipway import Channel, Table
from slipway.image import Image
from slipway.paths import Paths
from slipway.training import config


def tree(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def failed(training: Training) -> str:
    """The failure text of a job that failed as it should."""
    assert training.code not in {0, None}, "a failed job must not exit with 0"
    text = training.failure
    assert text, "a failed job says why in the failure file"
    assert text.startswith("UserError: "), "it says who has to act, here the caller"
    assert len(text) <= 1024, "no more than the platform shows"
    assert len(text.splitlines()) == 1, "the cause is one line"
    assert "Traceback" not in text
    assert "internal error" not in text, "a caller's mistake was taken for ours"
    assert "manifest.json" not in tree(training.model), "no model is left behind"
    return text


def test_a_job_that_succeeds_exits_with_0_and_leaves_no_failure_file(trained: Training) -> None:
    assert trained.code == 0
    assert trained.failure == ""


@pytest.mark.contract("A2.9", "A2.10", "A2.13", "A2.14", "A2.15", "A2.17")
def test_a_job_writes_only_where_the_platform_collects(trained: Training, sample: Sample) -> None:
    """The folders of others are left alone."""
    before = {name for name in tree(trained.root) if name.startswith("input/")}
    assert all(name.startswith(("model/", "output/data/")) for name in tree(trained.root) - before)


def test_the_manifest_tells_what_made_the_model(trained: Training, image: Image, sample: Sample) -> None:
    manifest = json.loads((trained.model / "manifest.json").read_text())
    assert (manifest["image"], manifest["version"]) == (image.name, image.version)
    assert "numpy" in {name.lower() for name in manifest["libraries"]}
    kinds = {column["kind"] for column in manifest["schema"]["columns"]}
    assert kinds <= {"boolean", "integer", "list", "number", "text", "time"}
    assert manifest["hyperparameters"], "the hyperparameters are kept with their defaults"
    for name, stored in manifest["files"].items():
        content = (trained.model / name).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (stored["sha256"], stored["bytes"])
    assert set(manifest["files"]) == tree(trained.model) - {"manifest.json"}


@pytest.mark.contract("A8.2", "A8.4")
def test_metrics_are_printed_as_their_published_pattern_finds_them(trained: Training, image: Image) -> None:
    from slipway.describe import metric_regex

    manifest = json.loads((trained.model / "manifest.json").read_text())
    assert manifest["metrics"], "an image without a metric cannot be tuned"
    for name, value in manifest["metrics"].items():
        assert image.metric(name) is not None, name
        found = re.findall(metric_regex(name), trained.log)
        assert found, name
        assert float(found[-1]) == pytest.approx(value, rel=1e-9)
    assert "\t" not in trained.log, "CloudWatch shows a tab as #011"
    assert "\r" not in trained.log


def test_the_log_of_a_good_job_has_no_warnings(trained: Training) -> None:
    assert not re.findall(r".*(?:warning|error|traceback).*", trained.log, re.IGNORECASE)


def test_the_report_is_one_page_that_needs_nothing_from_outside(trained: Training, image: Image) -> None:
    page = (trained.root / "output/data/report.html").read_text()
    facts = json.loads((trained.root / "output/data/report.json").read_text())
    assert image.title in page
    assert "<svg" in page, "a report has plots"
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?:https?:)?//""", page)
    assert facts["metrics"] == json.loads((trained.model / "manifest.json").read_text())["metrics"]
    assert facts["sections"]


def test_a_card_says_what_was_trained_for_what(trained: Training, image: Image) -> None:
    output = trained.root / "output/data"
    card = json.loads((output / "model-card.json").read_text())
    metrics = json.loads((trained.model / "manifest.json").read_text())["metrics"]
    told = card["training_details"]["training_job_details"]["training_metrics"]
    assert {one["name"]: one["value"] for one in told} == dict(list(metrics.items())[:50])
    assert card["model_overview"]["problem_type"], "the image's Model has a task"
    assert f"# {image.title}" in (output / "README.md").read_text().splitlines()
    assert json.loads((output / "model-quality.json").read_text())["dataset"]["evaluation_time"]


@pytest.mark.shared("local")
@pytest.mark.only("local")
def test_a_browser_shows_the_report_without_complaint(
    trained: Training, image: Image, tmp_path: Path
) -> None:
    """In a run over all images, tests/web opens the report of each."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no browser is installed (chromium): the report was not looked at in one")
    quiet = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
    ]
    command = [browser, *quiet, "--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path}"]
    page = (trained.root / "output/data/report.html").as_uri()
    shown = subprocess.run(
        [*command, "--enable-logging=stderr", "--dump-dom", page], capture_output=True, text=True, check=True
    )
    assert f"<h1>{image.title}</h1>" in shown.stdout
    assert shown.stdout.count("<svg") >= 1
    assert "CONSOLE" not in shown.stderr, shown.stderr


@pytest.mark.parametrize("form", FORMS)
def test_training_reads_the_same_table_from_every_form(sample: Sample, form: str, tmp_path: Path) -> None:
    """A job trains on this table, and on nothing else of the form: one job is enough, the next test's."""
    retell(sample.main_table(), form, tmp_path)
    plain = Channel(sample.main, sample.folder / sample.main).table
    found = Channel(sample.main, tmp_path).table
    assert [(one.name, one.kind) for one in found.columns] == [(one.name, one.kind) for one in plain.columns]
    assert found.height == plain.height
    for name in plain.names:
        assert _cells(found, name) == _cells(plain, name), name


@pytest.mark.only("inside")
def test_the_same_table_in_another_form_gives_the_same_answers(
    place: Place, sample: Sample, expected: Reply, tmp_path: Path
) -> None:
    assert _answers_of_retold(place, sample, "parquet", tmp_path / "ml") == expected.json


@pytest.mark.shared
@pytest.mark.only("local", "container")
def test_parquet_through_a_pipe_is_read_wherever_the_image_runs(
    place: Place, sample: Sample, expected: Reply, tmp_path: Path
) -> None:
    root = sample.lay_out(tmp_path / "ml")
    channel = root / "input/data" / sample.main
    shutil.rmtree(channel)
    (tmp_path / "objects").mkdir()
    retell(sample.main_table(), "parquet", tmp_path / "objects")
    config = root / "input/config/inputdataconfig.json"
    modes = json.loads(config.read_text())
    modes[sample.main] |= {"TrainingInputMode": "Pipe", "ContentType": "application/x-parquet"}
    config.write_text(json.dumps(modes))  # the other channels stay files
    with piped(channel, (tmp_path / "objects/part.parquet").read_bytes()):
        training = place.train(root)
    assert training.code == 0, training.log
    assert _answers(place, root, sample) == expected.json


def test_a_channel_answers_to_every_other_name_it_has(image: Image, sample: Sample, tmp_path: Path) -> None:
    """A job is trained under one of them below."""
    for name in image.channels[sample.main].aliases:
        configure(tmp_path, sample.hyperparameters, [name, *(c for c in sample.channels if c != sample.main)])
        found = config.channels(Paths(tmp_path), image)
        assert found.keys() == set(sample.channels)
        assert found[sample.main].name == name


@pytest.mark.contract("A3.3", "A3.4", "A3.5")
def test_hyperparameters_are_read_in_every_form_that_clients_send(image: Image, sample: Sample) -> None:
    read = image.hyperparameters().read
    plain = read(sample.hyperparameters)
    quoted = {name: json.dumps(value) for name, value in sample.hyperparameters.items()}
    assert read(quoted) == plain, "the SDK encodes values as JSON"
    more = {"_tuning_objective_metric": "x", "sagemaker_program": '"a.py"', "sagemaker_region": '"us-west-2"'}
    assert read({**sample.hyperparameters, **more}) == plain


def test_every_hyperparameter_refuses_what_it_cannot_be(image: Image) -> None:
    from slipway.describe import declared
    from slipway.errors import UserError

    for entry in declared(image.hyperparameters()):
        bad = _bad_value(entry["values"])
        if bad is None:
            continue
        with pytest.raises(UserError, match=re.escape(entry["name"])) as caught:
            image.hyperparameters().read({entry["name"]: bad})
        assert "\n" not in str(caught.value)


@pytest.mark.shared("local", "container")
@pytest.mark.contract("A1.6", "A1.7")
def test_an_unknown_hyperparameter_is_named_with_the_nearest_known_one(
    place: Place, image: Image, sample: Sample, tmp_path: Path
) -> None:
    known = next(iter(image.hyperparameters().model_fields))
    text = failed(place.train(sample.lay_out(tmp_path, {**sample.hyperparameters, known + "x": "1"})))
    assert f"unknown hyperparameter {known}x" in text
    assert f'did you mean "{known}"' in text


@pytest.mark.shared("local", "container")
@pytest.mark.contract("A1.6", "A1.7")
def test_an_unknown_channel_is_named(place: Place, sample: Sample, tmp_path: Path) -> None:
    root = sample.lay_out(tmp_path)
    (root / "input/data/unheard").mkdir()
    configure(root, sample.hyperparameters, [*sample.channels, "unheard"])
    assert "unknown channel unheard" in failed(place.train(root))


@pytest.mark.shared("local", "container")
@pytest.mark.contract("A1.6", "A1.7")
def test_a_missing_channel_is_named(place: Place, sample: Sample, tmp_path: Path) -> None:
    root = sample.lay_out(tmp_path)
    shutil.rmtree(root / "input/data" / sample.main)
    configure(root, sample.hyperparameters, [name for name in sample.channels if name != sample.main])
    assert f"missing channel {sample.main}" in failed(place.train(root))


@pytest.mark.shared
@pytest.mark.only("inside")
@pytest.mark.contract("A2.5", "A2.7", "A9.5")
def test_what_else_the_platform_leaves_about_does_no_harm(
    place: Place, image: Image, sample: Sample, tmp_path: Path
) -> None:
    """The debugger's and the profiler's configuration among them, beside a channel under another name."""
    root = sample.lay_out(tmp_path)
    name = [sample.main, *image.channels[sample.main].aliases][-1]
    (root / "input/data" / sample.main).rename(root / "input/data" / name)
    configure(root, sample.hyperparameters, [name, *(c for c in sample.channels if c != sample.main)])
    (root / f"input/data/{sample.main}-manifest").write_text("[]")
    for name in (
        "init-config.json",
        "debughookconfig.json",
        "profilerconfig.json",
        "metric-definition-regex.json",
        "upstreamoutputdataconfig.json",
        "checkpointconfig.json",
        "trainingjobconfig.json",
    ):
        (root / "input/config" / name).write_text("{}")
    (root / "input/config/resourceconfig.json").write_text("")
    training = place.train(root)
    assert training.code == 0, training.log


@pytest.mark.shared("local")
@pytest.mark.only("inside", "local")
@pytest.mark.contract("A2.11", "A6.1", "A6.7")
def test_a_host_that_does_not_lead_ends_with_the_one_that_does_and_leaves_no_files(
    place: Place, sample: Sample, tmp_path: Path
) -> None:
    """The platform packs what all hosts leave into one archive."""
    first, second = hosts.addresses(2)
    root = sample.lay_out(tmp_path)
    config = root / "input/config/resourceconfig.json"
    config.write_text(json.dumps({"current_host": second, "hosts": [first, second]}))
    before = tree(root)
    with hosts.ended_soon(first):
        training = place.train(root)
    assert training.code == 0, training.log
    assert tree(root) == before


@pytest.mark.only("local")
@pytest.mark.contract("A4.9", "A6.7")
def test_data_sharded_over_hosts_give_the_answers_of_one_host(
    place: Place, image: Image, sample: Sample, expected: Reply, tmp_path: Path
) -> None:
    """The first file, which has the header, is with the second host."""
    names = hosts.addresses(2)
    roots = [sample.lay_out(tmp_path / name) for name in names]
    retell(sample.main_table(), "many files, the header in the first", _emptied(tmp_path / "whole"))
    for name, root in zip(names, roots, strict=True):
        hosts.configure(root, name, names, [sample.main])
        _emptied(root / "input/data" / sample.main)
    for root, file in zip(roots, ("part-1.csv", "part-0.csv"), strict=True):
        (tmp_path / "whole" / file).rename(root / "input/data" / sample.main / file)
    with hosts.started(image.folder, roots) as started:
        done = [host.wait() for host in started]
    assert [one.code for one in done] == [0, 0], [one.log for one in done]
    assert "rror" not in done[0].log
    assert _answers(place, roots[0], sample) == expected.json
    assert not any((roots[1] / name).exists() for name in ("model", "output"))


@pytest.mark.only("container")
@pytest.mark.contract("A1.8", "A1.9")
def test_sigterm_ends_a_job_early_with_a_model(place: Place, sample: Sample, tmp_path: Path) -> None:
    """A stop, and a tuning job's early stop."""
    training = place.train(sample.lay_out(tmp_path), stop_at="(files: ")
    assert "SIGTERM received" in training.log, training.log
    assert training.code == 0, training.log
    assert (training.model / "manifest.json").exists()


@pytest.mark.only("local")
@pytest.mark.contract(
    "A1.8", "A1.9", "A1.12", "A2.12", "A2.16", "A2.17", "A7.1", "A7.2", "A7.3", "A9.1", "A9.3"
)
def test_a_job_that_was_interrupted_ends_like_one_that_was_not(
    place: Place, sample: Sample, expected: Reply, tmp_path: Path
) -> None:
    """Stopped it has a model; started anew, it goes on where it was."""
    first, second = (sample.lay_out(tmp_path / name) for name in ("first", "second"))
    kept = {"S3Uri": "s3://bucket/kept", "LocalPath": str(tmp_path / "checkpoints")}
    for root in (first, second):
        (root / "input/config/checkpointconfig.json").write_text(json.dumps(kept))
    stopped = place.train(first, stop_at="(files: ")
    assert "SIGTERM received" in stopped.log, stopped.log
    assert stopped.code == 0, stopped.log
    assert (stopped.model / "manifest.json").exists(), "a model that can be used"
    environ = {
        "TRAINING_JOB_NAME": "job-1",
        "TRAINING_JOB_ARN": "arn:aws:sagemaker:eu-west-1:111122223333:training-job/job-1",
        "AWS_REGION": "eu-west-1",
        "SAGEMAKER_MANAGED_WARMPOOL_CACHE_DIRECTORY": str(_emptied(tmp_path / "warm")),
        "TMPDIR": str(_emptied(tmp_path / "scratch")),
    }
    assert not [name for name in os.environ if name.startswith("SM_")], "no image needs them"
    again = place.train(second, **environ)
    assert again.code == 0, again.log
    assert tree(tmp_path / "warm") == set(), "nothing is left for a warm pool's next job"
    assert tree(tmp_path / "scratch") == set()
    assert not [name for name in tree(tmp_path) if name.endswith(".part")], "nothing half written"
    assert alike(_answers(place, second, sample), expected.json)


BAD_TABLES = {
    "an empty file": (b"", "no data files"),
    "a header only": (
        lambda sample: sample.main_table().read_bytes().splitlines(keepends=True)[0],
        "no rows",
    ),
    "a line that is too short": (lambda sample: _with_line(sample, b"1\n", 2), "line 3"),
    "a line that is too long": (lambda sample: _with_line(sample, b"1," * 50 + b"1\n", 2), "line 3"),
    "Latin-1": (lambda sample: _with_line(sample, b"caf\xe9\n", 2), "not utf-8"),
    "a cut-off gzip file": (lambda sample: _cut_gzip(sample), "gzip"),
}


@pytest.mark.shared("local", "container")
@pytest.mark.parametrize("bad", BAD_TABLES)
@pytest.mark.contract("A1.6", "A1.7")
def test_a_bad_table_fails_the_job_with_a_line_that_helps(
    place: Place, sample: Sample, tmp_path: Path, bad: str
) -> None:
    content, expected = BAD_TABLES[bad]
    root = sample.lay_out(tmp_path)
    channel = root / "input/data" / sample.main
    shutil.rmtree(channel)
    channel.mkdir()
    (channel / "table.csv").write_bytes(content(sample) if callable(content) else content)
    assert expected in failed(place.train(root))


@pytest.mark.shared("local", "container")
@pytest.mark.contract("A1.6", "A1.7")
def test_half_a_json_line_fails_the_job_with_a_line_that_helps(
    place: Place, sample: Sample, tmp_path: Path
) -> None:
    root = sample.lay_out(tmp_path)
    channel = root / "input/data" / sample.main
    shutil.rmtree(channel)
    channel.mkdir()
    (channel / "table.jsonl").write_text('{"a": 1, "b": 2}\n{"a": 1, "b"')
    text = failed(place.train(root))
    assert "table.jsonl" in text
    assert "line 2" in text


def _cells(table: Table, name: str) -> list[Any]:
    """A column's cells; words that `retell` takes for gaps are gaps, and so is NaN, not equal to itself.

    Times as they are read: a form with times of its own writes 09:30 as 09:30:00.
    """
    if table.kinds[name] == "time":
        return list(table.times(name).tolist())
    return [None if cell != cell or cell in GAPS else cell for cell in table.column(name).tolist()]


def _answers_of_retold(place: Place, sample: Sample, form: str, root: Path) -> Any:
    """What a model answers that was trained on the sample in another form."""
    channel = sample.lay_out(root) / "input/data" / sample.main
    shutil.rmtree(channel)
    channel.mkdir()
    retell(sample.main_table(), form, channel)
    training = place.train(root)
    assert training.code == 0, training.log
    return _answers(place, root, sample)


def alike(one: Any, other: Any) -> bool:
    """Whether two JSON documents are the same, but for the last digits of numbers."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-4, abs_tol=1e-6)
    return bool(one == other)


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def _answers(place: Place, root: Path, sample: Sample) -> Any:
    with place.serve(root) as server:
        reply = server.ask(sample.csv(), "text/csv", "application/json")
    assert reply.status == 200, reply.text
    return reply.json


def _bad_value(schema: dict[str, Any]) -> str | None:
    """A value that a hyperparameter of this JSON schema cannot have."""
    members = [_bad_value(member) for member in schema.get("anyOf", [])]
    if members:
        return None if None in members else "~nonsense~"
    if "enum" in schema or "const" in schema or schema.get("type") in {"boolean", "integer", "number"}:
        return str(schema["maximum"] + 1) if "maximum" in schema else "~nonsense~"
    return None


def _with_line(sample: Sample, line: bytes, at: int) -> bytes:
    lines = sample.main_table().read_bytes().splitlines(keepends=True)
    return b"".join([*lines[:at], line, *lines[at:]])


def _cut_gzip(sample: Sample) -> bytes:
    import gzip

    packed = gzip.compress(sample.main_table().read_bytes())
    return packed[: len(packed) // 2]
