"""Checks of a server: its start and end, its port, its health."""

import re
import resource
import socket
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

from .engine import Container
from .registry import Failed, NotApplicable, check
from .stage import Stage

PING_S = 2.0
ACCEPT_S = 0.25
STOP_S = 30
SLOW_CLIENTS = 1000
_SAMPLE = re.compile(r"[A-Za-z_:][\w:]*(\{.*\})? +\S+( +-?\d+)?( +#.*)?")
MB = 10**6


@check("B1.1", "serve", "run the image with the argument `serve`", "200 on /ping")
def serves(stage: Stage) -> str:
    return f"200 after {stage.server.ready_after:.1f} s"


@check("B2.4", "serve", "wait for 200 on /ping", "within 180 s, as serverless endpoints give it")
def is_ready_in_time(stage: Stage) -> str:
    if stage.server.ready_after > 180:
        raise Failed(f"{stage.server.ready_after:.0f} s")
    return f"{stage.server.ready_after:.1f} s"


@check("B2.5", "serve", "ask as soon as /ping says 200", "an answer: 200 means that the model is loaded")
def ping_tells_the_truth(stage: Stage) -> str:
    first = stage.server.first
    assert stage.payload
    assert first is not None
    before = ", ".join(sorted(stage.server.before)) or "nothing"
    if first.status != 200:
        raise Failed(f"{first}; before it was ready /ping said: {before}")
    return f"200; before it was ready /ping said: {before}"


@check("B1.4", "serve", "mount /opt/ml/model read-only", "200 on /ping and an answer")
def model_is_read_only(stage: Stage) -> str:
    first = stage.server.first
    assert stage.payload
    if first is None or first.status != 200:
        raise Failed(str(first))
    return "200"


@check("B2.3", "serve", "GET and POST /ping", "200 within 2 s")
def ping_answers(stage: Stage) -> str:
    replies = {method: stage.server.ping(method) for method in ("GET", "POST")}
    if replies["GET"].status != 200 or replies["GET"].seconds > PING_S:
        raise Failed(f"{replies['GET'].status} after {replies['GET'].seconds:.2f} s")
    if replies["POST"].status != 200:
        raise Failed(f"GET 200, POST {replies['POST'].status}: one page of the guide asks for both")
    return f"200 after {max(reply.seconds for reply in replies.values()) * 1000:.0f} ms"


@check("B2.16", "serve", "GET /metrics", "200 and Prometheus text, or 404: then CloudWatch gets none")
def metrics_can_be_scraped(stage: Stage) -> str:
    reply = stage.server.wire.send("GET", "/metrics")
    if reply.status == 404:
        raise NotApplicable("404: it tells no metrics")
    lines = reply.body.decode(errors="replace").splitlines()
    samples = [line for line in lines if line and not line.startswith("#")]
    odd = [line for line in samples if not _SAMPLE.fullmatch(line)]
    if reply.status != 200 or odd or not samples:
        raise Failed(f"no sample of Prometheus text: {odd[0][:80]}" if odd else str(reply))
    return f"{len(samples)} samples"


@check("B2.3", "serve", "ping while every worker is busy with large requests", "200 within 2 s", alone=True)
def ping_answers_while_busy(stage: Stage) -> str:
    server, payload = stage.server, stage.lined
    body, _ = payload.sized(2 * MB)
    large = type(payload)(body, payload.media_type)
    longest = 0.0
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(server.ask, large, timeout=stage.subject.timeout) for _ in range(8)]
        while not all(one.done() for one in asked):
            reply = server.ping()
            longest = max(longest, reply.seconds)
            if reply.status != 200 or longest > PING_S:
                raise Failed(f"{reply.status} after {longest:.2f} s")
            time.sleep(0.02)
    return f"200, {longest * 1000:.0f} ms at the most"


@check("B2.2", "serve", "connect 20 times", "accepted within 250 ms", alone=True)
def connections_are_accepted(stage: Stage) -> str:
    median = statistics.median(stage.server.wire.knock() for _ in range(20))
    if median > ACCEPT_S:
        raise Failed(f"{median * 1000:.0f} ms")
    return f"{median * 1000:.1f} ms"


