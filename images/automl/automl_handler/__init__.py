"""AutoML as a MindsDB ML handler: what MindsDB reads of a handler's folder.

The handler itself is imported when MindsDB asks for it; the rest of the folder works without MindsDB.
"""

from typing import Any

title = "AutoML"
name = "automl"
type = "ml"  # noqa: A001 (MindsDB's name for it)
version = "0.1.0"
description = "Predicts a column of a table: tries learners within a time limit, blends the best, calibrates."
permanent = False
import_error = None

__all__ = ["Handler", "description", "import_error", "name", "permanent", "title", "type", "version"]


def __getattr__(wanted: str) -> Any:
    if wanted == "Handler":
        from .handler import AutoML

        return AutoML
    raise AttributeError(wanted)
