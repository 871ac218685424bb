"""Where no data are sharded, hosts other than the first have nothing to do but to stay until that one ends.

To leave at once would do on SageMaker, but the SDK's local mode stops all containers when one has left.
"""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event

from slipway.stopping import on_signals
from slipway.training.config import Hosts

PORT = 8786
FIND_S = 30  # within which the leader must be found; a host that does not find it may as well leave
_LOOK_S = 0.2
_LAST_S = 2


@contextmanager
def announce_leader(hosts: Hosts) -> Iterator[None]:
    """Lets the others see that this host is at work, for as long as the block lasts."""
    door = None
    with suppress(OSError):  # it is a courtesy
        door = socket.create_server((socket.gethostbyname(hosts.current), PORT), backlog=len(hosts.all))
    try:
        yield  # no one need be let in: who waits at the door is turned away when it is closed
    finally:
        if door is not None:
            door.close()


def wait_for_leader(hosts: Hosts) -> None:
    """Returns when the leader has ended, or cannot be found.

    SIGTERM is left to the leader, which all hosts get at once.
    """
    door = find_leader(hosts, on_signals(f"{hosts.current} ends when {hosts.all[0]} does"))
    if door is None:
        return
    with door, suppress(OSError):
        door.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        door.settimeout(None)
        door.recv(1)


def leave_last() -> None:
    """Gives the leader, which has ended its work, the time to end its process: its exit code is the job's."""
    time.sleep(_LAST_S)


def find_leader(hosts: Hosts, asked: Event) -> socket.socket | None:
    """A connection to the leader; None where it cannot be found, or SIGTERM came first."""
    deadline = time.monotonic() + FIND_S
    while time.monotonic() < deadline and not asked.is_set():
        with suppress(OSError):
            return socket.create_connection((hosts.all[0], PORT), timeout=FIND_S)
        time.sleep(_LOOK_S)
    return None
