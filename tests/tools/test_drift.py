"""`drift`: of a server, of a file, and of what an endpoint captured; and the page that it makes."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from harness import drifted
from harness.archives import packed
from harness.moto_aws import BUCKET, ROLE, answer
from slipway.drift.baseline import FILE as BASELINE
from slipway.manifest import FILE as MANIFEST
from slipway.manifest import Manifest
from tools.cli import main
from tools.drift.answer import DriftAnswer
from tools.drift.page import page

Drift = Callable[..., str]


@pytest.fixture
def drift(session: Any, capsys: pytest.CaptureFixture[str]) -> Drift:
    def run(*given: str) -> str:
        main.run(main.parse(["drift", *given]), session)
        return capsys.readouterr().out

    return run


@pytest.fixture
def server() -> Iterator[tuple[str, dict[str, tuple[int, bytes]]]]:
    """A server on this machine, and what it answers to a path."""
    answers: dict[str, tuple[int, bytes]] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers.get(self.path, (404, b""))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *given: Any) -> None: ...

    listening = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{listening.server_port}", answers
    listening.shutdown()
    listening.server_close()


def test_a_server_is_asked_and_told_as_a_page(drift: Drift, server: Any, tmp_path: Path) -> None:
    url, answers = server
    answers["/drift"] = 200, drifted.answer()
    printed = drift(url, "--to", str(tmp_path / "deep/page.html")).strip()
    text = Path(printed).read_text()
    assert "2 of 4 columns drifted" in text
    assert "&lt;b&gt;kind&lt;/b&gt;" in text, "a name is no markup"
    assert text.index("kind&lt;") < text.index(">calm<"), "those that drifted first"
    assert "http" not in text.replace(url.partition("://")[2], "").replace("http-equiv", "")
    assert json.loads(drift(f"{url}/drift/", "--json")) == json.loads(drifted.answer())


def test_a_kept_answer_is_as_good(drift: Drift, tmp_path: Path) -> None:
    (tmp_path / "drift.json").write_bytes(drifted.answer(50))
    file = drift(str(tmp_path / "drift.json"), "--to", str(tmp_path / "page.html")).strip()
    assert "50 rows were compared with the training; 100 are needed" in Path(file).read_text()


def test_of_one_model_among_many_the_page_has_the_errors_of_its_answers(
    drift: Drift, server: Any, tmp_path: Path
) -> None:
    url, answers = server
    measures = [
        {"name": "MASE", "now": 0.8125, "training": 0.71},
        {"name": "WAPE", "now": 0.125, "training": None},
    ]
    body = {**json.loads(drifted.answer()), "outcomes": {"points": 1234, "measures": measures}}
    answers["/models/m/drift"] = 200, json.dumps(body).encode()
    text = Path(drift(f"{url}/models/m", "--to", str(tmp_path / "page.html")).strip()).read_text()
    assert "In the last 1,234 values" in text
    assert text.index(">0.71<") < text.index(">0.812<") < text.index(">WAPE<") < text.index(">0.125<")


def test_a_model_without_a_baseline_has_a_page_of_its_errors_alone(drift: Drift, tmp_path: Path) -> None:
    outcomes = {"points": 7, "measures": [{"name": "MASE", "now": 0.5, "training": None}]}
    answer = {"rows": 0, "false_alarms": 0.01, "columns": [], "outcomes": outcomes}
    (tmp_path / "drift.json").write_text(json.dumps(answer))
    file = drift(str(tmp_path / "drift.json"), "--to", str(tmp_path / "page.html")).strip()
    text = Path(file).read_text()
    assert "No columns are compared" in text
    assert ">0.5<" in text
    for of_columns in ("rows were compared", "A column has drifted", 'class="legend"'):
        assert of_columns not in text


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (404, b"", "the model has no baseline of drift, or SLIPWAY_DRIFT is false"),
        (503, b"", "answers 503"),
        (200, b'{"rows": 1}', "is not what GET /drift answers"),
        (
            200,
            b'{"models": [{"modelName": "a"}, {"modelName": "b"}]}',
            r"loaded: a, b\): ask for .*/models/NAME",
        ),
        (200, b'{"models": []}', "loaded: none"),
    ],
)
def test_a_server_without_drift_is_told(
    drift: Drift, server: Any, status: int, body: bytes, message: str
) -> None:
    url, answers = server
    answers["/drift"] = status, body
    with pytest.raises(main.CommandError, match=message):
        drift(url)


def test_a_server_that_is_not_there_is_told(drift: Drift) -> None:
    with pytest.raises(main.CommandError, match=r"does not answer: .*refused"):
        drift("http://127.0.0.1:9")


@pytest.fixture
def endpoint(session: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """An endpoint that captures what it is asked; moto itself captures nothing, and tells of no capture."""
    (tmp_path / "model").mkdir()
    image = main.images()[0]
    facts: dict[str, Any] = {"image": image, "version": "1.0.0", "hyperparameters": {}, "metrics": {}}
    Manifest.stamp(tmp_path / "model", reads=drifted.SCHEMA, **facts)
    files = {
        f"./{MANIFEST}": (tmp_path / "model" / MANIFEST).read_bytes(),
        BASELINE: drifted.baseline().model_dump_json().encode(),
        "weights.bin": b"x",
    }
    session.client("s3").put_object(Bucket=BUCKET, Key="slipway/m/model.tar.gz", Body=packed(files))
    given = ["deploy", image, "--role", ROLE, "--model-data", f"s3://{BUCKET}/slipway/m/model.tar.gz"]
    given += ["--name", "watched", "--capture", "100", "--image-uri", "elsewhere/it:1"]
    sent: list[dict[str, Any]] = []
    session.events.register(
        "provide-client-params.sagemaker.CreateEndpointConfig", lambda params, **_: sent.append(params)
    )
    main.run(main.parse([*given, "--job-file", str(tmp_path / "jobs.json")]), session)
    capture = sent[0]["DataCaptureConfig"]
    assert capture["InitialSamplingPercentage"] == 100
    told = session.client("sagemaker").describe_endpoint(EndpointName="watched")
    told["DataCaptureConfig"] = {"EnableCapture": True, "DestinationS3Uri": capture["DestinationS3Uri"]}
    answer(session, "DescribeEndpoint", told)
    capsys.readouterr()
    return "watched"


def captured(session: Any, key: str, *bodies: tuple[str, str, str]) -> None:
    """A file as SageMaker writes it: a line for each request, of content type, encoding, and data."""
    lines = [
        json.dumps(
            {
                "captureData": {
                    "endpointInput": {"observedContentType": kind, "encoding": encoding, "data": data},
                    "endpointOutput": {"observedContentType": "text/csv", "encoding": "CSV", "data": "1"},
                },
                "eventMetadata": {"eventId": "x", "inferenceTime": "2026-11-28T12:00:00Z"},
                "eventVersion": "0",
            }
        )
        for kind, encoding, data in bodies
    ]
    place = f"slipway/captured/watched/AllTraffic/{key}.jsonl"
    session.client("s3").put_object(Bucket=BUCKET, Key=place, Body="\n".join(lines).encode())


def rows_of(count: int, shift: float, seed: int) -> list[list[Any]]:
    table = drifted.rows(count, shift, seed=seed)
    return [list(row) for row in zip(*(table.column(name).tolist() for name in table.names), strict=True)]


def test_what_an_endpoint_captured_is_compared_with_its_training(
    drift: Drift, session: Any, endpoint: str, tmp_path: Path
) -> None:
    rows = rows_of(300, 1.0, 5)
    plain = "\n".join(",".join(map(str, row)) for row in rows[:100])
    lines = "\n".join(
        json.dumps(dict(zip(("weight", "<b>kind</b>", "calm"), row, strict=True))) for row in rows[100:200]
    )
    packed_rows = base64.b64encode("\n".join(",".join(map(str, row)) for row in rows[200:]).encode())
    captured(
        session,
        "2026/11/28/11/01-a",
        ("text/csv", "CSV", plain),
        ("application/jsonlines", "JSON", lines),
        ("text/csv", "BASE64", packed_rows.decode()),
        ("text/csv", "CSV", "no,row"),
        ("image/png", "BASE64", "AAAA"),
    )
    found = json.loads(drift(endpoint, "--json"))
    assert found["rows"] == 300
    told = DriftAnswer.model_validate(found)
    assert [one.name for one in told.drifted] == ["weight"]
    assert {one.of for one in told.columns} == {"input"}
    text = Path(drift(endpoint, "--to", str(tmp_path / "page.html")).strip()).read_text()
    assert "the rows of 5 requests that the endpoint captured" in text
    assert "2 of them could not be read" in text


def test_of_an_endpoint_the_last_rows_are_compared(drift: Drift, session: Any, endpoint: str) -> None:
    for hour, shift in ((10, 3.0), (11, 0.0)):
        text = "\n".join(",".join(map(str, row)) for row in rows_of(400, shift, hour))
        captured(session, f"2026/11/28/{hour}/01-a", ("text/csv", "CSV", text))
    last = json.loads(drift(endpoint, "--json", "--rows", "300"))
    assert last["rows"] == 300
    assert not any(one["drifted"] for one in last["columns"])
    assert any(one["drifted"] for one in json.loads(drift(endpoint, "--json"))["columns"])


def test_an_endpoint_that_has_captured_nothing_is_told(drift: Drift, session: Any, endpoint: str) -> None:
    with pytest.raises(main.CommandError, match="has captured no request yet"):
        drift(endpoint)


def test_an_endpoint_that_does_not_capture_is_told_the_way_out(drift: Drift, session: Any) -> None:
    answer(session, "DescribeEndpoint", {"EndpointConfigName": "c"})
    with pytest.raises(main.CommandError, match=r"deploy it with --capture 100, or ask CloudWatch"):
        drift("other")


def test_a_model_without_baseline_is_told(drift: Drift, session: Any, endpoint: str) -> None:
    session.client("s3").put_object(
        Bucket=BUCKET, Key="slipway/m/model.tar.gz", Body=packed({MANIFEST: b"{}"})
    )
    with pytest.raises(main.CommandError, match=r"has no drift\.json"):
        drift(endpoint)


@pytest.mark.parametrize(
    ("given", "message"),
    [(["--capture", "0"], "expected 1 to 100, got 0"), (["--capture", "9", "--serverless"], "real-time")],
)
def test_a_capture_that_cannot_be_is_told(
    slipway: Callable[..., str], given: list[str], message: str
) -> None:
    with pytest.raises(main.CommandError, match=message):
        slipway("deploy", "--role", ROLE, "--model-data", "s3://b/m", *given)


def test_cells_are_in_words() -> None:
    told = DriftAnswer.model_validate_json(drifted.answer())
    weight = next(one for one in told.columns if one.name == "weight")
    labels = [cell.label for cell in weight.cells]
    assert labels[0] == "missing"
    assert labels[1].startswith("below ")
    assert " to " in labels[2]
    assert labels[-1].startswith("above ")
    assert sum(cell.training for cell in weight.cells) == pytest.approx(1)
    assert sum(cell.now for cell in weight.cells) == pytest.approx(1)
    assert "None" not in page(told, "it")
