"""Channels that are sharded over the hosts, as the leader reads them.

Imported only where there are several hosts, as it takes Dask.
"""

import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO, Any

from slipway.training.hosts.cluster import Cluster
from slipway.training.hosts.shard import Shard
from slipway.training.inputs import PEEK, Input, Pipe, unpacked


class Shards:
    """The files that all hosts have of a channel, in the order of their names, as if one had them all."""

    def __init__(self, channel: str, cluster: Cluster) -> None:
        self._channel = channel
        self._cluster = cluster
        self.sizes = {host: cluster.on(host, Shard.sizes, channel) for host in cluster.hosts}
        """The files of each host, and their bytes."""
        self._files = sorted((path, size, host) for host, some in self.sizes.items() for path, size in some)

    def __call__(self) -> Iterator[Input]:
        for path, size, host in self._files:
            yield Input(path.name, partial(_opened, self._cluster, host, self._channel, str(path), size))

    def __bool__(self) -> bool:
        return bool(self._files)

    def __str__(self) -> str:
        return f"files: {len(self._files)}, of {len(self._cluster.hosts)} hosts"

    @property
    def size_bytes(self) -> int:
        return sum(size for _, size, _ in self._files)

    @property
    def unpacked_bytes(self) -> int:
        return sum(unpacked(path, size) for path, size, _ in self._files)

    @property
    def heaviest_bytes(self) -> int:
        """The most that one host has, without gzip."""
        return max(sum(unpacked(path, size) for path, size in some) for some in self.sizes.values())


class Pipes:
    """The FIFOs that all hosts have of a channel, those of one host after another's."""

    size_bytes = None
    unpacked_bytes = None

    def __init__(self, channel: str, stem: Path, wrapped: bool, cluster: Cluster) -> None:
        def pipe(host: str) -> Pipe:
            return Pipe(stem, wrapped, lambda epoch: _opened(cluster, host, channel, str(epoch)), host)

        self._pipes = [pipe(host) for host in cluster.hosts]

    def __call__(self) -> Iterator[Input]:
        for pipe in self._pipes:
            yield from pipe()

    def __bool__(self) -> bool:
        return True

    def __str__(self) -> str:
        return f"pipes of {len(self._pipes)} hosts"


class _Remote(io.RawIOBase):
    """A file or an epoch on a host; of an epoch, the size is not known."""

    def __init__(self, cluster: Cluster, host: str, channel: str, name: str, size: int | None) -> None:
        self._cluster, self._host, self._channel, self._name = cluster, host, channel, name
        self._size = size
        self._at = 0
        self._ended = False

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._size is not None

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if self._size is None:
            raise io.UnsupportedOperation("a stream has no places to go to")
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._ended = False
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        if self._ended:
            return 0
        wanted = len(buffer)
        content = self._cluster.on(self._host, Shard.read, self._channel, self._name, self._at, wanted)
        buffer[: len(content)] = content
        self._at += len(content)
        self._ended = len(content) < wanted
        return len(content)

    def close(self) -> None:
        if not self.closed and not self._ended:
            self._cluster.on(self._host, Shard.close, self._channel, self._name)
        super().close()


def _opened(cluster: Cluster, host: str, channel: str, name: str, size: int | None = None) -> IO[bytes]:
    return io.BufferedReader(_Remote(cluster, host, channel, name, size), PEEK)
