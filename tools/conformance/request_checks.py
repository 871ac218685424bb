"""Checks of requests: what is read, what is answered, and how it is refused."""

from concurrent.futures import ThreadPoolExecutor

from .payload import Payload, instances
from .registry import Failed, NotApplicable, check
from .stage import Stage
from .wire import Reply

MB = 10**6
CHUNK = 64 * 1024
REFUSED = range(400, 500)
MARK = "98765.4321012"


def answered(reply: Reply, count: int | None = None) -> str:
    """What was seen of a request that should be answered, with `count` answers where that is known."""
    if reply.status != 200:
        raise Failed(str(reply))
    if count is None:
        return str(reply)
    try:
        found = reply.records()
    except ValueError as error:
        raise NotApplicable(f"200, but {error}") from None
    if found != count:
        raise Failed(f"200 with {found} answers to {count} records")
    return f"200 with {found} answers"


def refused(reply: Reply, *statuses: int) -> str:
    """What was seen of a request that should be refused."""
    if reply.status not in (statuses or REFUSED):
        raise Failed(str(reply))
    return str(reply)


def rows(stage: Stage) -> int | None:
    return len(stage.payload.lines) or None


def other(payload: Payload, body: bytes | None = None, media_type: str | None = None) -> Payload:
    return Payload(payload.body if body is None else body, media_type or payload.media_type)


@check("B4.5", "serve", "send the payload", "200, one answer for each record")
def answers(stage: Stage) -> str:
    return answered(stage.server.ask(stage.payload, stage.subject.accept), rows(stage))


@check("B2.6", "serve", "send the payload 32 times, 8 at once", "200 within 60 s, the same answer each time")
def answers_many_at_once(stage: Stage) -> str:
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(stage.server.ask, stage.payload, stage.subject.accept) for _ in range(32)]
        replies = [one.result() for one in asked]
    for reply in replies:
        answered(reply)
    if len({reply.body for reply in replies}) > 1:
        raise Failed(f"200, but {len({reply.body for reply in replies})} different answers")
    return f"200, {max(reply.seconds for reply in replies) * 1000:.0f} ms at the most"


@check("B2.12", "serve", "send the payload three times over one connection", "200, the connection is kept")
def keeps_connections(stage: Stage) -> str:
    connection = stage.server.wire.connect()
    try:
        headers = {"Content-Type": stage.payload.media_type}
        for _ in range(3):
            wire = stage.server.wire
            answered(wire.send("POST", "/invocations", stage.payload.body, headers, connection=connection))
            if connection.sock is None:
                raise Failed("200, and the connection is closed after it")
    finally:
        connection.close()
    return "200, 200, 200"


@check("B2.7", "serve", "send the platform's headers and unknown ones", "200, one answer for each record")
def headers_do_no_harm(stage: Stage) -> str:
    headers = {
        "X-Amzn-SageMaker-Custom-Attributes": "trace-id=7",
        "X-Amzn-SageMaker-Inference-Id": "7",
        "X-Amzn-SageMaker-Target-Variant": "variant-1",
        "X-Unheard-Of": "1",
    }
    return answered(stage.server.ask(stage.payload, stage.subject.accept, headers=headers), rows(stage))


@check("B2.15", "serve", "send the content type with a charset", "200, one answer for each record")
def content_type_has_a_charset(stage: Stage) -> str:
    payload = other(stage.payload, media_type=f"{stage.payload.kind}; charset=utf-8")
    return answered(stage.server.ask(payload, stage.subject.accept), rows(stage))


@check("B2.14", "serve", "send the content type in capitals", "200, one answer for each record")
def content_type_is_in_capitals(stage: Stage) -> str:
    payload = other(stage.payload, media_type=stage.payload.kind.upper())
    return answered(stage.server.ask(payload, stage.subject.accept), rows(stage))


@check("B2.14", "serve", "ask for */*", "200, one answer for each record")
def anything_is_accepted(stage: Stage) -> str:
    return answered(stage.server.ask(stage.payload, "*/*"), rows(stage))


@check("B2.14", "serve", "ask for each of CSV, JSON, JSON Lines", "that type, or 406")
def accept_is_obeyed(stage: Stage) -> str:
    return _obeyed(stage, {kind: kind for kind in ("text/csv", "application/json", "application/jsonlines")})


@check("B2.14", "serve", "ask for lists with q-values", "the one with the highest q, or 406")
def accept_has_weights(stage: Stage) -> str:
    lists = {
        "text/csv;q=0.1, application/json;q=0.9": "application/json",
        "application/json;q=0.1, text/csv;q=0.9": "text/csv",
        "image/png, application/json": "application/json",
    }
    return _obeyed(stage, lists)


def _obeyed(stage: Stage, wanted: dict[str, str]) -> str:
    seen = []
    for accept, expected in wanted.items():
        reply = stage.server.ask(stage.payload, accept)
        if reply.status != 406 and (reply.status != 200 or reply.media_type != expected):
            raise Failed(f"{accept}: {reply}")
        seen.append(reply.media_type if reply.status == 200 else "406")
    return ", ".join(seen)


@check("B2.13", "serve", "ask for image/png", "406")
def an_impossible_accept_is_refused(stage: Stage) -> str:
    return refused(stage.server.ask(stage.payload, "image/png"), 406)


@check("B2.13", "serve", "send application/x-unheard-of", "415")
def an_unknown_content_type_is_refused(stage: Stage) -> str:
    return refused(stage.server.ask(other(stage.payload, media_type="application/x-unheard-of")), 415)


