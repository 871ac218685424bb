"""Debian's Prometheus scrapes a container as the platform's collector does: its sums are what was sent."""

import json
import os
import signal
from collections.abc import Iterator
from urllib.parse import quote

import pytest
import requests

from harness.places import Container, Server, docker, free_port
from harness.samples import Sample
from slipway.image import Image
from tools import lacking
from tools.process import Process, wait_until

WAIT_S = 30


@pytest.fixture(scope="module")
def server(image: Image, sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    place = Container(image)
    training = place.train_sample(sample.lay_out(tmp_path_factory.mktemp("prometheus")))
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
def test_prometheus_reads_what_was_sent(server: Server, ask, sample: Sample) -> None:
    """Also while a worker is killed: what it has counted is not lost, and nothing goes back."""
    until(lambda: ask("up") == 1, server)
    for round_ in range(3):
        for _ in range(20):
            assert server.ask(sample.csv(), "text/csv").status == 200
        if round_ < 2:
            kill_a_worker(server)
            until(lambda: ask("slipway_processes") == 2, server)
    assert server.ask(b"x", "application/xml").status == 415
    until(lambda: ask("model_invocations_total") == 61, server)
    assert ask('slipway_requests_total{status="200"}') == 60
    assert ask("sum(slipway_requests_total)") == 61
    assert ask("slipway_rows_total") == 60 * sample.height
    assert ask("slipway_worker_restarts_total") == 2
    assert ask("resets(model_invocations_total[1m])") == 0
    assert (ask("histogram_quantile(0.5, rate(model_latency_milliseconds_bucket[1m]))") or 0) > 0


def kill_a_worker(server: Server) -> None:
    """The newest process of the container that answers."""
    lines = docker("top", server.container, "-eo", "pid,ppid,args").splitlines()[1:]
    processes = [(int(pid), int(parent)) for pid, parent, *_ in map(str.split, lines)]
    workers = [int(line.split()[0]) for line in lines if "slipway.serving.workers" in line]
    children = [pid for pid, parent in processes if pid in workers and parent in workers]
    os.kill(max(children), signal.SIGKILL)


def serves(value) -> bool:
    try:
        value("up")
    except requests.RequestException:
        return False
    return True


def until(done, server: Server) -> None:
    wait_until(done, "what Prometheus has to know", server.log, WAIT_S)
