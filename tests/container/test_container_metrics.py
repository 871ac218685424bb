"""Debian's Prometheus scrapes a container as the platform's collector does: its sums are what was sent.

The container is under load for SCRAPE_SECONDS, while workers are killed; `make scrape` does so for a minute.
"""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import nullcontext
from urllib.parse import quote

import pytest
import requests

from harness.places import Container, Server, docker, free_port
from harness.samples import Sample
from harness.traffic import Scraper, Traffic
from slipway.image import Image
from slipway.serving.forked import NAME
from tools import lacking
from tools.process import Process, wait_until

WAIT_S = 30
SECONDS = float(os.environ.get("SCRAPE_SECONDS", "4"))
CLIENTS = 3


@pytest.fixture(scope="module")
def server(image: Image, sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    place = Container(image)
    training = place.train_sample(sample.lay_out(tmp_path_factory.mktemp("trained")))
    assert training.code == 0, training.log
    with place.serve(training.root, MODEL_SERVER_WORKERS="2") as running:
        yield running


@pytest.fixture(scope="module")
def ask(server: Server, tmp_path_factory: pytest.TempPathFactory):
    """A Prometheus that scrapes the server once a second; answers queries with a number."""
    program = lacking.prometheus()
    if program is None:
        pytest.skip("Prometheus is not installed (apt-get install prometheus): metrics were not scraped")
    folder, port = tmp_path_factory.mktemp("scraper"), free_port()
    (folder / "prometheus.yml").write_text(
        json.dumps(
            {
                "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
                "scrape_configs": [
                    {"job_name": "slipway", "static_configs": [{"targets": [f"127.0.0.1:{server.port}"]}]}
                ],
            }
        )
    )
    command = [
        program,
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    session = requests.Session()
    session.trust_env = False

    def value(query: str) -> float | None:
        url = f"http://127.0.0.1:{port}/api/v1/query?query={quote(query)}"
        found = session.get(url, timeout=10).json()["data"]["result"]
        return float(found[0]["value"][1]) if found else None

    with Process(command, os.environ) as scraper:
        scraper.until(lambda: serves(value), "an answer of Prometheus", WAIT_S)
        assert not scraper.ended, scraper.log
        yield value


@pytest.mark.contract("B2.16")
def test_prometheus_reads_what_was_sent(
    server: Server, ask, sample: Sample, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also while workers are killed: what one has counted is not lost, and nothing goes back.

    Every other worker is killed while it answers. That request is lost, and nginx sends it to another worker;
    or it was counted, and its answer is what is lost: no more than one a kill.
    """
    until(lambda: ask("up") == 1, server)
    body, began, kills, amid = sample.csv(), time.monotonic(), 0, 0
    traffic, scraper = Traffic(server, body, CLIENTS), Scraper(server)
    with traffic, scraper:
        while time.monotonic() - began < SECONDS or kills < 4:
            time.sleep(min(2.0, SECONDS / 8))
            under_way = kills % 2 == 1
            with nullcontext() if under_way else traffic.paused():
                kill_a_worker(server)
            kills, amid = kills + 1, amid + under_way
            until(lambda: read(scraper)["slipway_processes"] == 2, server)
    assert server.ask(b"x", "application/xml").status == 415
    found, answered = read(scraper), traffic.statuses[200]
    assert set(traffic.statuses) <= {200, 503}
    lost, counted = found.get("slipway_errors_total WorkerLost", 0), found["slipway_requests_total 200"]
    with capsys.disabled():
        print(
            f"\n{answered:,} requests in {time.monotonic() - began:.0f} s; {kills} workers killed, "
            f"{amid} amid requests ({lost:.0f} requests lost, {counted - answered:.0f} answers lost); "
            f"{scraper.times} scrapes, {scraper.missed} missed"
        )
    assert 0 <= counted - answered <= amid
    assert lost <= amid * CLIENTS
    assert traffic.statuses[503] <= kills * CLIENTS  # of idle connections, too
    assert found["model_invocations_total"] == counted + lost + 1
    assert found["slipway_rows_total"] == counted * sample.height
    assert found["slipway_request_size_bytes_sum"] == counted * len(body) + 1
    assert found["slipway_worker_restarts_total"] == kills
    until(lambda: ask("model_invocations_total") == found["model_invocations_total"], server)
    assert ask('slipway_requests_total{status="200"}') == counted
    assert ask("sum(slipway_requests_total)") == counted + lost + 1
    assert ask("slipway_rows_total") == counted * sample.height
    assert ask("slipway_worker_restarts_total") == kills
    assert ask("resets(model_invocations_total[10m])") == 0
    assert (ask("histogram_quantile(0.5, rate(model_latency_milliseconds_bucket[1m]))") or 0) > 0


def read(scraper: Scraper) -> dict[str, float]:
    scraper.read()
    return scraper.found


def kill_a_worker(server: Server) -> None:
    """The oldest process of the container that answers: nginx keeps its connections to that one."""
    lines = docker("top", server.container, "-eo", "pid,ppid,comm").splitlines()[1:]
    processes = [(int(pid), int(parent)) for pid, parent, *_ in map(str.split, lines)]
    workers = [int(line.split()[0]) for line in lines if NAME in line]
    children = [pid for pid, parent in processes if pid in workers and parent in workers]
    os.kill(min(children), signal.SIGKILL)


def serves(value) -> bool:
    try:
        value("up")
    except requests.RequestException:
        return False
    return True


def until(done, server: Server) -> None:
    wait_until(done, "what Prometheus has to know", server.log, WAIT_S)
