"""The log line of a request, where SLIPWAY_ACCESS_LOG asks for one."""

from slipway.log import log, within
from slipway.serving.answer import Answer


def accessed(answer: Answer, size: int, spent: float, request: str) -> None:
    """A log line of one request, without anything of its payload."""
    with within(request):
        log(
            "serve",
            "answered",
            status=answer.status,
            ms=round(1000 * spent, 1),
            received=size,
            sent=len(answer.body),
        )
