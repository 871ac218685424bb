"""What /metrics tells, wherever an image runs: counts that are right across processes."""

import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from harness import processes
from harness.places import Place, Server, Training
from harness.samples import Sample
from slipway.serving.forked import NAME
from tools.process import wait_until

Scrape = dict[str, float]
"""Samples by name and labels as they are written: name{label="value"}."""


def scrape(server: Server) -> Scrape:
    reply = server.get("/metrics")
    assert reply.status == 200, reply.text
    assert reply.media_type == "text/plain"
    found: Scrape = {}
    for family in text_string_to_metric_families(reply.text):
        for one in family.samples:
            name = one.name + (json.dumps(one.labels, sort_keys=True) if one.labels else "")
            assert name not in found, f"{name} is told twice"
            found[name] = one.value
    return found


def by(name: str, **labels: str) -> str:
    return f"{name}{json.dumps(labels, sort_keys=True)}"


def grown(before: Scrape, after: Scrape) -> Scrape:
    return {name: value - before.get(name, 0) for name, value in after.items()}


@pytest.mark.contract("B2.16", "B2.18")
def test_requests_rows_errors_and_sizes_are_counted(server: Server, sample: Sample) -> None:
    before, body = scrape(server), sample.csv()
    replies = [server.ask(body, "text/csv", "application/json") for _ in range(3)]
    assert {reply.status for reply in replies} == {200}
    assert server.ask(body, "application/xml").status == 415
    assert server.ask(b"", "text/csv").status == 204
    found = grown(before, scrape(server))
    assert found["model_invocations_total"] == 5
    assert found["model_errors_total"] == 1
    assert [found[by("slipway_requests_total", status=str(status))] for status in (200, 204, 415)] == [
        3,
        1,
        1,
    ]
    assert found[by("slipway_errors_total", kind="UnsupportedMediaType")] == 1
    assert found["slipway_rows_total"] == 3 * sample.height
    for name in ("slipway_request_duration_seconds", "model_latency_milliseconds", "model_ttfb_milliseconds"):
        assert found[f"{name}_count"] == found[by(f"{name}_bucket", le="+Inf")] == 5
        assert found[f"{name}_sum"] > 0
    assert found["slipway_request_size_bytes_sum"] == 4 * len(body)
    assert found["slipway_response_size_bytes_sum"] >= sum(len(reply.body) for reply in replies)


def test_the_state_of_model_and_container_is_told(server: Server) -> None:
    found = scrape(server)
    assert 0 < found["slipway_model_load_seconds"] < 60
    assert 0 <= found["slipway_model_age_seconds"] < 3600
    assert abs(found["slipway_model_trained_timestamp_seconds"] - time.time()) < 3600
    assert 0 < found["slipway_memory_used_bytes"] < found["slipway_memory_limit_bytes"]
    assert found["model_concurrent_requests"] == found["slipway_requests_in_flight"] == 0
    assert found["slipway_worker_restarts_total"] == 0


def test_nothing_of_a_payload_is_in_a_label(server: Server) -> None:
    server.ask(b"secret4711,x\nsecret4711,y\n", "text/csv", "application/json", Inference_Id="secret4711")
    server.ask(b"{}", "application/secret4711")
    assert "secret4711" not in server.get("/metrics").text


def test_a_scrape_is_a_get(server: Server) -> None:
    assert server.send("POST", "/metrics", b"", {}).status == 405


@pytest.mark.shared("local", "container")
def test_metrics_can_be_switched_off(place: Place, trained: Training, sample: Sample) -> None:
    with place.serve(trained.root, SLIPWAY_METRICS="off") as server:
        assert server.get("/metrics").status == 404
        assert server.ask(sample.csv(), "text/csv").status == 200


@pytest.mark.shared
@pytest.mark.contract("B2.16")
@pytest.mark.only("local")
def test_sums_are_right_across_workers_that_were_killed(
    place: Place, trained: Training, sample: Sample
) -> None:
    """What was sent is what all scrapes together tell, and no count ever goes back."""
    with place.serve(trained.root, MODEL_SERVER_WORKERS="2") as server:
        sent, highest = 0, 0.0
        for _ in range(3):
            with ThreadPoolExecutor(4) as threads:
                for reply in threads.map(lambda _: server.ask(sample.csv(), "text/csv"), range(40)):
                    assert reply.status == 200
            sent += 40
            for _ in range(4):  # of either worker
                found = scrape(server)
                assert found["model_invocations_total"] == sent
                assert found["slipway_rows_total"] == sent * sample.height
                assert found["slipway_request_duration_seconds_count"] == sent
                assert found["slipway_worker_restarts_total"] >= highest
                highest = found["slipway_worker_restarts_total"]
            killed = workers(server)[0]
            os.kill(killed, signal.SIGKILL)
            wait_until(
                lambda gone=killed: gone not in (now := workers(server)) and len(now) == 2,
                "another worker",
                server.log,
                30,
            )
        assert scrape(server)["slipway_worker_restarts_total"] == 3
        assert scrape(server)["slipway_processes"] == 2


def workers(server: Server) -> list[int]:
    """The processes that answer on the server's port: those that its gunicorn has forked."""
    port = f"SAGEMAKER_BIND_TO_PORT={server.port}"
    found: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if port in (entry / "environ").read_text():
                    found[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, UnicodeDecodeError):
                continue
    masters = {pid for pid, parent in found.items() if parent in found and _is_gunicorn(pid)}
    return sorted(pid for pid, parent in found.items() if parent in masters)


def _is_gunicorn(pid: int) -> bool:
    return processes.name(pid) == NAME


@pytest.mark.shared
@pytest.mark.only("local", "container")
@pytest.mark.contract("B2.20")
def test_a_minute_is_told_as_embedded_metrics(place: Place, trained: Training, sample: Sample) -> None:
    """What has come is told at the end, too, on standard output, as CloudWatch reads it."""
    with place.serve(trained.root, SLIPWAY_METRICS="emf") as server:
        assert server.get("/metrics").status == 404
        for _ in range(3):
            assert server.ask(sample.csv(), "text/csv").status == 200
        assert server.ask(b"", "application/xml").status in {204, 415}
        assert server.stop() == 0
        lines = [line for line in server.log().splitlines() if line.startswith('{"_aws"')]
    assert lines
    told = [json.loads(line) for line in lines]
    assert sum(one["Requests"] for one in told) == 4
    assert sum(one["Rows"] for one in told) == 3 * sample.height
    described = told[-1]["_aws"]["CloudWatchMetrics"][0]
    assert described["Dimensions"] == [["Image"]]
    assert {one["Name"] for one in described["Metrics"]} <= set(told[-1])
    assert told[-1]["LatencyP50"] > 0


@pytest.mark.shared("local", "container")
def test_what_is_asked_is_compared_with_the_training(place: Place, trained: Training, sample: Sample) -> None:
    with place.serve(trained.root, MODEL_SERVER_WORKERS="1") as server:
        rows = sample.rows * (200 // sample.height + 1)
        assert server.ask(sample.csv(rows=rows), "text/csv").status == 200
        found = server.get("/drift").json
        assert 0 < found["rows"] <= len(rows)
        known = json.loads((trained.model / "drift.json").read_text())["columns"]
        assert [one["name"] for one in found["columns"]] == [one["name"] for one in known]
        assert all(sum(one["now"]) == found["rows"] for one in found["columns"] if one["of"] == "input")
        assert scrape(server)["slipway_drift_window_rows"] == found["rows"]
    with place.serve(trained.root, SLIPWAY_DRIFT="false") as server:
        assert server.get("/drift").status == 404
