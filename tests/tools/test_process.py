"""What starts images as processes of this machine."""

import socket
import subprocess
import sys

from tools import ROOT, process


def test_two_processes_are_never_given_the_same_port(monkeypatch) -> None:
    """The kernel may offer a port again before a server listens on it."""
    taken = process.free_port()
    offered = iter([taken, taken])

    class Offers(socket.socket):
        def bind(self, address) -> None:
            super().bind((address[0], next(offered, 0)))

    monkeypatch.setattr(process.socket, "socket", Offers)
    assert process.free_port() != taken
    place = str(process._PORTS / str(taken))
    program = f"import fcntl; fcntl.flock(open({place!r}, 'w'), fcntl.LOCK_EX | fcntl.LOCK_NB)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode != 0, "another process could take the port"
