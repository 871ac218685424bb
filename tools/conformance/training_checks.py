"""Checks of training: jobs as the platform starts them, and as it may."""

import json
import re
import time
from collections.abc import Callable
from contextlib import suppress

from .engine import EngineError
from .job import Job, Trained
from .registry import Failed, NotApplicable, check
from .stage import Stage

Change = Callable[[Stage, Job], None]
_GROUPS: dict[str, list[Change]] = {}
STOP_S = 120
CAUSE = 1024
_SIGTERM = 1 << 14
_METRIC = re.compile(r"[\w:@.%/-]*[A-Za-z][\w:@.%/-]*\s*[=:]\s*[-+]?\d")
_NO_NUMBER = re.compile(r"[\w:@.-]+\s*=\s*[-+]?(nan|inf(inity)?)\b", re.IGNORECASE)
_SAYS = re.compile(r"(\w+\W+){3,}\w|: *\S")  # more than a heading such as "Framework Error:"
SUCCESS = "exit code 0, and a model"


def succeeded(trained: Trained) -> str:
    """What was seen of a job that should succeed."""
    if trained.code != 0 or not trained.model:
        raise Failed(str(trained))
    return str(trained)


def told(trained: Trained) -> str:
    """What was seen of a job that should fail, and say why where the platform looks for it."""
    if trained.code == 0:
        raise Failed("exit code 0")
    cause = trained.failure[:CAUSE].strip()
    if not cause:
        raise Failed(f"exit code {trained.code}, and no /opt/ml/output/failure")
    before = cause.partition("Traceback (most recent call last)")[0].strip()
    if before != cause and not _SAYS.search(before):
        raise Failed(f"exit code {trained.code}; a traceback instead of a cause: {cause[:120]}")
    return f"exit code {trained.code}; {cause[:160]}"


def changed(stage: Stage) -> Job:
    """The plain job, to be changed; a change shows nothing where the plain job fails."""
    assert stage.learnt
    return stage.job()


@check("A1.1", "train", "run the image with the argument `train`", "exit code 0")
def trains(stage: Stage) -> str:
    if stage.trained.code != 0:
        raise Failed(str(stage.trained))
    return f"exit code 0 after {stage.trained.seconds:.1f} s"


@check("A2.9", "train", "look into /opt/ml/model", "files")
def leaves_a_model(stage: Stage) -> str:
    files = stage.learnt.model
    if not files:
        raise Failed("nothing")
    return f"{len(files)} files, {sum(map(len, files.values())) / 1e3:.0f} kB"


@check("A8.2", "train", "look for tabs and carriage returns in the log", "none; CloudWatch changes them")
def log_has_plain_lines(stage: Stage) -> str:
    lines = stage.learnt.log.split("\n")
    bad = [line for line in lines if "\t" in line or "\r" in line.rstrip("\r")]
    if bad:
        raise Failed(f"{len(bad)} lines, the first: {bad[0][:80]!r}")
    return f"none in {len(lines)} lines"


@check("A8.4", "train", "look for numbers with names in the log", "one or more, or nothing can be tuned")
def log_has_metrics(stage: Stage) -> str:
    found = _METRIC.findall(stage.learnt.log)
    if not found:
        raise Failed("none")
    return f"{len(found)}, as {found[-1]}…"


@check("A8.7", "train", "look for nan and inf in the log", "none as a metric's value")
def metrics_are_finite(stage: Stage) -> str:
    if found := _NO_NUMBER.search(stage.learnt.log):
        raise Failed(found[0])
    return "none"


def variation(row: str, did: str, group: str = "all") -> Callable[[Change], Change]:
    """Registers a change of the plain job that must do no harm.

    All changes of a group are first made to one job, which is enough where it succeeds; else each alone.
    """

    def register(change: Change) -> Change:
        _GROUPS.setdefault(group, []).append(change)

        def run(stage: Stage) -> str:
            alone = changed(stage)
            change(stage, alone)  # or it is not applicable
            try:
                seen = succeeded(stage.shared(group, lambda: _together(stage, _GROUPS[group])))
                return f"{seen}, in one job with the others"
            except (Failed, EngineError, TimeoutError):
                return succeeded(stage.train(alone))

        run.__name__ = change.__name__
        check(row, "train", did, SUCCESS)(run)
        return change

    return register


