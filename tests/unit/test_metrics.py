"""What is counted of requests, and what becomes of it when processes and models come and go."""

import json
import os

import pytest
from prometheus_client.parser import text_string_to_metric_families

from slipway.errors import UserError
from slipway.serving.answer import Answer, client_error, server_error
from slipway.serving.metrics import cells as at
from slipway.serving.metrics import emf
from slipway.serving.metrics.container import Metrics
from slipway.serving.metrics.emf import _quantile

OK = Answer(200, "text/csv", b"1\n2\n", rows=2)


@pytest.fixture
def metrics_of(settings_of):
    """The metrics of two workers, each with a meter."""

    def make(**environ):
        found = Metrics(settings_of(**environ), 2)
        meters = []
        for _ in range(2):
            found.start(found.claim())
            meters.append(found.meter)
        return found, *meters

    return make


def told(metrics):
    text = metrics.answer().body.decode()
    families = text_string_to_metric_families(text)
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


def test_what_workers_count_is_told_added_up(metrics_of):
    metrics, one, other = metrics_of()
    for meter, answer in (
        (one, OK),
        (other, OK),
        (other, client_error(UserError("no"))),
        (one, server_error(500, "ours")),
    ):
        meter.end(answer, 10, meter.begin())
    found = told(metrics)
    assert found["model_invocations_total",] == 4
    assert found["model_errors_total",] == 2
    assert found["slipway_requests_total", "200"] == 2
    assert found["slipway_errors_total", "UserError"] == found["slipway_errors_total", "InternalError"] == 1
    assert found["slipway_rows_total",] == 4
    assert found["slipway_request_size_bytes_sum",] == 40
    assert found["slipway_request_size_bytes_bucket", "256.0"] == 4


def test_a_status_and_a_kind_that_nobody_knew_are_counted_as_others(metrics_of):
    metrics, one, _ = metrics_of()
    one.end(Answer(418, "text/plain", b"", error="Teapot"), 1, one.begin())
    assert told(metrics)["slipway_requests_total", "other"] == 1
    assert told(metrics)["slipway_errors_total", "other"] == 1
    assert told(metrics)["model_errors_total",] == 1


def test_a_worker_that_dies_leaves_its_counts_and_what_it_had_begun_is_lost(metrics_of):
    metrics, one, other = metrics_of()
    one.end(OK, 10, one.begin())
    one.begin()
    other.begin()
    assert told(metrics)["slipway_requests_in_flight",] == 2
    metrics.release(0)
    found = told(metrics)
    assert found["slipway_requests_in_flight",] == 1
    assert found["slipway_requests_total", "502"] == found["slipway_errors_total", "WorkerLost"] == 1
    assert found["slipway_processes",] == 1
    metrics.start(metrics.claim())
    metrics.meter.end(OK, 10, metrics.meter.begin())
    found = told(metrics)
    assert found["slipway_requests_total", "200"] == 2
    assert found["slipway_worker_restarts_total",] == 1
    assert found["slipway_processes",] == 2


def test_requests_that_wait_are_told_until_their_worker_dies(metrics_of):
    metrics, one, other = metrics_of()
    one.queue(3)
    other.queue(1)
    assert told(metrics)["slipway_requests_queued",] == 4
    metrics.release(0)
    assert told(metrics)["slipway_requests_queued",] == 1


def stream(*pieces):
    def rest():
        for piece in pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    return Answer(200, "text/csv", b"first", rest=rest(), rows=9)


def test_a_stream_counts_when_its_last_piece_is_made(metrics_of):
    metrics, one, _ = metrics_of()
    answer = one.end(stream(b"second", b"third"), 10, one.begin())
    assert told(metrics)["model_invocations_total",] == 0
    assert told(metrics)["model_ttfb_milliseconds_count",] == 1
    assert list(answer.rest) == [b"second", b"third"]
    found = told(metrics)
    assert found["model_invocations_total",] == found["model_latency_milliseconds_count",] == 1
    assert found["slipway_response_size_bytes_sum",] == len("firstsecondthird")
    assert found["slipway_rows_total",] == 9


