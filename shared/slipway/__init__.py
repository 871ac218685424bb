"""The layer that every image is built on. What an image's author needs is exported here, and nothing else.

Training's names are imported only when asked for: a server must not wait for pandas.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from slipway.errors import RowErrors, UserError
from slipway.hyperparameters import Hyperparameters, Options, Tunable
from slipway.model import Answers, Groups, Model
from slipway.table import arrow
from slipway.table.arrow import Array
from slipway.table.kinds import Kind
from slipway.table.numbers import numbers
from slipway.table.schema import Column, Schema
from slipway.table.spellings import Order as DateOrder
from slipway.table.table import Table
from slipway.table.times import TimeFormat

if TYPE_CHECKING:
    from slipway.training.channel import Channel
    from slipway.training.job import Job
    from slipway.training.report import Report, figure

__version__ = "0.1.0"
__all__ = [
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
    "Report",
    "RowErrors",
    "Schema",
    "Table",
    "TimeFormat",
    "Tunable",
    "UserError",
    "arrow",
    "figure",
    "numbers",
]

_LATER = {
    "Channel": "slipway.training.channel",
    "Job": "slipway.training.job",
    "Report": "slipway.training.report",
    "figure": "slipway.training.report",
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(_LATER[name]), name)
    raise AttributeError(f"module 'slipway' has no attribute {name!r}")
