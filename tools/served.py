"""An image's server on this machine, for as long as a block of code needs it."""

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import requests

from slipway.serving import nginx

from .runs import Run, RunError

_START_S = 60
_STOP_S = 40


@contextmanager
def served(run: Run, say: Callable[[str], None] = print) -> Iterator[int]:
    """Serves on a free port until the block ends; yields the port once /ping answers 200.

    Raises RunError, with the end of the server's log, where that does not happen.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    front = "nginx stands in front" if nginx.find() else "nginx is not installed, so gunicorn itself listens"
    say(f"\nServing on port {port}; {front} …")
    command, environ = run.command("serve", SAGEMAKER_BIND_TO_PORT=str(port))
    log = run.root / "serve.log"
    with log.open("wb") as heard:
        server = subprocess.Popen(command, env=environ, stdout=heard, stderr=heard)
        try:
            started = time.monotonic()
            while not _pings(port):
                if server.poll() is not None or time.monotonic() > started + _START_S:
                    tail = "\n".join(log.read_text().splitlines()[-15:])
                    state = "ended" if server.poll() is not None else f"is not ready after {_START_S} s"
                    raise RunError(f"the server {state}; its log, {log}:\n{tail}")
                time.sleep(0.05)
            say(f"Ready after {time.monotonic() - started:.1f} s.")
            yield port
        finally:
            server.terminate()
            server.wait(_STOP_S)


def _pings(port: int) -> bool:
    try:
        with requests.Session() as session:
            session.trust_env = False
            return session.get(f"http://127.0.0.1:{port}/ping", timeout=2).status_code == 200
    except requests.RequestException:
        return False
