"""Column names on the way through MindsDB, whose SQL knows no case, no blanks around a name and no empty one.

DuckDB, which runs that SQL, calls the second of two columns that differ in case only `age_1`.
"""

import re
from collections.abc import Hashable, Iterable, Sequence

from ..errors import Unfit, listed


def own(columns: Iterable[Hashable]) -> dict[str, str]:
    """Names that every SQL takes as they are, `c1`, `c2` and so on, each with the column's."""
    return {f"c{place}": str(name) for place, name in enumerate(columns, 1)}


def spelt(wanted: Sequence[str], present: Sequence[str]) -> dict[str, str]:
    """Which of the `present` columns are `wanted` ones that MindsDB spelt otherwise: present to wanted.

    A column that is not there under any spelling is left out. Raises Unfit where one may be this or that.
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
            raise Unfit(
                f"column {name}: MindsDB's SQL knows no case, so it may be any of "
                + listed([*alike, *doubtful, *spellings])
            )
        found |= dict.fromkeys(spellings, name)
    return found


def free(name: str, target: str) -> str:
    """`name`, with underscores after it where the target is called so: SQL could not tell them apart."""
    while _key(name) == _key(target):
        name += "_"
    return name


def _key(name: str) -> str:
    return name.strip().lower()
