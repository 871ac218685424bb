"""What one host holds of the channels, and hands out.

Imported only where there are several hosts, as it takes Dask.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import IO

import numpy as np
from distributed import WorkerPlugin

from slipway.table.arrow import Array
from slipway.table.schema import Column
from slipway.table.table import Table
from slipway.training.hosts.part import Opinion, Part
from slipway.training.inputs import Fifos, Files
from slipway.training.sharing import PartRequest


class Shard(WorkerPlugin):
    """What one host has of the channels, by their names; `Cluster.on` asks for it."""

    name = "shard"

    def __init__(self, sources: Mapping[str, Files | Fifos]) -> None:
        self._sources = sources
        self._streams: dict[tuple[str, str], IO[bytes]] = {}
        self._parts: dict[str, Part] = {}

    def sizes(self, channel: str) -> list[tuple[Path, int]]:
        """The files of a channel, and their bytes."""
        return self._files(channel).sizes

    def read(self, channel: str, name: str, start: int, size: int) -> bytes:
        """Bytes of a file, or the next ones of an epoch; fewer than `size` are the last."""
        stream = self._streams.get((channel, name)) or self._opened(channel, name)
        if stream.seekable() and stream.tell() != start:
            stream.seek(start)
        content = stream.read(size)
        if len(content) < size:
            self.close(channel, name)
        return content

    def close(self, channel: str, name: str) -> None:
        """Ends the reading of a file or an epoch, whole or not."""
        stream = self._streams.pop((channel, name), None)
        if stream is not None:
            stream.close()

    def opinion(self, asked: PartRequest) -> Opinion:
        """Reads this host's part of a channel, and says what its columns hold."""
        part = self._parts[asked.channel] = Part(self._files(asked.channel).folder, asked)
        return part.opinion()

    def table(self, channel: str, columns: tuple[Column, ...]) -> Table:
        """The part that was read last, in the columns on which all hosts agree."""
        return self._parts.pop(channel).agreed(columns)

    def numbered(
        self, channel: str, columns: tuple[Column, ...], runs: list[tuple[int, int]]
    ) -> tuple[Table, Array]:
        """The same, and the places of its rows among those of all hosts: `runs` are (first, end)."""
        return self.table(channel, columns), np.concatenate([np.arange(*run) for run in runs])

    def _files(self, channel: str) -> Files:
        files = self._sources[channel]
        assert isinstance(files, Files)
        return files

    def _opened(self, channel: str, name: str) -> IO[bytes]:
        source = self._sources[channel]
        stream = source.open(int(name)) if isinstance(source, Fifos) else (source.folder / name).open("rb")
        self._streams[channel, name] = stream
        return stream
