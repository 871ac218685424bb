"""The playground: a page on a served model that answers as the model does, to everybody."""

import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from playwright.sync_api import Page

from harness.places import REPOSITORY
from harness.processes import alive, descendants
from harness.runtime import runtime
from tools import lacking
from tools.play import __main__ as play
from tools.process import Process, wait_until
from tools.runs import Run, RunError
from web.checks import barriers, heard, too_wide
from web.conftest import NAMES, Built, quiet


@dataclass(frozen=True)
class Played:
    """A playground that runs."""

    url: str
    capture: dict[str, Any]
    files: Path
    """What the capture sent and got."""


@pytest.fixture(scope="module", params=NAMES)
def played(request: pytest.FixtureRequest, built: Built) -> Iterator[Played]:
    """`make play`, over the model of the capture."""
    folder = built.captures / request.param
    with playground(request.param, folder / "run") as process:
        url = re.findall(r"http://localhost:\d+", process.log)[-1]
        yield Played(url, json.loads((folder / "capture.json").read_text()), folder / "files")


@contextmanager
def playground(name: str, root: Path) -> Iterator[Process]:
    """`make play` over the trained tree in `root`, from when it can be opened."""
    python = REPOSITORY / ".slipway/envs" / name / "bin/python"
    command = [python, "-m", "tools.play", "--image", name, "--port", "0", "--root", root]
    with Process(command, quiet(), cwd=REPOSITORY) as process:
        process.until(lambda: "open it in a browser" in process.log, "the page")
        assert not process.ended, f"the playground ended: {process.log}"
        yield process


@pytest.fixture
def opened(played: Played, page: Page) -> Page:
    """The page, on a phone, once the sample is answered; the console must stay quiet to the end."""
    with heard(page) as said:
        page.goto(played.url)
        page.wait_for_selector("#table tbody tr")
        yield page
    assert not [line for line in said.lines if "the server responded with a status of 400" not in line]
    assert all(url.startswith((played.url, "data:")) for url in said.asked)


def ask(page: Page) -> None:
    """Presses the button, and waits for what comes."""
    with page.expect_response("**/invocations"):
        page.get_by_role("button", name="Ask the model").click()
    page.wait_for_selector("#go:not([disabled])")


def answered(page: Page) -> Any:
    return json.loads(page.locator("#raw pre").text_content() or "")


def expected(played: Played) -> Any:
    """What the model answered to the sample's request during the capture."""
    one = next(one for one in played.capture["answered"] if one["accept"] == "application/json")
    return json.loads(one["answer"]["text"])


def rows(document: Any) -> list[Any]:
    return next(value for value in document.values() if isinstance(value, list))


def test_the_sample_is_answered_as_a_table_and_a_picture(opened, played):
    assert answered(opened) == expected(played)
    assert opened.locator("#table tbody tr").count() == len(rows(expected(played)))
    chart = played.capture["facts"]["chart"]
    assert chart, "this image declares no chart; see [chart] in image.toml"
    if chart["kind"] == "cells":
        marks = [name for name in rows(expected(played))[0] if name.endswith(chart["marked"])]
        filled = sum(row[name] is not None for row in rows(expected(played)) for name in marks)
        assert opened.locator("#table td.filled").count() == filled > 0
    else:
        picture = opened.locator("#drawing [role=img]")
        assert picture.is_visible()
        assert opened.locator("#drawing svg :is(circle, path, rect)").count() > 1
        assert picture.get_attribute("aria-label") == opened.locator("figcaption").inner_text()


def test_the_page_has_no_barrier_and_fits_a_phone(opened, played, browser):
    assert too_wide(opened) <= 0
    assert not barriers(opened)
    context = browser.new_context(color_scheme="dark", viewport={"width": 1280, "height": 900})
    dark = context.new_page()
    dark.goto(played.url)
    dark.wait_for_selector("#table tbody tr")
    assert not barriers(dark, colours=True)
    context.close()


