"""Clients that send one request over and over, and one that scrapes meanwhile."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock

from prometheus_client.parser import text_string_to_metric_families

from harness.places import Server
from harness.threads import Threads

_PAUSE_S = 0.002  # between two requests, so that who waits for the pause gets it
_EVERY_S = 0.25


class Traffic(Threads):
    """Sends `body` all the time, from some clients at once."""

    def __init__(self, server: Server, body: bytes, clients: int) -> None:
        self.statuses: Counter[int] = Counter()
        """What the clients got."""
        self._server, self._body = server, body
        self._asking = [Lock() for _ in range(clients)]
        super().__init__(*(lambda lock=lock: self._ask(lock) for lock in self._asking))

    def _ask(self, asking: Lock) -> None:
        with asking:
            status = self._server.ask(self._body, "text/csv").status
            self.statuses[status] += 1
        time.sleep(_PAUSE_S)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """No request is under way within the block."""
        with ExitStack() as stack:
            for lock in self._asking:
                stack.enter_context(lock)
            yield


class Scraper(Threads):
    """Reads /metrics as prometheus_client's parser does. Raises AssertionError where a counter goes back."""

    def __init__(self, server: Server) -> None:
        self.times = self.missed = 0
        self.found: dict[str, float] = {}
        """The last values of what has no label but one: `name` or `name value`."""
        self._server = server
        self._turn = Lock()
        super().__init__(self._look)

    def _look(self) -> None:
        self.read()
        time.sleep(_EVERY_S)

    def read(self) -> None:
        """Scrapes once. One at a time, as answers may overtake one another."""
        with self._turn:
            reply = self._server.get("/metrics")
            if reply.status == 503:  # the worker that had it was killed
                self.missed += 1
                return
            assert reply.status == 200, reply.text
            for family in text_string_to_metric_families(reply.text):
                for one in family.samples:
                    name = " ".join([one.name, *one.labels.values()])
                    if family.type in {"counter", "histogram"}:
                        assert one.value >= self.found.get(name, 0.0), f"{name} went back"
                    self.found[name] = one.value
            self.times += 1
