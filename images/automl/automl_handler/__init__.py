"""AutoML as a MindsDB ML handler, with the attributes that MindsDB reads.

The handler is imported on demand; the rest of the package works without MindsDB.
"""

from typing import Any

title = "AutoML"
name = "automl"
type = "ml"  # noqa: A001 (MindsDB's name for it)
version = "0.1.0"
description = "Predicts a column of a table: fits learners within a time limit, blends and calibrates them."
permanent = False
import_error = None

__all__ = ["Handler", "description", "import_error", "name", "permanent", "title", "type", "version"]


def __getattr__(wanted: str) -> Any:
    if wanted == "Handler":
        from .handler import AutoML

        return AutoML
    raise AttributeError(wanted)