@check("B2.2", "serve", f"connect and ping while {SLOW_CLIENTS} clients dawdle", "both in time", True)
def slow_clients_do_no_harm(stage: Stage) -> str:
    _allow_files(SLOW_CLIENTS + 200)
    clients: list[socket.socket] = []
    with stage.serving() as server:
        try:
            for _ in range(SLOW_CLIENTS):
                clients.append(server.wire.dawdle())
            accepted = statistics.median(server.wire.knock() for _ in range(5))
            reply = server.ping()
        except OSError as error:
            raise Failed(
                f"{type(error).__name__} with {len(clients)} clients: no connection, no 200"
            ) from None
        finally:
            for client in clients:
                client.close()
    if reply.status != 200 or reply.seconds > PING_S or accepted > ACCEPT_S:
        raise Failed(f"accepted after {accepted * 1000:.0f} ms, {reply.status} after {reply.seconds:.2f} s")
    return f"accepted after {accepted * 1000:.1f} ms, 200 after {reply.seconds * 1000:.0f} ms"


def _allow_files(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        raise NotApplicable(f"this machine allows {hard} open files; {count} are needed")
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


@check("B1.3", "serve", "send SIGTERM to an idle server", "exit code 0 within 30 s", alone=True)
def sigterm_ends_it(stage: Stage) -> str:
    with stage.serving() as server:
        return _ended(server.container)


@check("B1.3", "serve", "send SIGTERM while half of a request is sent", "200; exit code 0", alone=True)
def sigterm_loses_no_request(stage: Stage) -> str:
    payload = stage.payload
    with stage.serving() as server, server.wire.halfway(payload.body, payload.media_type) as finish:
        server.container.kill("TERM")
        time.sleep(0.2)  # it has the signal before it has the request
        try:
            reply = finish(STOP_S)
        except OSError as error:
            raise Failed(f"no answer: {type(error).__name__}") from None
        if reply.status != 200:
            raise Failed(str(reply))
        return f"200; {_waited(server.container)}"


def _ended(container: Container) -> str:
    container.kill("TERM")
    return _waited(container)


def _waited(container: Container) -> str:
    started = time.monotonic()
    try:
        code = container.wait(STOP_S)
    except TimeoutError:
        raise Failed(f"it runs after {STOP_S} s") from None
    seconds = time.monotonic() - started
    if code != 0:
        raise Failed(f"exit code {code} after {seconds:.1f} s")
    return f"exit code 0 after {seconds:.1f} s"


@check("B6.1", "serve", "set SAGEMAKER_BIND_TO_PORT=9191", "it listens there, as the label says")
def listens_where_it_is_told(stage: Stage) -> str:
    if not stage.subject.label("accept-bind-to-port"):
        raise NotApplicable("no label accept-bind-to-port")
    environ = {"SAGEMAKER_BIND_TO_PORT": "9191", "SAGEMAKER_SAFE_PORT_RANGE": "9200-9210"}
    with stage.serving(environ) as server:
        others = _ports(server.container.read("/proc/net/tcp")) - {9191, *range(9200, 9211)}
        if others:
            raise Failed(f"also on {sorted(others)}, outside SAGEMAKER_SAFE_PORT_RANGE (B6.2)")
        return f"200 after {server.ready_after:.1f} s, on no other port"


def _ports(table: str) -> set[int]:
    """The ports that a /proc/net/tcp says somebody listens on, but for Docker's own resolver."""
    found = re.findall(r"^\s*\d+: ([0-9A-F]{8}):([0-9A-F]{4}) \S+ 0A", table, re.MULTILINE)
    return {int(port, 16) for address, port in found if address != "0B00007F"}


@check("B3.2", "serve", "serve as user 12345, with /tmp alone to write", "200, and an answer")
def serves_where_serverless_would(stage: Stage) -> str:
    options = ["--read-only", "--tmpfs", "/tmp", "--user", "12345:54321", "--cap-drop", "ALL"]
    with stage.serving(options=options, first=stage.payload) as server:
        if server.first is None or server.first.status != 200:
            raise Failed(str(server.first))
        return f"200 after {server.ready_after:.1f} s"


@check("C1.2", "serve", "serve on a network that leads nowhere", "200, and an answer")
def serves_without_a_network(stage: Stage) -> str:
    if not stage.engine.direct:
        raise NotApplicable("a container without a network can be asked on Linux only")
    with stage.serving(network=stage.engine.network(), first=stage.payload) as server:
        if server.first is None or server.first.status != 200:
            raise Failed(str(server.first))
        return f"200 after {server.ready_after:.1f} s"