def _together(stage: Stage, changes: list[Change]) -> Job:
    job = stage.job()
    for change in changes:
        with suppress(NotApplicable):
            change(stage, job)
    return job


@variation("A3.3", "add _tuning_objective_metric")
def tuning_adds_a_hyperparameter(_: Stage, job: Job) -> None:
    job.hyperparameters["_tuning_objective_metric"] = "validation:loss"


@variation("A3.4", "add sagemaker_region and others, JSON in a string")
def clients_add_hyperparameters(_: Stage, job: Job) -> None:
    names = ("sagemaker_program", "sagemaker_region", "sagemaker_job_name", "sagemaker_submit_directory")
    job.hyperparameters |= dict.fromkeys(names, '"us-east-1"')
    job.hyperparameters["sagemaker_container_log_level"] = "20"


@variation("A3.5", "send every value as JSON in a string")
def values_are_encoded_twice(stage: Stage, job: Job) -> None:
    given = {name for name in job.hyperparameters if name in stage.subject.hyperparameters}
    if not given:
        raise NotApplicable("no hyperparameters were given")
    job.hyperparameters |= {name: json.dumps(job.hyperparameters[name]) for name in given}


@variation("A3.6", "send values that are no strings, and hosts with two keys", group="bare")
def files_are_less_than_complete(stage: Stage, job: Job) -> None:
    job.hyperparameters = dict(stage.subject.hyperparameters)
    job.hosts = {"current_host": "algo-1", "hosts": ["algo-1"]}


@variation("A4.7", "describe channels by TrainingInputMode alone, as local mode does", group="bare")
def channels_are_barely_described(_: Stage, job: Job) -> None:
    job.channels = {name: {"TrainingInputMode": "File"} for name in job.channels}


@variation("A2.5", "add the platform's other files to /opt/ml/input/config")
def other_files_are_there(_: Stage, job: Job) -> None:
    for name in ("init-config", "metric-definition-regex", "trainingjobconfig", "upstreamoutputdataconfig"):
        job.files[f"input/config/{name}.json"] = b"{}"
    job.files["input/config/debughookconfig.json"] = b'{"S3OutputPath": "s3://bucket/"}'
    job.files["input/config/checkpointconfig.json"] = b'{"LocalPath": "/opt/ml/checkpoints"}'


@variation("A2.6", "put the only file of a channel into a folder below it")
def files_are_in_folders(stage: Stage, job: Job) -> None:
    lone = {name: list(tree) for name, tree in stage.subject.channels.items() if len(tree) == 1}
    if not lone:
        raise NotApplicable("no channel has a single file; where there are several, names may mean something")
    for channel, [name] in lone.items():
        folder = f"input/data/{channel}"
        job.files[f"{folder}/part=1/{name}"] = job.files.pop(f"{folder}/{name}")


@variation("A2.7", "put a file <channel>-manifest next to the channel")
def a_manifest_is_beside(_: Stage, job: Job) -> None:
    for channel in job.channels:
        job.files[f"input/data/{channel}-manifest"] = b'[{"prefix": "s3://bucket/"}, "one.csv"]'


@variation("A4.2", "mount /opt/ml/input read-only")
def input_is_read_only(_: Stage, job: Job) -> None:
    job.input_mount = "readonly"


@variation("A4.5", "send the content type in capitals with a charset")
def content_type_has_parameters(stage: Stage, job: Job) -> None:
    if not stage.subject.input_type:
        raise NotApplicable("no --input-type was given")
    for entry in job.channels.values():
        entry["ContentType"] = f"{stage.subject.input_type.upper()}; charset=utf-8"


@variation("A4.8", "put .hidden, _SUCCESS and _metadata into each channel")
def stray_files_are_no_data(_: Stage, job: Job) -> None:
    for channel in job.channels:
        job.files[f"input/data/{channel}/.hidden"] = b"\x00not data"
        job.files[f"input/data/{channel}/_SUCCESS"] = b""
        job.files[f"input/data/{channel}/_metadata"] = b"\x00not data"


@variation("A9.4", "train with no network")
def there_is_no_network(_: Stage, job: Job) -> None:
    job.options += ["--network", "none"]


