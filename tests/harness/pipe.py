"""Pipe mode as the platform does it: a FIFO an epoch, each made when the one before was read."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from time import sleep


@contextmanager
def piped(stem: Path, *objects: bytes, late: float = 0.0) -> Iterator[None]:
    """Feeds `objects`, end to end, into `<stem>_0`, `<stem>_1`, … until the block ends."""
    done = Event()

    def feed() -> None:
        epoch = 0
        while not done.is_set():
            sleep(late)
            fifo = stem.with_name(f"{stem.name}_{epoch}")
            os.mkfifo(fifo)
            with fifo.open("wb", buffering=0) as stream:
                try:
                    for one in objects:
                        stream.write(one)
                except BrokenPipeError:
                    pass  # closed early, as it may be
            epoch += 1

    Thread(target=feed, daemon=True).start()
    try:
        yield
    finally:
        done.set()
