"""Long answers in lines are sent piece by piece to who asks for that."""

import socket

import pytest

from harness.places import Reply, Server
from harness.samples import Sample

STREAM = {"Custom_Attributes": "stream=true"}


@pytest.mark.only("local", "container")
@pytest.mark.parametrize("accept", ["application/jsonlines", "text/csv"])
@pytest.mark.contract("B7.1")
def test_a_long_answer_comes_in_chunks_and_holds_the_same_rows(
    server: Server, sample: Sample, expected: Reply, accept: str
) -> None:
    body = sample.csv(rows=sample.rows * (3000 // sample.height))
    whole = server.ask(body, "text/csv", accept)
    head, chunks = raw(server, body, accept, "stream=true")
    assert head.startswith(b"HTTP/1.1 200"), head
    assert b"transfer-encoding: chunked" in head.lower()
    assert b"content-length" not in head.lower()
    assert len(chunks) > 1, "it came in one piece"
    assert len(chunks[0]) < len(whole.body)
    told, alone = b"".join(chunks).splitlines(), whole.body.splitlines()
    assert len(told) == len(alone), "no row is lost"
    assert told[0] == alone[0]


def test_a_short_answer_comes_whole(server: Server, sample: Sample) -> None:
    asked = server.ask(sample.csv(), "text/csv", "application/jsonlines", **STREAM)
    whole = server.ask(sample.csv(), "text/csv", "application/jsonlines")
    assert asked.body == whole.body
    assert asked.headers["Content-Length"] == str(len(whole.body))


def test_what_is_wrong_is_refused_with_its_status_all_the_same(server: Server, sample: Sample) -> None:
    place = sample.number_column()
    rows = [[*row] for row in sample.rows * (3000 // sample.height)]
    rows[-1][place or 0] = "no number"
    reply = server.ask(sample.csv(rows=rows), "text/csv", "application/jsonlines", **STREAM)
    assert (reply.status, reply.media_type) == (400, "application/json")


def raw(server: Server, body: bytes, accept: str, attributes: str) -> tuple[bytes, list[bytes]]:
    """The head of an answer, and its chunks as HTTP frames them."""
    lines = [
        "POST /invocations HTTP/1.1",
        "Host: x",
        "Content-Type: text/csv",
        f"Accept: {accept}",
        f"X-Amzn-SageMaker-Custom-Attributes: {attributes}",
        f"Content-Length: {len(body)}",
        "",
        "",
    ]
    with socket.create_connection(("127.0.0.1", server.port or 0), timeout=120) as connection:
        connection.sendall("\r\n".join(lines).encode() + body)
        stream = connection.makefile("rb")
        head = b""
        while (line := stream.readline()) not in (b"\r\n", b""):
            head += line
        chunks = []
        while size := int(stream.readline(), 16):
            chunks.append(stream.read(size))
            stream.readline()
        return head, chunks
