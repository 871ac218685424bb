"""Clients that ask a server on this machine all the time, and count what was sent and what was answered."""

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Self

from harness.threads import Threads
from tools import client

_AGAIN = {404, 502, 503, 504}  # 404: of a model that has to be loaded again
_PATIENCE_S = 300
TYPE: Mapping[str, str] = {"Content-Type": "text/csv"}


def load_model(port: int, name: str, folder: Path) -> client.Reply:
    """Loads the model of a folder into a multi-model endpoint."""
    return client.send(port, "POST", "/models", json.dumps({"model_name": name, "url": str(folder)}).encode())


@dataclass
class Load(Threads):
    """Sends a sample's rows, some times over, until it is stopped; what may come again is asked again.

    An answer counts once its every line is as `expected`, the answer to the sample alone.
    """

    port: int
    path: str
    sample: bytes
    expected: list[bytes]
    clients: int = 3
    missing: Callable[[], object] = lambda: None
    """Called where a model is not loaded any more."""
    sent: int = 0
    answered: int = 0
    requests: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    """How often each status came, `broken` where the connection ended."""
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = Lock()
        super().__init__(*(partial(self._ask, random.Random(number)) for number in range(self.clients)))

    @classmethod
    def of(
        cls, image: Path, port: int, path: str = "/invocations", missing: Callable[[], object] = lambda: None
    ) -> Self:
        """Over the sample of an image; what is right is learnt from a first request."""
        sample = (image / "sample/request.csv").read_bytes()
        reply = client.send(port, "POST", path, sample, TYPE)
        assert reply.ok, reply.text
        return cls(port, path, sample, reply.body.splitlines(), missing=missing)

    def _ask(self, chosen: random.Random) -> None:
        head, _, rows = self.sample.partition(b"\n")
        times = chosen.choice((1, 1, 10, 200))
        with self._lock:
            self.sent += times * len(self.expected)
            self.requests += 1
        self._until_answered(head + b"\n" + rows * times, self.expected * times)

    def _until_answered(self, body: bytes, expected: list[bytes]) -> None:
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until:
            try:
                reply = client.send(self.port, "POST", self.path, body, TYPE, timeout=90)
            except OSError:
                self._count("broken")
                time.sleep(0.1)
                continue
            self._count(str(reply.status))
            if reply.status == 404:
                self.missing()
            if reply.status in _AGAIN:
                time.sleep(0.1)
                continue
            with self._lock:
                if reply.status == 200 and reply.body.splitlines() == expected:
                    self.answered += len(expected)
                else:
                    self.wrong.append(f"{reply.status}: {reply.text[:200]}")
            return
        with self._lock:
            self.wrong.append(f"no answer within {_PATIENCE_S} s")

    def _count(self, status: str) -> None:
        with self._lock:
            self.statuses[status] += 1

    def told(self) -> str:
        """The sums, for people. Raises AssertionError where they differ."""
        assert not self.wrong, self.wrong[:3]
        assert self.sent == self.answered, f"{self.sent} rows were sent, {self.answered} answered"
        statuses = ", ".join(f"{status}: {count}" for status, count in sorted(self.statuses.items()))
        return (
            f"{self.requests:,} requests, {self.sent:,} rows sent and {self.answered:,} answered ({statuses})"
        )
