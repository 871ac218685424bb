"""The error for data and settings that do not allow training or prediction."""


class DataError(ValueError):
    """One line for the person who supplied the data: the name, what was expected, the value received."""


def listed(names: list[str], limit: int = 10) -> str:
    """The first `limit` of `names`, separated by commas.

    >>> listed(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    rest = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {rest} more" if rest > 0 else "")
