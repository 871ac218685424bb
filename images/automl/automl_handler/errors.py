"""What the data or the settings do not allow."""


class Unfit(ValueError):
    """One line for whoever gave the data: the thing, what was expected, what came."""


def listed(names: list[str], limit: int = 10) -> str:
    """`names` with commas, the first `limit` of them."""
    rest = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {rest} more" if rest > 0 else "")
