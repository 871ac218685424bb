"""The conformance tool with Docker: what it must find in the classic stack, and not in an image of ours."""

import csv
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.conformance import TOOL, Told, conformance
from harness.places import REPOSITORY, docker

SAMPLE = REPOSITORY / "images/kmeans/sample"
CLASSIC = "slipway/classic:latest"
# What is known of the classic stack, each fault by the check that finds it.
KNOWN = {
    "sigterm_keeps_a_model": "A1.8: process 1 ignores SIGTERM, so a stopped job loses its model",
    "files_are_in_folders": "A2.6: a folder in a channel is taken for a file",
    "values_are_encoded_twice": "A3.5: values as the SDK encodes them are no numbers",
    "stray_files_are_no_data": "A4.8: _SUCCESS is read as data",
    "a_second_host_does_no_harm": "A2.11, A6.7: every host writes the same file",
    "log_has_metrics": "A8.4: nothing to tune by",
    "sigterm_loses_no_request": "B1.3: nginx is ended at once, with what it has not passed on",
    "slow_clients_do_no_harm": "B2.2: nginx has 512 connections in all",
    "ping_answers": "B2.3: POST /ping is refused",
    "errors_are_short": "B2.9: errors are pages of HTML",
    "an_empty_body_is_no_fault": "B2.13: 500 where nothing was sent",
    "noise_is_refused": "B2.13: 500 for noise",
    "short_records_are_no_fault": "B2.13: 500 for a missing cell",
    "an_impossible_accept_is_refused": "B2.13: Accept is ignored",
    "accept_is_obeyed": "B2.14: Accept is ignored",
    "accept_has_weights": "B2.14: Accept is ignored",
    "content_type_is_in_capitals": "B2.14: the content type is compared as text",
    "content_type_has_a_charset": "B2.15: the content type is compared as text",
    "batch_answers_are_lines": "B4.5: a batch of one record is taken for a header",
    "csv_has_no_header": "B8.2: the first record is taken for a header",
    "csv_has_one_record": "B8.2: the first record is taken for a header",
    "csv_has_an_empty_cell": "B8.2: 500 for an empty cell",
}

# Late on a busy machine, which is no fault of the stack.
BY_THE_CLOCK = {"ping_answers_while_busy"}


def tried(image: str, folder: Path, *options: str) -> Told:
    """What the tool says of an image over `folder`, a folder of channels."""
    given = ["--data", str(folder), "--payload", str(SAMPLE / "request.csv"), "--input-type", "text/csv"]
    return conformance(image, *given, *options)


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's columns of numbers, where none is missing, as the classic stack can read them."""
    folder = tmp_path_factory.mktemp("numbers") / "classic"
    (folder / "training").mkdir(parents=True)
    (folder / "hyperparameters.json").write_text('{"n_clusters": 3}')
    names = (SAMPLE / "request.csv").read_text().splitlines()[0].split(",")
    with next((SAMPLE / "train").glob("*.csv")).open() as sample:
        rows = [[row[name] for name in names] for row in csv.DictReader(sample)]
    whole = [row for row in rows if not {"", "NA"} & set(row)]
    with (folder / "training/table.csv").open("w", newline="") as table:
        csv.writer(table).writerows([names, *whole])
    return folder


@pytest.fixture(scope="module")
def ours() -> str:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    subprocess.run(["make", "build", "IMG=kmeans"], cwd=REPOSITORY, env=environ, check=True)
    return "slipway/kmeans:latest"


@pytest.fixture(scope="module")
def classic(ours: str) -> Iterator[str]:
    """Made on the layers that `ours` brings."""
    certificates = os.environ.get("CA") or os.environ.get("SSL_CERT_FILE", "")
    secret = ["--secret", f"id=ca,src={certificates}"] if certificates else []
    subprocess.run(
        ["docker", "build", "--quiet", *secret, "--tag", CLASSIC, str(Path(__file__).parent)],
        env={**os.environ, "DOCKER_BUILDKIT": "1"},
        check=True,
    )
    yield CLASSIC
    docker("image", "rm", CLASSIC)


