"""Errors as these protocols write them: {"error": "…"}."""

from dataclasses import replace

from slipway.serving.answer import Answer, json_answer

_EMPTY = 204  # what /invocations answers to no rows; these protocols promise a body


def error(status: int, message: str) -> Answer:
    """An error."""
    return json_answer(status, {"error": message})


def formed(answer: Answer) -> Answer:
    """`answer`, whose error, if it is one of /invocations' form, is in these protocols'."""
    if not answer.message:
        return answer
    found = error(400 if answer.status == _EMPTY else answer.status, answer.message)
    return replace(answer, status=found.status, media_type=found.media_type, body=found.body, message="")
