"""The data of a channel, here or in S3, as training would read them: their size, and their first rows."""

import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any

from slipway.training.channel import Channel
from slipway.training.inputs import PEEK, Files, Input, is_data, unpacked

from .errors import CommandError
from .s3 import listed, split_uri


def channel(name: str, source: str | Path, content_type: str, s3: Any) -> Channel:
    """The channel over `source`, a file, a folder or s3://…; of objects only the first bytes are fetched.

    `s3` makes a client. Raises CommandError where there are no data.
    """
    inputs: Files | S3Files | OneFile
    if str(source).startswith("s3://"):
        inputs = S3Files(s3(), str(source))
    else:
        inputs = OneFile(Path(source)) if Path(source).is_file() else Files(Path(source))
    if not inputs:
        raise CommandError(f"{source} holds no data files")
    return Channel(name, Path(source), content_type, inputs)


class OneFile(Files):
    """A single file, as a folder that holds no other."""

    def __init__(self, path: Path) -> None:
        self.folder, self.paths = path.parent, [path]


class S3Files:
    """The objects below a prefix, in the order of their keys, without those that training passes over."""

    def __init__(self, s3: Any, uri: str) -> None:
        self._s3 = s3
        self._bucket, prefix = split_uri(uri)
        folder = prefix[: prefix.rfind("/") + 1]
        self._objects = [
            (key, size)
            for key, size in listed(s3, uri)
            if size and is_data(PurePosixPath(key.removeprefix(folder)))
        ]

    def __call__(self) -> Iterator[Input]:
        for key, size in self._objects:
            yield Input(PurePosixPath(key).name, partial(self._opened, key, size))

    def __bool__(self) -> bool:
        return bool(self._objects)

    def __str__(self) -> str:
        return f"objects: {len(self._objects)}"

    @property
    def size_bytes(self) -> int:
        return sum(size for _, size in self._objects)

    @property
    def unpacked_bytes(self) -> int:
        return sum(unpacked(Path(key), size) for key, size in self._objects)

    def _opened(self, key: str, size: int) -> IO[bytes]:
        return io.BufferedReader(_Object(self._s3, self._bucket, key, size), PEEK)


class _Object(io.RawIOBase):
    """An object in S3, of which only what is read is fetched."""

    def __init__(self, s3: Any, bucket: str, key: str, size: int) -> None:
        self._s3, self._bucket, self._key, self._size = s3, bucket, key, size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        end = min(self._size, self._at + len(buffer))
        if self._at >= end:
            return 0
        wanted = {"Bucket": self._bucket, "Key": self._key, "Range": f"bytes={self._at}-{end - 1}"}
        content: bytes = self._s3.get_object(**wanted)["Body"].read()
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)
