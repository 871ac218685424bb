"""Which mark stands between the cells of a CSV: told where that is certain, refused in one line where not."""

from dataclasses import dataclass

from slipway.errors import UserError, shown
from slipway.media import MediaType

MARKS = ",;\t|"
_NAMES = {";": "semicolons", "\t": "tabs", "|": "bars"}
_WORDS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "bar": "|", "pipe": "|"}


@dataclass(frozen=True)
class Dialect:
    """How a CSV is written."""

    mark: str = ","
    note: str = ""
    """What was guessed, for the log."""


COMMAS = Dialect()


def said(media: MediaType) -> Dialect | None:
    """What the media type says: `text/csv; delimiter=";"`, or `semicolon`, `tab`, `bar`; None for nothing."""
    word = media.parameters.get("delimiter", "tab" if media.essence == "text/tab-separated-values" else None)
    if word is None:
        return None
    mark = _WORDS.get(word.lower(), word)
    if mark not in tuple(MARKS):
        raise UserError(f"Content-Type: delimiter is comma, semicolon, tab or bar, got {shown(word)}")
    return Dialect(mark)


def detect(lines: list[bytes]) -> Dialect:
    """The dialect of some whole lines, which decide it together.

    Raises UserError where commas and another mark both may be what cuts: `1,5;7;2,5`.
    """
    lines = [_unquoted(line) for line in _records(lines) if line.strip()]
    if not lines:
        return COMMAS
    counts = {mark: [line.count(mark.encode()) for line in lines] for mark in MARKS}
    other = next((mark for mark in MARKS[1:] if min(counts[mark]) > 0 and len(set(counts[mark])) == 1), None)
    if other is None and not any(counts[","]):  # a few uneven lines are for the reader to name
        other = next((mark for mark in MARKS[1:] if _mostly_as_first(counts[mark])), None)
    if other is None:
        return COMMAS
    commas, *below = counts[","]
    if len({commas, *below}) == 1 and commas and not _looks_decimal(lines, other):
        return COMMAS
    if not any(below) and (below or not commas):  # at most a comma in a name
        return Dialect(other, f"cells are separated by {_NAMES[other]}")
    raise UserError(
        f"the lines hold both commas and {_NAMES[other]}: either may separate cells, the other then belongs "
        f"to numbers or texts; say which, as in text/csv; delimiter={_said(other)}"
    )


def _records(lines: list[bytes]) -> list[bytes]:
    """The lines, those that break inside quotes as one; as they are where a quote does not close."""
    found: list[list[bytes]] = []
    inside = False
    for line in lines:
        if inside:
            found[-1].append(line)
        else:
            found.append([line])
        inside ^= bool(line.count(b'"') % 2)
    if inside and 2 * len(found.pop()) > len(lines):  # else the lines end where a cell goes on
        return lines
    return [b"\n".join(record) for record in found]


def _mostly_as_first(counts: list[int]) -> bool:
    """Whether the first line has some marks, and most lines below it just as many."""
    return counts[0] > 0 and 2 * sum(count == counts[0] for count in counts[1:]) > len(counts) - 1


def _said(mark: str) -> str:
    return next(word for word, one in _WORDS.items() if one == mark)


def _looks_decimal(lines: list[bytes], mark: str) -> bool:
    """Whether cut at `mark` the cells look like numbers, some with decimal commas."""
    found = [cell.strip() for line in lines[1:] or lines for cell in line.split(mark.encode())]
    commas = [cell for cell in found if b"," in cell]
    return bool(commas) and all(
        cell.replace(b",", b"", 1).lstrip(b"+-").replace(b".", b"").isdigit() for cell in commas
    )


def _unquoted(line: bytes) -> bytes:
    """The line without what stands between quotes."""
    return b"".join(line.split(b'"')[::2]) if b'"' in line else line
