"""What a check is: a small function, the row of the contract it holds, and how it says what it saw.

A check returns what it saw when that is what the row wants. It raises Failed with what it saw when it is not,
and NotApplicable with the reason when the row asks nothing of this image.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .stage import Stage

Run = Callable[["Stage"], str]


class Verdict(StrEnum):
    PASS = "pass"
    FAIL = "FAIL"
    NOT_APPLICABLE = "n/a"


class Failed(Exception):
    """What was seen instead of what the row wants."""


class NotApplicable(Exception):
    """Why the row asks nothing of this image."""


@dataclass(frozen=True)
class Check:
    """A row of the contract, as something to do and to see."""

    row: str
    """Its number in the contract; V-rows are those of the Open Inference Protocol, X-rows go beyond both."""
    needs: str
    """image, train, serve, models or oip: what must be there to try."""
    did: str
    expected: str
    run: Run
    alone: bool = False
    """Whether it looks at times, and so has the machine for itself."""


@dataclass(frozen=True)
class Result:
    check: Check
    verdict: Verdict
    seen: str
    seconds: float


CHECKS: list[Check] = []


def order(one: Check) -> tuple[str, int, int]:
    """By row: A1.2 before A1.10, and what goes beyond the contract last."""
    section, _, number = one.row.partition(".")
    return section, int(number or 0), CHECKS.index(one)


def check(row: str, needs: str, did: str, expected: str, alone: bool = False) -> Callable[[Run], Run]:
    """Registers a function as the check of a row."""

    def register(run: Run) -> Run:
        CHECKS.append(Check(row, needs, did, expected, run, alone))
        return run

    return register


def carry_out(one: Check, stage: "Stage") -> Result:
    """Runs a check. Whatever goes wrong on the way is a failure, told in one line."""
    started = time.monotonic()
    try:
        verdict, seen = Verdict.PASS, one.run(stage)
    except NotApplicable as reason:
        verdict, seen = Verdict.NOT_APPLICABLE, str(reason)
    except Failed as found:
        verdict, seen = Verdict.FAIL, str(found)
    except Exception as error:  # an image may do anything; the other checks go on
        verdict, seen = Verdict.FAIL, f"{type(error).__name__}: {error}"
    return Result(one, verdict, " ".join(seen.split()), time.monotonic() - started)