@check("B2.13", "serve", "send an empty body", "204 or 400")
def an_empty_body_is_no_fault(stage: Stage) -> str:
    return refused(stage.server.ask(other(stage.payload, b"")), 204, 400)


@check("B2.13", "serve", "send noise", "a status of 4xx")
def noise_is_refused(stage: Stage) -> str:
    return refused(stage.server.ask(other(stage.payload, bytes(range(128, 256)) * 8)))


@check("B2.13", "serve", "send records with a cell too few", "4xx, or 200 with an answer for each")
def short_records_are_no_fault(stage: Stage) -> str:
    payload = stage.lined
    if payload.kind != "text/csv" or any(b"," not in line for line in payload.lines):
        raise NotApplicable("the payload is no CSV of several columns")
    short = [line.rpartition(b",")[0] for line in payload.lines]
    reply = stage.server.ask(other(payload, payload.of(short, header=False)))
    return str(reply) if reply.status in REFUSED else answered(reply, len(short))


@check("B2.9", "serve", "look at the errors", "short, no traceback, no page of HTML")
def errors_are_short(stage: Stage) -> str:
    bad = {"noise": other(stage.payload, bytes(range(128, 256)) * 8)}
    bad["an unknown type"] = other(stage.payload, media_type="application/x-unheard-of")
    longest = 0
    for name, payload in bad.items():
        reply = stage.server.ask(payload)
        longest = max(longest, len(reply.body))
        if "Traceback" in reply.text or "<html" in reply.text.lower() or len(reply.body) > 2048:
            raise Failed(f"{name}: {reply}")
    return f"{longest} bytes at the most"


@check("B2.9", "serve", "send the payload after bad ones", "200: a bad request harms no other")
def it_goes_on_after_errors(stage: Stage) -> str:
    for body in (b"", b"\xff\xfe", b"{" * 100, b'"'):
        stage.server.ask(other(stage.payload, body))
    return answered(stage.server.ask(stage.payload, stage.subject.accept), rows(stage))


@check("B3.1", "serve", "send 6.5 MB, more than the old limit", "200, one answer for each record")
def bodies_are_large(stage: Stage) -> str:
    return _sized(stage, int(6.5 * MB))


@check("B3.1", "serve", "send 25 MB", "200, one answer for each record")
def bodies_are_as_large_as_endpoints_allow(stage: Stage) -> str:
    return _sized(stage, 25 * MB)


def _sized(stage: Stage, size: int) -> str:
    body, count = stage.lined.sized(size)
    try:
        reply = stage.server.ask(other(stage.payload, body), stage.subject.accept, timeout=60)
    except TimeoutError:
        raise NotApplicable(f"{count} records take more than 60 s; no limit was met") from None
    return f"{answered(reply, count)} after {reply.seconds:.1f} s"


@check("B4.8", "serve", "send the payload in chunks", "200, one answer for each record")
def bodies_come_in_chunks(stage: Stage) -> str:
    body = stage.payload.body
    step = max(1, len(body) // 3)
    chunks = (body[start : start + step] for start in range(0, len(body), step))
    accept = {"Accept": stage.subject.accept} if stage.subject.accept else {}
    headers = {"Content-Type": stage.payload.media_type, **accept}
    return answered(stage.server.wire.send("POST", "/invocations", chunks, headers), rows(stage))


@check("B8.2", "serve", "send CSV with no header and no final newline", "200, one answer for each record")
def csv_has_no_header(stage: Stage) -> str:
    payload = _csv(stage)
    body = payload.of(payload.lines, header=False, final=b"")
    return answered(stage.server.ask(other(payload, body), stage.subject.accept), len(payload.lines))


@check("B8.2", "serve", "send one CSV record, no header", "200, one answer")
def csv_has_one_record(stage: Stage) -> str:
    payload = _csv(stage)
    body = payload.of(payload.lines[:1], header=False, final=b"")
    return answered(stage.server.ask(other(payload, body), stage.subject.accept), 1)


@check("B8.2", "serve", "send CSV with an empty cell", "200 with an answer for each record, or 4xx")
def csv_has_an_empty_cell(stage: Stage) -> str:
    payload = _csv(stage)
    first = payload.lines[0].partition(b",")
    if not first[1]:
        raise NotApplicable("the payload has one column")
    lines = [b"," + first[2], *payload.lines[1:]]
    reply = stage.server.ask(other(payload, payload.of(lines)), stage.subject.accept)
    return str(reply) if reply.status in REFUSED else answered(reply, len(lines))


def _csv(stage: Stage) -> Payload:
    if stage.lined.kind != "text/csv":
        raise NotApplicable(f"the payload is {stage.payload.kind}")
    return stage.lined


@check("B8.3", "serve", 'send {"instances": [{"features": […]}]}', "200, one answer for each record, or 415")
def json_instances_are_read(stage: Stage) -> str:
    numbers = stage.lined.numbers()
    if not numbers:
        raise NotApplicable("the payload is no CSV of numbers")
    reply = stage.server.ask(Payload(instances(numbers), "application/json"), "application/json")
    if reply.status == 415:
        raise NotApplicable("it reads no JSON, and says so: 415")
    return answered(reply, len(numbers))


@check("C1.12", "serve", f"send a record with {MARK} in it, and look into the log", "not there")
def log_holds_no_payload(stage: Stage) -> str:
    body = stage.payload.marked(MARK)
    if not body:
        raise NotApplicable("the payload is no CSV with numbers")
    status = stage.server.ask(other(stage.payload, body)).status
    lines = [line for line in stage.server.container.log().splitlines() if MARK in line]
    if lines:
        raise Failed(f"there: {lines[0][:120]}")
    return f"not there, after {status}"
