"""Libraries, imported without what they import for interfaces that no image uses."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_UNUSED = ("sklearn", "pandas")


@contextmanager
def lean() -> Iterator[None]:
    """A block whose imports take scikit-learn and pandas for missing, if these are not imported yet.

    LightGBM and XGBoost import both for an interface in scikit-learn's style: 2.3 of some 3 CPU
    seconds of each job and each server. What is imported after the block is whole.
    """
    hidden = [one for one in _UNUSED if one not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: "there is no such module"
    try:
        yield
    finally:
        for one in hidden:
            if sys.modules.get(one) is None:
                sys.modules.pop(one, None)
