"""Libraries, imported without what they import for interfaces that no image uses."""

import importlib
import sys
from typing import Any

_UNUSED = ("sklearn", "pandas")


def lean(name: str) -> Any:
    """The library `name`, which takes scikit-learn and pandas for missing if they are not imported yet.

    LightGBM and XGBoost import both for an interface in scikit-learn's style: 2.3 of some 3 CPU
    seconds of each job and each server. What is imported later is whole, as this one import alone looks away.

    Raises:
        ImportError: the library is not installed.
    """
    if name in sys.modules:
        return sys.modules[name]
    hidden = [one for one in _UNUSED if one not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: "there is no such module"
    try:
        return importlib.import_module(name)
    finally:
        for one in hidden:
            if sys.modules.get(one) is None:
                sys.modules.pop(one, None)
