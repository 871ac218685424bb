"""Texts in other encodings than UTF-8."""

import codecs
import re

from slipway.errors import UserError, shown
from slipway.media import MediaType

# Of Python's codecs those that are encodings of text: others unescape, or take quadratic time.
_CHARSETS = re.compile(
    r"utf-?8|utf[-_](16|32)|(us-)?ascii|iso[-_]?8859|latin|l1|(cp|windows-)125", re.ASCII | re.IGNORECASE
)
_BOM = b"\xef\xbb\xbf"
LOST = "\ufdd0"  # in the place of bytes that are no text: Unicode says that no text ever has it


def utf8(body: bytes, media: MediaType, lenient: bool = False, above: int = 0) -> bytes:
    """`body` as UTF-8 without a byte order mark. Raises UserError when it is in another charset.

    With `lenient` what is no text is marked by `LOST` instead. `above` are lines above `body`.
    """
    charset = media.parameters.get("charset", "utf-8")
    if not is_charset(charset):
        raise UserError(f"Content-Type: unknown charset {shown(charset)}; expected utf-8, iso-8859-1, …")
    plain = charset.lower() in {"utf-8", "utf8"}
    if plain and body.isascii():
        return body
    try:
        text = body.decode(charset)
        return (body if plain else text.encode()).removeprefix(_BOM)
    except UnicodeDecodeError as error:
        if lenient:
            text = body.decode(charset, errors="replace")
            return text.replace("\ufffd", LOST).encode(errors="replace").removeprefix(_BOM)
        line = body.count(b"\n", 0, error.start) + above + 1
        raise UserError(
            f"line {line} is not {charset}: byte 0x{body[error.start]:02x}; send UTF-8, "
            "or name the encoding in the content type, as in text/csv; charset=iso-8859-1"
        ) from None
    except UnicodeError:  # utf-16 may hold halves of characters
        raise UserError(f"the body is not text in the charset {shown(charset)}") from None


def is_charset(name: str) -> bool:
    """Whether bytes may come in it. Unknown names are not looked up: Python would remember each for ever."""
    if len(name) > 20 or not _CHARSETS.match(name):
        return False
    try:
        return codecs.lookup(name).name.startswith(("utf", "ascii", "iso8859", "latin", "cp125"))
    except LookupError:
        return False
