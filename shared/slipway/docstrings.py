"""Docstrings that a job or a server does without, as nothing in it shows them: they are a fifth of its start.

They are our settings' own, which pydantic takes out of the source, and those of Arrow's functions, which
Arrow puts together as `pyarrow.compute` is imported. Tools, `describe` and tests have both.
"""

import sys
from types import ModuleType
from typing import Any

are_kept = True
"""Whether classes of settings and facts that are defined from now on know their fields' docstrings."""
_PARSER = "pyarrow.vendored.docscrape"


def leave_out() -> None:
    """From now on, for whatever is imported after."""
    global are_kept
    are_kept = False
    if "pyarrow.compute" not in sys.modules and _PARSER not in sys.modules:
        stand_in: Any = ModuleType(_PARSER)
        stand_in.NumpyDocString = _nothing
        sys.modules[_PARSER] = stand_in


def _nothing(text: str) -> dict[str, list[Any]]:
    """What stands in a docstring, as far as Arrow asks."""
    return {"Parameters": []}
