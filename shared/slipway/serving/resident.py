"""One model of a multi-model endpoint, in a process of its own: when that ends, all it held is free again."""

import contextlib
import signal
import traceback
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from threading import Lock

from slipway.errors import BrokenModel
from slipway.serving.endpoint import Answer, Endpoint
from slipway.settings import Settings

Request = tuple[bytes, str, str, str, str]
"""Body, content type, Accept, custom attributes, inference id."""


class OutOfMemory(Exception):
    """The kernel ended the model's process, to have its memory."""


class TooLate(Exception):
    """The model did not answer in time, and was ended."""


@dataclass
class Resident:
    """A loaded model. One request at a time: libraries under a model need not be thread-safe."""

    url: str
    process: ForkServerProcess
    connection: Connection
    turn: Lock = field(default_factory=Lock)

    @classmethod
    def start(cls, context: ForkServerContext, settings: Settings, url: str) -> "Resident":
        """Loads the model in `url`, a folder. Raises BrokenModel, or OutOfMemory."""
        here, there = context.Pipe()
        process = context.Process(target=_serve, args=(settings, url, there), daemon=True)
        process.start()
        there.close()
        found = cls(url, process, here)
        broken = found._heard()
        if broken is not None:
            found.end()
            raise BrokenModel(str(broken))
        return found

    def answer(self, request: Request, limit_s: float) -> Answer:
        """Answers in its turn. Raises TooLate, or OutOfMemory; the model is gone then."""
        with self.turn:
            with contextlib.suppress(OSError):  # a process that has ended is told by what it says
                self.connection.send(request)
            if not self.connection.poll(limit_s):
                self.process.kill()
                raise TooLate
            found = self._heard()
            assert isinstance(found, Answer)
            return found

    def end(self) -> None:
        """Lets the request under way finish, and gives the memory back."""
        with self.turn:
            self.connection.close()
            self.process.terminate()
            self.process.join()

    def _heard(self) -> Answer | str | None:
        try:
            found: Answer | str | None = self.connection.recv()
        except (EOFError, OSError):
            self.process.join()
            raise OutOfMemory from None
        return found


def _serve(settings: Settings, url: str, connection: Connection) -> None:
    """The life of the process: loads, says None or what is wrong, answers until the other end closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with contextlib.suppress(OSError):
        # Where memory runs out all the same, one model goes, and not what serves the others.
        Path("/proc/self/oom_score_adj").write_text("500")
    try:
        endpoint = Endpoint.load(settings, Path(url))
        endpoint.model.warm()
    except BrokenModel as error:
        connection.send(str(error))
        return
    except MemoryError:
        return  # told as what it is: a process that ended
    except Exception as error:
        traceback.print_exc()
        connection.send(f"the model cannot be readied ({type(error).__name__}): the log has the details")
        return
    connection.send(None)
    with contextlib.suppress(EOFError, OSError):
        while True:
            connection.send(endpoint.answer(*connection.recv()))
