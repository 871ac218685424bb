"""The error for a column that a channel lacks, in one wording."""

from collections.abc import Collection, Sequence

from slipway.errors import UserError, listed

_LISTED = 20


def require(
    names: Sequence[str], present: Collection[str], *, setting: str = "", channel: str = "train"
) -> None:
    """Raises UserError, one line, if one of `names` is not among the columns `present` of `channel`.

    `setting` is the hyperparameter that named them; leave it out for columns that the data themselves need.

    >>> require(["price"], ["price", "size"], setting="features")
    >>> require(["prize"], ["price", "size"], setting="features")
    Traceback (most recent call last):
    slipway.errors.UserError: features: no column prize in the train channel; it has price, size
    >>> require(["size"], ["price"], channel="test")
    Traceback (most recent call last):
    slipway.errors.UserError: channel test: no column size; it has price
    """
    missing = [name for name in names if name not in present]
    if not missing:
        return
    found = f"it has {listed(list(present), _LISTED)}"
    if setting:
        raise UserError(f"{setting}: no column {listed(missing)} in the {channel} channel; {found}")
    raise UserError(f"channel {channel}: no column {listed(missing)}; {found}")