def test_a_bad_table_shows_what_the_server_says_in_one_line(opened, played):
    opened.locator("#body").fill("unheard,of\n1,2\n")
    ask(opened)
    message = json.loads(played.capture["wrong"]["answer"]["text"])["message"]
    assert opened.get_by_role("alert").inner_text() == f"400: {message}"
    assert not opened.locator("#table tbody tr").count()
    assert not opened.locator("#chart").is_visible()


def test_a_request_without_rows_is_told_so(opened, played):
    opened.locator("#body").fill("")
    ask(opened)
    assert "no rows" in opened.get_by_role("alert").inner_text()


def test_options_are_a_form_and_reach_the_model_by_page_and_by_curl(opened, played):
    facts = played.capture["facts"]
    for option in facts["options"]:
        assert opened.locator(f'#options [name="{option["name"]}"]').count(), option["name"]
    opened.locator("#options summary").click()
    for one in played.capture["switched"]:
        name = one["attributes"].partition("=")[0]
        opened.locator("#sample").select_option("")
        opened.locator("#body").fill(one["sent"]["text"])
        opened.locator(f'#options [name="{name}"]').check()
        ask(opened)
        assert answered(opened) == json.loads(one["answer"]["text"]), name
        assert one["attributes"] in opened.locator("#curl").inner_text()
        assert run_curl(opened) == json.loads(one["answer"]["text"])
        opened.locator(f'#options [name="{name}"]').uncheck()


def run_curl(page: Page, place: str = "#curl") -> Any:
    if lacking.curl() is None:
        pytest.skip("curl is not installed")  # `make test` says at its end what brings it
    command = page.locator(place).text_content() or ""
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_the_printed_curl_gives_the_same_answer(opened, played):
    assert run_curl(opened) == expected(played)


def test_the_printed_tensors_give_the_same_answer(opened, played):
    opened.wait_for_function("document.querySelector('#oip').textContent.startsWith('curl')")
    found = {one["name"]: one["data"] for one in run_curl(opened, "#oip")["outputs"]}
    wanted = rows(expected(played))
    assert {len(cells) for cells in found.values()} == {len(wanted)}
    for name, cells in found.items():
        for cell, row in zip(cells, wanted, strict=True):
            told = json.loads(cell) if isinstance(cell, str) and cell[:1] in {"{", "["} else cell
            assert told == row[name], name


def test_the_tensors_follow_what_is_typed(opened):
    opened.locator("#body").fill("")
    opened.wait_for_function(
        "document.querySelector('#oip').textContent.startsWith('# The request has no rows')"
    )


def test_the_printed_python_gives_the_same_answer(opened, played, monkeypatch):
    """boto3 as it is, but that what would go to AWS goes to the model here."""
    import boto3

    def invoke_endpoint(**given: Any) -> dict[str, Any]:
        assert given["EndpointName"] == "my-endpoint"
        headers = {"Content-Type": given["ContentType"], "Accept": given["Accept"]}
        reply = requests.post(f"{played.url}/invocations", data=given["Body"], headers=headers, timeout=60)
        return {"Body": io.BytesIO(reply.content), "ContentType": reply.headers["Content-Type"]}

    client = SimpleNamespace(invoke_endpoint=invoke_endpoint)
    monkeypatch.setattr(boto3, "client", lambda name: client)
    printed: list[Any] = []
    exec(opened.locator("#boto3").text_content() or "", {"print": printed.append})
    assert [json.loads(text) for text in printed] == [expected(played)]


