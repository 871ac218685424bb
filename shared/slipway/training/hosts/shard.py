"""What one host holds of the sharded channels, and hands out.

Imported only where there are several hosts, as it takes Dask.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import IO

from distributed import WorkerPlugin

from slipway.errors import UserError
from slipway.formats import Reading
from slipway.table import match
from slipway.table.raw import Raw
from slipway.table.schema import Schema
from slipway.table.table import Table
from slipway.training.concatenated import Concatenated
from slipway.training.inputs import Fifos, Files


class Shard(WorkerPlugin):
    """What one host has of the sharded channels, by their names; `Cluster.on` asks for it."""

    name = "shard"

    def __init__(self, sources: Mapping[str, Files | Fifos]) -> None:
        self._sources = sources
        self._streams: dict[tuple[str, str], IO[bytes]] = {}

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

    def part(self, channel: str, content_type: str, like: Raw, schema: Schema) -> Table:
        """The rows of a channel, in the columns and kinds of the whole."""
        texts = frozenset(column.name for column in schema.columns if not column.numeric)
        blocks = Concatenated(channel, self._files(channel), content_type, Reading(texts=texts), like)
        parts = []
        for raw, file in blocks:
            try:
                parts.append(match.typed(raw, schema))
            except UserError as error:
                raise error.within(f"channel {channel}, file {file}") from None
        return Table.concatenated(schema.columns, parts)

    def _files(self, channel: str) -> Files:
        files = self._sources[channel]
        assert isinstance(files, Files)
        return files

    def _opened(self, channel: str, name: str) -> IO[bytes]:
        source = self._sources[channel]
        stream = source.open(int(name)) if isinstance(source, Fifos) else (source.folder / name).open("rb")
        self._streams[channel, name] = stream
        return stream
