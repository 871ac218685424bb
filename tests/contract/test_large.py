"""A large CSV is answered in pieces, each row as if it had come alone."""

import pytest

from harness.places import Server
from harness.samples import Sample
from slipway.serving.large import LARGE


@pytest.mark.parametrize("accept", ["text/csv", "application/jsonlines"])
def test_each_row_of_a_large_body_is_answered_as_one_of_a_small_one(
    server: Server, sample: Sample, accept: str
) -> None:
    small = sample.csv()
    times = LARGE // len(small) + 2
    alone = server.ask(small, "text/csv", accept)
    reply = server.ask(sample.csv(rows=sample.rows * times), "text/csv", accept)
    assert reply.status == 200, reply.text
    lines = reply.body.splitlines()
    assert lines == alone.body.splitlines() * times
