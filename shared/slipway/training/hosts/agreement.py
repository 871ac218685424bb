"""What the columns of a channel hold, going by what each host says of its own rows."""

from collections.abc import Collection, Sequence

from slipway.errors import UserError, listed, shown
from slipway.table.learn import CATEGORIES
from slipway.table.schema import Column
from slipway.training.hosts.part import Opinion, reads_alike


def agreed(
    hosts: Sequence[str], opinions: Sequence[Opinion], names: Sequence[str], declared: Collection[str] = ()
) -> tuple[tuple[Column, ...], list[str]]:
    """One column for each of `names`, and what is to be said of them.

    Numbers on one host and texts on another are texts, as they are in a single table. Of columns that are
    `declared` to be texts, each cell stays as it is written.
    """
    columns, notes = [], []
    for opinion in opinions:
        notes += [note for note in opinion.notes if note not in notes]
    for place, name in enumerate(names):
        said = [
            (host, column)
            for host, opinion in zip(hosts, opinions, strict=True)
            if opinion.columns and (column := opinion.columns[place]) is not None
        ]
        column, note = _one(name, said, name in declared)
        columns.append(column)
        notes += [note] if note else []
    return tuple(columns), notes


def _one(name: str, said: Sequence[tuple[str, Column]], declared: bool) -> tuple[Column, str]:
    if not said:
        return Column(name=name, kind="text"), ""  # as of a table all of whose cells are missing
    first = said[0][1]
    kinds = {column.kind for _, column in said}
    if len(kinds) == 1 and all(reads_alike(first, column) for _, column in said):
        return _merged(first, [column for _, column in said]), ""
    if kinds <= {"integer", "number"} and len({column.style for _, column in said}) == 1:
        number = first.model_copy(update={"kind": "number"})
        return _merged(number, [column for _, column in said]), ""
    if "list" in kinds:
        raise UserError(f"column {shown(name)}: a cell holds a list in some files, and none in others")
    holds = listed([f"{column.kind} on {host}" for host, column in said])
    column = Column(name=name, kind="text", role=first.role, missing=first.missing)
    if kinds == {"text"} and not declared:  # 12 on one host and 12.0 on another, which are one text
        return column.model_copy(update={"whole": "12"}), ""
    if kinds == {"text"}:
        return column, ""
    return column, f"column {shown(name)} is read as text, as the hosts' files differ: {holds}"


def _merged(first: Column, all_of_them: Sequence[Column]) -> Column:
    ranges = [column.range for column in all_of_them if column.range is not None]
    words = sorted({word for column in all_of_them for word in column.categories})
    few = len(words) <= CATEGORIES and all(column.categories for column in all_of_them)
    return first.model_copy(
        update={
            "range": (min(low for low, _ in ranges), max(high for _, high in ranges)) if ranges else None,
            "categories": tuple(words) if few else (),
        }
    )