@pytest.fixture(autouse=True)
def tidy() -> Iterator[None]:
    """Whatever happens, the tool takes with it what it made."""
    yield
    for kind in (["ps", "--all"], ["volume", "ls"], ["network", "ls"]):
        assert docker(*kind, "--quiet", "--filter", "label=slipway.conformance") == "", kind


def test_it_finds_the_known_faults_of_the_classic_stack(classic: str, numbers: Path) -> None:
    told = tried(classic, numbers)
    assert told.named("failure") - BY_THE_CLOCK == set(KNOWN), told.output
    assert told.code == 1


@pytest.mark.contract(
    "A1.3",
    "A1.4",
    "A1.8",
    "A1.10",
    "A2.5",
    "A2.6",
    "A2.7",
    "A3.3",
    "A3.4",
    "A3.5",
    "A3.7",
    "A4.2",
    "A4.7",
    "A4.8",
    "A9.4",
    "B1.3",
    "B1.4",
    "B2.2",
    "B2.12",
    "B3.1",
    "B3.2",
    "B4.2",
    "B4.8",
    "B5.2",
    "B5.10",
    "B6.1",
    "B6.2",
    "B6.4",
    "B8.2",
    "C1.2",
    "C1.12",
    "C4",
)
def test_an_image_of_ours_has_none(ours: str, tmp_path: Path) -> None:
    """Training: A1.3, A1.4, A1.8, A1.10, A2.5, A2.6, A2.7, A3.3, A3.4, A3.5, A3.7, A4.2, A4.7, A4.8, A9.4.

    Serving: B1.3, B1.4, B2.2, B2.12, B3.1, B3.2, B4.2, B4.8, B5.2, B5.10, B6.1, B6.2, B6.4, B8.2, C1.2,
    C1.12. The image: C4.
    """
    folder = tmp_path / "ours"
    folder.symlink_to(SAMPLE)
    told = tried(ours, folder)
    assert told.named("failure") == set(), told.output
    assert told.code == 0
    # A quick machine may be done with the sample before it can be stopped.
    assert told.named("skipped") - {"sigterm_keeps_a_model"} == {"something_answers_to_train"}


def test_an_image_of_ours_speaks_the_open_inference_protocol(ours: str, tmp_path: Path) -> None:
    folder = tmp_path / "oip"
    folder.symlink_to(SAMPLE)
    cells = [cell for row in list(csv.reader((SAMPLE / "request.csv").open()))[1:] for cell in row]
    tensor = {"name": "rows", "shape": [len(cells) // 4, 4], "datatype": "BYTES", "data": cells}
    (tmp_path / "request.json").write_text(json.dumps({"inputs": [tensor]}))
    told = tried(ours, folder, "--protocol", "oip", "--payload", str(tmp_path / "request.json"))
    assert told.named("failure") == set(), told.output
    assert told.code == 0
    assert told.named("skipped") == {"inputs_have_names", "cells_are_of_their_datatype"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_half_way_it_leaves_nothing(ours: str, number: int) -> None:
    started = subprocess.Popen(
        [*TOOL, ours, "--data", str(SAMPLE), "--row", "A1.1"],
        stderr=subprocess.PIPE,
        text=True,
        # As at a terminal: what a shell runs in the background inherits that SIGINT is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while not docker("ps", "--quiet", "--filter", "label=slipway.conformance"):
        assert started.poll() is None
    started.send_signal(number)
    _, said = started.communicate(timeout=60)
    assert started.returncode == 130, said
    assert "Traceback" not in said


@pytest.mark.parametrize("options", [["--data", "/nowhere"], ["--row", "Z9"], ["--row", "A1.1"]])
@pytest.mark.contract("A1.1")
def test_what_cannot_be_tried_is_told_in_a_line(ours: str, options: list[str]) -> None:
    for image in (ours, "no/such:image"):
        told = conformance(image, *options)
        assert told.code == 2
        assert len(told.errors.splitlines()) == 1, told.errors