def test_the_printed_call_of_the_sdk_gives_the_same_answer(opened, played):
    """Version 3, in its own environment; that there is an endpoint of this name it is told."""
    code = f"{_AN_ENDPOINT}\n{opened.locator('#sdk').text_content()}"
    with runtime(int(played.url.rpartition(":")[2])) as address:
        aws = {
            "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": address,
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        command = [REPOSITORY / ".slipway/envs/sdk3/bin/python", "-c", code]
        done = subprocess.run(command, env={**os.environ, **aws}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == expected(played)


_AN_ENDPOINT = """
from sagemaker.core.resources import Endpoint
Endpoint.get = staticmethod(lambda name: Endpoint(endpoint_name=name))
"""


@pytest.mark.parametrize("name", ["request.json", "request.jsonl", "request.parquet", "request.xlsx"])
def test_a_file_is_taken_by_its_ending(opened, played, name):
    """Dropped or chosen: both take the same way once there is a file."""
    opened.locator("#choose").set_input_files(played.files / name)
    opened.wait_for_function(
        "name => document.querySelector('#curl').textContent.includes(name)", arg=_type(name)
    )
    ask(opened)
    assert opened.locator("#error").is_hidden(), opened.locator("#error").inner_text()
    sent = json.loads((played.files / "request.json").read_text())["instances"]
    assert len(rows(answered(opened))) == len(rows(expected(played)))
    assert len(sent) == len(rows(expected(played)))


def _type(name: str) -> str:
    ends = {
        "json": "application/json'",
        "jsonl": "jsonlines",
        "parquet": "x-parquet",
        "xlsx": "spreadsheetml",
    }
    return ends[name.partition(".")[2]]


def test_every_request_of_the_sample_can_be_started_from(opened, played):
    for one in played.capture["others"]:
        opened.locator("#sample").select_option(one["sent"]["name"])
        ask(opened)
        assert opened.locator("#error").is_hidden(), opened.locator("#error").inner_text()


def test_the_page_answers_to_this_machine_s_names_alone(played):
    """Else another site, its name led to 127.0.0.1, could ask the model through a visitor's browser."""
    for method, path in (("GET", "/"), ("POST", "/invocations"), ("POST", "/table")):
        reply = requests.request(
            method, played.url + path, headers={"Host": "example.com:80"}, data="1", timeout=60
        )
        assert reply.status_code == 403
    assert requests.get(f"{played.url}/../Makefile", timeout=60).status_code == 404


def test_without_a_model_the_sample_is_trained_first(monkeypatch):
    done = []

    def unserved(*_: Any) -> Any:
        raise RuntimeError("served")

    def untrained(self: Run) -> None:
        raise RunError("nothing is trained yet")

    monkeypatch.setattr(Run, "check_trained", untrained)
    monkeypatch.setattr(
        Run, "lay_out", lambda self, data, hyperparameters: done.append((data, hyperparameters))
    )
    monkeypatch.setattr(Run, "train", lambda self: done.append("trained"))
    monkeypatch.setattr(Run, "served", unserved)
    monkeypatch.setattr(sys, "argv", ["play", "--image", NAMES[0], "--port", "0"])
    with pytest.raises(RuntimeError, match="served"):
        play.main()
    assert done == [(None, None), "trained"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_nothing_is_left_behind_and_nothing_listens_to_others(number, built):
    """However the playground ends, its model server ends too; that is on the loopback alone."""
    with playground(NAMES[0], built.captures / NAMES[0] / "run") as process:
        started = descendants(process.pid)
        assert len(started) > 2, "a server with its workers"
        ports = [
            int(port) for port in re.findall(r"(?:Serving on port |http://localhost:)(\d+)", process.log)
        ]
        assert listening(ports) == dict.fromkeys(ports, "0100007F")
        process.popen.send_signal(number)
        process.popen.wait(60)
    wait_until(lambda: not any(map(alive, started)), f"the end of {started}", lambda: "", 40)


def listening(ports: list[int]) -> dict[int, str]:
    """The address that each port is open on, as Linux writes it."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    open_on = {
        int(line[1].partition(":")[2], 16): line[1].partition(":")[0] for line in lines if line[3] == "0A"
    }
    return {port: open_on.get(port, "") for port in ports}
