"""The layer that every image is built on. What an image's author needs is exported here, and nothing else.

All names are imported only when asked for: a job that is told to stop hears of it before its libraries are
loaded, and a server does not wait for pandas.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slipway.errors import RowErrors, UserError, listed
    from slipway.hyperparameters import Hyperparameters, Options, Tunable
    from slipway.model import Answers, Groups, Model, Outcomes
    from slipway.table import arrow
    from slipway.table.arrow import Array
    from slipway.table.kinds import NUMERIC, Kind
    from slipway.table.numbers import numbers
    from slipway.table.remarks import are_amounts
    from slipway.table.schema import Column, Schema
    from slipway.table.spellings import Order as DateOrder
    from slipway.table.table import Table
    from slipway.table.times import TimeFormat
    from slipway.training.channel import Channel
    from slipway.training.job import Job
    from slipway.training.report import Report, figure

__version__ = "0.1.0"
__all__ = [
    "NUMERIC",
    "Answers",
    "Array",
    "Channel",
    "Column",
    "DateOrder",
    "Groups",
    "Hyperparameters",
    "Job",
    "Kind",
    "Model",
    "Options",
    "Outcomes",
    "Report",
    "RowErrors",
    "Schema",
    "Table",
    "TimeFormat",
    "Tunable",
    "UserError",
    "are_amounts",
    "arrow",
    "figure",
    "listed",
    "numbers",
]

_PLACES = {
    "NUMERIC": "table.kinds",
    "Answers": "model",
    "Array": "table.arrow",
    "Channel": "training.channel",
    "Column": "table.schema",
    "Groups": "model",
    "Hyperparameters": "hyperparameters",
    "Job": "training.job",
    "Kind": "table.kinds",
    "Model": "model",
    "Options": "hyperparameters",
    "Outcomes": "model",
    "Report": "training.report",
    "RowErrors": "errors",
    "Schema": "table.schema",
    "Table": "table.table",
    "TimeFormat": "table.times",
    "Tunable": "hyperparameters",
    "UserError": "errors",
    "are_amounts": "table.remarks",
    "arrow": "table",
    "figure": "training.report",
    "listed": "errors",
    "numbers": "table.numbers",
}
_RENAMED = {"DateOrder": ("table.spellings", "Order")}


def __getattr__(name: str) -> Any:
    place, real = _RENAMED.get(name) or (_PLACES.get(name), name)
    if place is None:
        raise AttributeError(f"module 'slipway' has no attribute {name!r}")
    module = import_module(f"slipway.{place}")
    found = getattr(module, real) if hasattr(module, real) else import_module(f"slipway.{place}.{real}")
    globals()[name] = found
    return found