@variation("X1", "train on a read-only root, with a tmpfs on /tmp")
def root_is_read_only(_: Stage, job: Job) -> None:
    job.options += ["--read-only", "--tmpfs", "/tmp"]


@variation("X2", "train as user 12345:54321 without capabilities")
def user_is_any(_: Stage, job: Job) -> None:
    job.options += ["--user", "12345:54321", "--cap-drop", "ALL"]


@check("A3.7", "train", "send {} as hyperparameters", "success, or a cause in /opt/ml/output/failure")
def there_are_no_hyperparameters(stage: Stage) -> str:
    job = changed(stage)
    job.hyperparameters = {}
    trained = stage.train(job)
    return succeeded(trained) if trained.code == 0 else told(trained)


@check("A6.7", "train", "start as the second of two hosts", "exit code 0, no file that the first has, too")
def a_second_host_does_no_harm(stage: Stage) -> str:
    job = changed(stage)
    job.hosts |= {"current_host": "algo-2", "hosts": ["algo-1", "algo-2"]}
    trained = stage.train(job)
    if trained.code != 0:
        raise Failed(str(trained))
    if clash := set(trained.model) & set(stage.learnt.model):
        raise Failed(f"both leave {min(clash)}, and the archive can hold one (A2.11)")
    return f"exit code 0, {len(trained.model)} model files"


@check("A1.7", "train", "fill the data files with noise", "not 0, the cause in /opt/ml/output/failure")
def bad_data_is_told(stage: Stage) -> str:
    job = changed(stage)
    for path in [path for path in job.files if path.startswith("input/data/")]:
        job.files[path] = bytes(range(256)) * 8
    return told(stage.train(job))


@check("A1.7", "train", "send no data files", "not 0, the cause in /opt/ml/output/failure")
def missing_data_is_told(stage: Stage) -> str:
    job = changed(stage)
    job.files = {path: content for path, content in job.files.items() if not path.startswith("input/data/")}
    job.files |= {f"input/data/{channel}": None for channel in job.channels}
    return told(stage.train(job))


@check("A1.7", "train", "send words for numbers", "not 0, the cause in /opt/ml/output/failure")
def a_bad_hyperparameter_is_told(stage: Stage) -> str:
    job = changed(stage)
    given = stage.subject.hyperparameters
    numbers = [name for name, value in given.items() if re.fullmatch(r"-?\d+(\.\d+)?", str(value))]
    if not numbers:
        raise NotApplicable("no hyperparameter that was given is a number")
    job.hyperparameters |= dict.fromkeys(numbers, "~no number~")
    return told(stage.train(job))


@check("A1.8", "train", "send SIGTERM half-way", "caught; exit code 0 within 120 s, and a model", alone=True)
def sigterm_keeps_a_model(stage: Stage) -> str:
    soon = stage.learnt.seconds / 4  # that job ran along with others, this one has the machine for itself
    with stage.begun(stage.job()) as container:
        started, caught, ignored = time.monotonic(), False, False
        while container.running:
            # What process 1 does not catch does not reach it at all, and SIGKILL comes 120 s later.
            seen = _catches(container.read("/proc/1/status"))
            caught, ignored = caught or bool(seen), ignored or seen is False
            if seen is not False and time.monotonic() - started >= soon:
                break
            time.sleep(0.02)
        try:
            container.kill("TERM")
        except EngineError:
            if not caught:
                raise Failed("process 1 ran to its end and never caught it") from None
            raise NotApplicable("training ended before it could be stopped; give it more data") from None
        sent = time.monotonic()
        trained = stage.ended(container, started=sent)
    if ignored and not caught:  # it was about to end by itself
        raise Failed("process 1 never caught it")
    if trained.seconds > STOP_S:
        raise Failed(f"ended {trained.seconds:.0f} s later, of {STOP_S}")
    return f"{succeeded(trained)}, {trained.seconds:.1f} s later"


def _catches(status: str) -> bool | None:
    """Whether a process of this /proc/…/status has a handler for SIGTERM; None where it cannot be seen."""
    found = re.search(r"^SigCgt:\s*([0-9a-f]+)", status, re.MULTILINE)
    return bool(int(found[1], 16) & _SIGTERM) if found else None
