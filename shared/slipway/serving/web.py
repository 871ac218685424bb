"""The Flask application: every route of the container, and every error as JSON."""

from collections.abc import Callable
from itertools import chain
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from slipway import machine
from slipway.formats import ANSWER_TYPES, MEDIA_TYPES
from slipway.serving.answer import Answer, client_error, http_error, too_large
from slipway.serving.oip import routes
from slipway.serving.oip.paths import Route
from slipway.serving.served import Served
from slipway.settings import Settings

_MB = 1 << 20
_USUAL_MB = 6  # the platform's own default
_MOST_MB = 20  # that AWS's containers ask for, where MAX_CONTENT_LENGTH allows it
_UNPACKED = 40  # times its bytes that a request may take: its text, its cells, the answers and theirs
_TOLD = {"name", "kind", "optional", "aliases"}  # of a column; categories and ranges are the training data's
_TOTAL_MB = 100  # MaxConcurrentTransforms times MaxPayloadInMB may not pass this


def create_app(app: Served) -> Flask:
    """The routes over one loaded model. https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html"""
    flask = Flask("slipway")
    flask.config["MAX_CONTENT_LENGTH"] = app.settings.max_body_bytes
    flask.json.sort_keys = False  # type: ignore[attr-defined]

    @flask.get("/ping")
    @flask.post("/ping")
    def ping() -> Response:
        return _response(app.ping())

    def answered(route: Route | None = None) -> Answer:
        if app.endpoint is None:
            return client_error(app.broken)
        headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in request.headers]
        return app.answer_now(headers, request.get_data(), route)

    @flask.post("/invocations")
    def invocations() -> Response:
        return _response(answered())

    def metrics(told: Callable[[], Answer]) -> Response:
        return _response(told())

    for path, told in app.metrics.routes.items():
        flask.add_url_rule(path, path, metrics, defaults={"told": told})

    @flask.before_request
    def other_protocols() -> Response | None:
        found = routes.find(app, request.method, request.path)
        if found is None:
            return None
        if isinstance(found, Answer):
            return _response(found)
        try:
            return _response(found.form(answered(found)))
        except RequestEntityTooLarge:
            return _response(found.form(client_error(too_large(app.settings.max_body_bytes))))

    @flask.get("/execution-parameters")
    def execution_parameters() -> dict[str, Any]:
        """What a batch transform should use: a request at a time for each worker."""
        return batch(app.settings, app.workers)

    @flask.get("/")
    def index() -> tuple[dict[str, Any], int]:
        """Which model is served, and how to ask it."""
        if app.endpoint is None:
            return {"message": str(app.broken)}, 503
        manifest = app.endpoint.manifest
        return {
            "status": "alive",  # what clients of KServe v1 look for
            "image": f"{manifest.image} {manifest.version}",
            "trained": manifest.created,
            "columns": [column.model_dump(include=_TOLD) for column in manifest.reads.columns],
            "metrics": dict(manifest.metrics),
            "content_types": list(MEDIA_TYPES),
            "accept": list(ANSWER_TYPES),
        }, 200

    @flask.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> Response:
        if error.code == 413:
            return _response(client_error(too_large(app.settings.max_body_bytes)))
        response = _response(http_error(error.code or 500, error.name, f"{request.method} {request.path}"))
        for name, value in error.get_headers():
            if name == "Allow":
                response.headers[name] = value
        return response

    return flask


def batch(settings: Settings, workers: int) -> dict[str, Any]:
    """What a batch transform should use: a request at a time for each worker, and what memory holds of each.

    What the job itself names goes before.
    """
    at_once = settings.max_transforms or max(1, min(workers, _TOTAL_MB))
    fits = machine.memory_bytes() // (at_once * _UNPACKED * _MB)
    taken = settings.max_body_bytes // _MB
    wanted = _MOST_MB if "max_body_bytes" in settings.model_fields_set else _USUAL_MB
    payload = max(1, min(wanted, _TOTAL_MB // at_once, fits, taken))
    if settings.max_payload_mb is not None:  # 0: of any size, in chunks
        payload = settings.max_payload_mb
    return {
        "MaxConcurrentTransforms": at_once,
        "BatchStrategy": settings.strategy or ("MULTI_RECORD" if taken else "SINGLE_RECORD"),
        "MaxPayloadInMB": payload,
    }


def _response(answer: Answer) -> Response:
    body = answer.body if answer.rest is None else chain([answer.body], answer.rest)
    return Response(body, answer.status, dict(answer.headers), content_type=answer.media_type)
