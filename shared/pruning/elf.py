"""Takes the content of a section out of a shared object (64-bit little-endian ELF), which stays loadable."""

import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_LOAD, _NOTE, _TABLE = 1, 4, 6  # PT_LOAD, PT_NOTE, PT_PHDR
_NO_BITS = 8  # SHT_NOBITS: a section of zeros, which takes no place in the file


class ElfError(Exception):
    """Why the section cannot be cut, in one line."""


@dataclass(frozen=True)
class _Segment:
    kind: int
    flags: int
    offset: int
    address: int
    physical: int
    in_file: int
    in_memory: int
    align: int

    def pack(self) -> bytes:
        return _SEGMENT.pack(
            self.kind,
            self.flags,
            self.offset,
            self.address,
            self.physical,
            self.in_file,
            self.in_memory,
            self.align,
        )


def cut(path: Path, section: str) -> int:
    """Cuts whole pages of `section` out of the file `path`, and returns how many bytes.

    Where they were, memory holds zeros; every address stays as it was. The segment that the section is in
    becomes two, in place of a program header that the loader does without. Raises ElfError where there is no
    such section, or no way.
    """
    content = path.read_bytes()
    header: list[Any] = list(_HEADER.unpack_from(content))
    if content[:6] != b"\x7fELF\x02\x01":
        raise ElfError(f"{path.name} is not ELF of 64 bits, little-endian")
    sections: list[list[int]] = [
        list(_SECTION.unpack_from(content, header[6] + place * header[11])) for place in range(header[12])
    ]
    names = sections[header[13]][4]
    found = [one for one in sections if _name(content, names + one[0]) == section]
    if not found:
        raise ElfError(f"{path.name} has no section {section}")
    offset, size = found[0][4:6]
    segments = [
        _Segment(*_SEGMENT.unpack_from(content, header[5] + place * header[9])) for place in range(header[10])
    ]
    holder = next(
        (one for one in segments if one.kind == _LOAD and one.offset <= offset < one.offset + one.in_file),
        None,
    )
    if holder is None:
        raise ElfError(f"{path.name}: no segment loads {section}")
    start = -(-offset // holder.align) * holder.align
    end = (offset + size) // holder.align * holder.align
    if end <= start:
        raise ElfError(f"{path.name}: {section} is smaller than a page")

    def moved(place: int) -> int:
        return place - (end - start) if place >= end else place

    spare = next((one for one in segments if one.kind in (_TABLE, _NOTE)), None)
    if spare is None:
        raise ElfError(f"{path.name} has no program header to spare")
    table: list[_Segment] = []
    for one in segments:
        if one is holder:
            before = start - one.offset
            after = end - one.offset
            table.append(replace(one, in_file=before, in_memory=after))
            table.append(
                replace(
                    one,
                    offset=start,
                    address=one.address + after,
                    physical=one.physical + after,
                    in_file=one.in_file - after,
                    in_memory=one.in_memory - after,
                )
            )
        elif one is not spare:
            table.append(replace(one, offset=moved(one.offset)))
    for entry in sections:
        if start <= entry[4] < end and entry is not found[0]:
            raise ElfError(f"{path.name}: another section lies inside {section}")
        entry[4] = moved(entry[4])
    found[0][1] = _NO_BITS

    result = bytearray(content[:start] + content[end:])
    header[6] = moved(header[6])
    _HEADER.pack_into(result, 0, *header)
    result[header[5] : header[5] + len(table) * _SEGMENT.size] = b"".join(one.pack() for one in table)
    for place, entry in enumerate(sections):
        _SECTION.pack_into(result, header[6] + place * header[11], *entry)
    path.write_bytes(result)
    return end - start


def _name(content: bytes, place: int) -> str:
    return content[place : content.index(b"\0", place)].decode()
