"""Reads weights from a safetensors file: a header in JSON and plain numbers, nothing that could run.

Source: the format's description, https://huggingface.co/docs/safetensors/index#format.
"""

import json
import math
import mmap
from pathlib import Path
from typing import Any

import numpy as np

from slipway import Array, UserError, listed

MAX_HEADER = 10 << 20  # bytes; those of Chronos have some ten thousand
_DTYPES: dict[str, str] = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}


class Weights:
    """The arrays of a file by name, in single precision.

    The file is mapped into memory, which the processes of a server share. Raises UserError, one line, for a
    file that is not what it should be; `place` names it there.
    """

    def __init__(self, path: Path, place: str) -> None:
        self._place = place
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(MAX_HEADER, size - 8):
                raise UserError(f"{place} is no safetensors file")
            try:
                header: Any = json.loads(file.read(length))
            except (ValueError, RecursionError):
                raise UserError(f"{place}: its header is not JSON") from None
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if not isinstance(header, dict):
            raise UserError(f"{place}: its header is not a JSON object")
        header.pop("__metadata__", None)
        self._arrays = {name: self._array(name, entry, 8 + length, size) for name, entry in header.items()}

    def _array(self, name: str, entry: Any, start: int, size: int) -> Array:
        try:
            shape = tuple(entry["shape"])
            begin, end = entry["data_offsets"]
            kind = np.dtype(_DTYPES[entry["dtype"]])
            whole = [*shape, begin, end]
            if not all(type(number) is int and number >= 0 for number in whole) or start + end > size:
                raise ValueError
            if end - begin != math.prod(shape) * kind.itemsize:
                raise ValueError
        except (KeyError, TypeError, ValueError):
            raise UserError(
                f"{self._place}: {name!r} cannot be read; expected {listed([*_DTYPES])}, "
                "all of them inside the file"
            ) from None
        found = np.frombuffer(self._bytes, kind, math.prod(shape), start + begin).reshape(shape)
        if entry["dtype"] == "BF16":  # the upper half of a number in single precision
            return (found.astype("<u4") << 16).view("<f4")
        return np.require(found, np.float32, "A")

    def __getitem__(self, name: str) -> Array:
        try:
            return self._arrays[name]
        except KeyError:
            raise UserError(f"{self._place} lacks {name!r}, which its configuration asks for") from None

    def __contains__(self, name: str) -> bool:
        return name in self._arrays

    @property
    def numbers(self) -> int:
        """How many parameters there are."""
        return sum(array.size for array in self._arrays.values())
