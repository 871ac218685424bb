"""No body takes a worker down: it is refused or answered within a second and 200 MB, and so is the next."""

from collections.abc import Iterator

import pytest

from unit.bodies import BODIES, CSV, JSON
from unit.worker import Took, Worker

SECONDS = 1.0  # of the processor, as machines that run tests are busy
MEGABYTES = 200


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    found = Worker()
    yield found
    found.end()


@pytest.mark.parametrize("kind", BODIES)
def test_a_body_that_asks_for_much_is_refused_or_answered_and_costs_little(kind: str, worker: Worker) -> None:
    one = BODIES[kind]
    found = worker.ask(one.model, one.make(), one.content_type, one.accept, one.attributes)
    assert found is not None, "the worker hangs, or has ended"
    said = f"{found.status} after {found.seconds:.2f} s and {found.peak:.0f} MB: {found.text[:200]}"
    assert found.status in one.statuses, said
    assert one.says in found.text, said
    # A body that is answered line by line may take its time: that it is linear is tested below.
    assert found.seconds < (SECONDS if found.status >= 400 else 3 * SECONDS), said
    assert found.peak < MEGABYTES, said
    assert alive(worker)


def alive(worker: Worker) -> bool:
    after = worker.ask("numbers", b"1,2,3,4\n", CSV)
    return after is not None and after.text == "10.0\n"


def test_what_was_taken_is_given_back(worker: Worker) -> None:
    """The same bodies again and again take no more than once."""
    large = [one for one in BODIES.values() if one.model == "numbers" and one.content_type in {CSV, JSON}][
        :20
    ]
    kept = [grown(worker, [(one.make(), one.content_type) for one in large]) for _ in range(3)]
    assert kept[2] - kept[0] < 30, kept


def grown(worker: Worker, requests: list[tuple[bytes, str]]) -> float:
    """MB that the worker holds after these, against before."""
    return sum(_heard(worker.ask("numbers", *request)).kept for request in requests)


def _heard(found: Took | None) -> Took:
    assert found is not None
    return found


UNKNOWN = ("x-{0:06}", "utf-8{0:06}", "cp125{0:06}", "latin-{0:06}", "iso-8859-{0:06}")


@pytest.mark.parametrize(
    "header",
    [*(f"text/csv; charset={name}" for name in UNKNOWN), "text/{0:0900}", "text/csv; {0:0900}=1"],
)
def test_names_that_nobody_knows_are_forgotten(header: str, worker: Worker) -> None:
    requests = [(b"1,2,3,4\n", header.format(place)) for place in range(2000)]
    worker.ask("numbers", *requests[0])
    assert grown(worker, requests) < 5


@pytest.mark.parametrize(("accept", "mark"), [("text/csv", ""), ("text/csv; formulas=escaped", "'")])
def test_a_formula_goes_back_as_it_came_or_so_that_no_spreadsheet_runs_it(
    accept: str, mark: str, worker: Worker
) -> None:
    rows = b"code,ok,n,x\n=run|'/C x'!A0,true,-3,4\n@sum,true,3,-4\n-run(),true,3,4\n"
    found = _heard(worker.ask("mixed", rows, CSV, accept))
    wanted = f"{mark}=run|'/C x'!A0,true,-3,4\n{mark}@sum,true,3,-4\n{mark}-run(),true,3,4\n"
    assert found.text == wanted


def test_the_time_is_linear_where_the_last_cell_is_bad(worker: Worker) -> None:
    small, large = (
        _heard(worker.ask("numbers", b"5,6,7,8\n" * count + b"5,6,7,oh\n", CSV)).seconds
        for count in (60_000, 600_000)
    )
    assert large < 25 * max(small, 0.02)


def test_the_time_is_linear_where_every_row_is_bad(worker: Worker) -> None:
    small, large = (
        _heard(worker.ask("numbers", b"9e307,9e307,9,9\n" * count, CSV, "", '{"on_error": "record"}')).seconds
        for count in (10_000, 80_000)
    )
    assert large < 20 * max(small, 0.02)
