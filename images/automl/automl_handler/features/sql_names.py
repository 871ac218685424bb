"""Column names in MindsDB, whose SQL ignores case, strips spaces around names and allows no empty name.

DuckDB, which runs that SQL, renames the second of two columns that differ only in case to `age_1`.
"""

import re
from collections.abc import Hashable, Iterable, Sequence

from ..errors import DataError, listed


def assigned(columns: Iterable[Hashable]) -> dict[str, str]:
    """SQL names that are safe in every dialect, with the column name of each.

    >>> assigned(["a", "A", "select"])
    {'c1': 'a', 'c2': 'A', 'c3': 'select'}
    """
    return {f"c{place}": str(name) for place, name in enumerate(columns, 1)}


def matching(wanted: Sequence[str], present: Sequence[str]) -> dict[str, str]:
    """The `present` columns that are `wanted` ones under another spelling: present name to wanted name.

    A wanted column without a match is left out. Raises DataError if a match is ambiguous.

    >>> matching(["Age", "age"], ["Age", "age_1", "y"])
    {'age_1': 'age'}
    """
    others = [name for name in present if name not in wanted]
    found: dict[str, str] = {}
    for name in wanted:
        if name in present:
            continue
        alike = [one for one in present if _key(one) == _key(name)]
        numbered = re.compile(re.escape(name.strip()) + r"_\d+")
        doubtful = [one for one in wanted if alike and numbered.fullmatch(one)]
        spellings = [one for one in others if alike and numbered.fullmatch(one)]
        spellings = spellings or [one for one in alike if one in others]
        if doubtful or len(spellings) > 1 or not found.keys().isdisjoint(spellings):
            raise DataError(
                f"column {name}: MindsDB's SQL ignores case, so it could be any of "
                + listed([*alike, *doubtful, *spellings])
            )
        found |= dict.fromkeys(spellings, name)
    return found


def unused(name: str, target: str) -> str:
    """`name`, with underscores appended while SQL could not tell it from the target."""
    while _key(name) == _key(target):
        name += "_"
    return name


def _key(name: str) -> str:
    return name.strip().lower()
