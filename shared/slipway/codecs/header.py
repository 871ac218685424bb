"""Whether the first line of a CSV is a header: detected, never assumed, as no row may be lost to a guess."""

from collections.abc import Sequence

import pyarrow as pa

from slipway import cells
from slipway.errors import UserError, shown
from slipway.media import MediaType
from slipway.schema import Schema


def stands_first(
    first: Sequence[str], columns: Sequence[pa.Array], media: MediaType, schema: Schema | None
) -> bool:
    """Whether the first line is a header: as the media type says, else as a request or a table looks."""
    said = media.parameters.get("header", "").lower()
    if said not in {"", "present", "absent"}:
        raise UserError(f"Content-Type: header is present or absent, got {shown(said)}")
    if said:
        return said == "present"
    return is_named(first, schema) if schema else looks_named(columns)


def is_named(first: Sequence[str], schema: Schema) -> bool:
    """Whether a request's first line holds names: the model's, or no number where only numbers are read."""
    names = [cell.strip() for cell in first]
    if not any(map(cells.is_word, names)):
        return False  # a column may be called 0, but a lost row is worse than a name that is not recognised
    return schema.knows(names) or (schema.numeric and all(map(cells.is_word, names)))


def looks_named(columns: Sequence[pa.Array]) -> bool:
    """Whether a table of unknown columns starts with names: distinct words, unlike what stands below them."""
    names = [column[0].as_py().strip() for column in columns]
    return surely_named(columns) or (
        len(set(names)) == len(names)
        and all(map(cells.is_word, names))
        and not any(name in column[1:].to_pylist() for name, column in zip(names, columns, strict=True))
    )


def surely_named(columns: Sequence[pa.Array]) -> bool:
    """Whether the first line holds words only, and numbers stand below one of them.

    One name may be empty: that of the index which pandas writes first.
    """
    names = [column[0].as_py().strip() for column in columns]
    return all(cells.is_word(name) or name == "" for name in names) and any(
        name and cells.kind_of(column[1:]) != "text" for name, column in zip(names, columns, strict=True)
    )
