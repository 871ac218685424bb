"""Checks of batch transforms and pipelines: what the environment changes."""

import json

from .registry import Failed, NotApplicable, check
from .request_checks import answered, other, rows
from .stage import Stage

_BATCH = {
    "SAGEMAKER_BATCH": "true",
    "SAGEMAKER_BATCH_STRATEGY": "MULTI_RECORD",
    "SAGEMAKER_MAX_PAYLOAD_IN_MB": "6",
    "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": "2",
}


@check("B4.2", "serve", "GET /execution-parameters", "its three values, or 404")
def execution_parameters_are_told(stage: Stage) -> str:
    reply = stage.server.wire.send("GET", "/execution-parameters")
    if reply.status == 404:
        return "404, so the platform takes its own"
    try:
        told = json.loads(reply.body)
        count, size = int(told["MaxConcurrentTransforms"]), int(told["MaxPayloadInMB"])
        good = told["BatchStrategy"] in {"MULTI_RECORD", "SINGLE_RECORD"} and count >= 1 and 0 <= size <= 100
    except (ValueError, KeyError, TypeError):
        good = False
    if reply.status != 200 or not good:
        raise Failed(str(reply))
    if count * size > 100:
        raise Failed(f"{count} at once of {size} MB: the platform allows 100 MB in all (B4.3)")
    return reply.text.strip()


@check("B4.6", "serve", "serve with SAGEMAKER_BATCH=true", "an answer for each record, a newline at the end")
def batch_answers_are_lines(stage: Stage) -> str:
    with stage.serving(_BATCH) as server:
        payload = stage.lined
        reply = server.ask(payload, stage.subject.accept)
        seen = answered(reply, rows(stage))
        alone = server.ask(other(payload, payload.of(payload.lines[:1], header=False)), stage.subject.accept)
        answered(alone, 1)
    lined = reply.media_type.startswith("text/") or "lines" in reply.media_type
    if lined and not reply.body.endswith(b"\n"):
        raise Failed(f"{seen}, and no newline at the end")
    return f"{seen} of {reply.media_type}; one line alone: 200 with 1"


@check("B6.4", "serve", "set SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT, send no Accept", "the type that was set")
def a_pipeline_names_the_type(stage: Stage) -> str:
    if not stage.subject.label("accept-bind-to-port"):
        raise NotApplicable("no label accept-bind-to-port, so it is in no pipeline")
    usual = stage.server.ask(stage.payload).media_type
    wanted = "application/json" if usual != "application/json" else "text/csv"
    with stage.serving({"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": wanted}) as server:
        reply = server.ask(stage.payload)
    if reply.status != 200 or reply.media_type != wanted:
        raise Failed(f"{wanted} was set: {reply}")
    return f"{wanted}; {usual} otherwise"