def test_a_stream_that_breaks_off_is_an_error_and_one_given_up_is_none(metrics_of):
    metrics, one, _ = metrics_of()
    answer = one.end(stream(b"second", ValueError()), 10, one.begin())
    assert next(answer.rest) == b"second"
    with pytest.raises(ValueError):  # noqa: PT011
        next(answer.rest)
    answer = one.end(stream(b"second"), 10, one.begin())
    answer.rest.close()
    answer = one.end(stream(b"second"), 10, one.begin())
    del answer
    found = told(metrics)
    assert found["model_invocations_total",] == 3
    assert found["slipway_errors_total", "InternalError"] == 1
    assert found["slipway_requests_in_flight",] == 0


def test_models_have_names_of_a_bounded_number_and_length(settings_of):
    metrics = Metrics(settings_of(SAGEMAKER_MULTI_MODEL="true", SLIPWAY_METRICS_MODELS="3"), 1)
    metrics.start(metrics.claim())
    long = [("ü" * 300) + end for end in "ab"]
    for name in ("a", *long, "d", "e", "a"):
        meter = metrics.of(name)
        meter.end(OK, 10, meter.begin())
    counted = {key[1]: value for key, value in told(metrics).items() if key[0] == "model_invocations_total"}
    assert len(counted) == 4
    assert counted["a"] == counted["other"] == 2
    assert max(map(len, counted)) <= 128


def test_a_new_worker_of_a_multi_model_endpoint_goes_on_with_the_models_that_had_names(settings_of):
    metrics = Metrics(settings_of(SAGEMAKER_MULTI_MODEL="true"), 1)
    metrics.start(metrics.claim())
    metrics.loaded(1.5, "2026-01-01T00:00:00+00:00", os.getpid(), "a")
    metrics.of("a").end(OK, 10, metrics.of("a").begin())
    assert told(metrics)["slipway_model_load_seconds", "a"] == 1.5
    metrics.release(0)
    assert ("slipway_model_load_seconds", "a") not in told(metrics), "it is not loaded any more"
    metrics._models.clear()  # as in a new process
    metrics.start(metrics.claim())
    metrics.of("b").end(OK, 10, metrics.of("b").begin())
    metrics.of("a").end(OK, 10, metrics.of("a").begin())
    found = told(metrics)
    assert (found["model_invocations_total", "a"], found["model_invocations_total", "b"]) == (2, 1)


def test_what_is_off_counts_nothing(metrics_of):
    metrics, one, _ = metrics_of(SLIPWAY_METRICS="off")
    one.end(OK, 10, one.begin())
    assert "/metrics" not in metrics.routes
    assert metrics.counts.total()[at.BEGUN] == 0


def test_the_log_tells_each_request_once(metrics_of, capsys):
    metrics, one, other = metrics_of(SLIPWAY_METRICS="both")
    one.end(OK, 10, one.begin())
    emf.emit(metrics)
    other.end(server_error(500, "ours"), 10, other.begin())
    metrics.release(1)
    metrics.end()
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["Requests"], first["Rows"], first["ServerErrors"]) == (1, 2, 0)
    assert (second["Requests"], second["Rows"], second["ServerErrors"]) == (1, 0, 1)
    assert first["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Slipway"
    assert first["Image"] == "adder"


def test_a_quantile_lies_in_its_bucket():
    assert _quantile((1.0, 2.0, 4.0), (0, 10, 0, 0), 0.5) == 1.5
    assert _quantile((1.0, 2.0, 4.0), (5, 0, 5, 0), 0.9) == pytest.approx(3.6)
    assert _quantile((1.0, 2.0, 4.0), (0, 0, 0, 7), 0.5) == 4.0, "no more is known than that it is above"
