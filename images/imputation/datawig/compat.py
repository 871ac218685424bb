"""Imports mxnet 1.9.1 and datawig 0.2.0 on current libraries: `from .compat import datawig, mx`.

Both have seen their last release, so their faults are mended here, at import and at the call that matters; no
installed file is edited. Each mend says what breaks without it. Nothing may import either library before.
"""

import contextlib
import ctypes
import logging
import os
import random
import sys
import types
import warnings
from collections.abc import Iterator, MutableMapping
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
from packaging.version import Version
from sklearn.metrics import accuracy_score

__all__ = ["datawig", "mx"]


@contextlib.contextmanager
def _added_names(owner: MutableMapping[str, Any], names: dict[str, Any]) -> Iterator[None]:
    """`owner` has the names that it lacks for a while; what others see of it is the same before and after."""
    missing = names.keys() - owner.keys()
    owner.update({name: names[name] for name in missing})
    try:
        yield
    finally:
        for name in missing:
            del owner[name]


def _gone(*_: object, **__: object) -> None:
    raise NotImplementedError("numpy no longer has this function, and nothing here calls it.")


# mxnet reads these while it is imported and never again: AttributeError since numpy 1.20, 2.0 or 2.4.
NUMPY = dict.fromkeys(["msort", "mirr", "npv", "pmt", "ppmt", "pv", "rate"], _gone) | {
    "PINF": np.inf, "NINF": -np.inf, "Inf": np.inf, "PZERO": 0.0, "NZERO": -0.0, "NAN": np.nan, "NaN": np.nan,
    "alltrue": np.all, "sometrue": np.any, "product": np.prod, "round_": np.round, "in1d": np.isin,
    "trapz": np.trapezoid,
}  # fmt: skip

# mxnet compares two versions by distutils (gone with Python 3.12) and imports requests for downloads, which
# never happen here: ModuleNotFoundError, or five more packages to ship.
VERSION = types.ModuleType("distutils.version")
VERSION.StrictVersion = VERSION.LooseVersion = Version  # type: ignore[attr-defined]
MODULES = {name: types.ModuleType(name) for name in ("distutils", "requests")} | {
    "distutils.version": VERSION
}


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Two threads under contention made 0.7 s of training 86 s. mxnet asks how many while it is loaded, and
    heeds its own variable only where OMP_NUM_THREADS is unset; libgomp, being shared, sees the caller's."""
    with contextlib.suppress(OSError):
        ctypes.CDLL("libgomp.so.1")
    previous = os.environ.pop("OMP_NUM_THREADS", None)
    os.environ["MXNET_OMP_MAX_THREADS"] = "1"
    try:
        yield
    finally:
        if previous is not None:
            os.environ["OMP_NUM_THREADS"] = previous


@contextlib.contextmanager
def _isolated_state() -> Iterator[None]:
    """Importing datawig seeds `random` and `numpy.random`, so that every later draw repeats, and makes the
    root logger its own: a handler more, level INFO, and after a fit every handler closed."""
    state, numpy_state, get_logger = random.getstate(), np.random.get_state(), logging.getLogger
    logging.getLogger = lambda name=None: get_logger(name or "datawig")
    try:
        yield
    finally:
        random.setstate(state)
        np.random.set_state(numpy_state)
        logging.getLogger = get_logger


# mxnet's notes on standard error come from C++, out of any logger's reach.
os.environ |= {"MXNET_STORAGE_FALLBACK_LOG_VERBOSE": "0", "MXNET_SUBGRAPH_VERBOSE": "0"}
with (
    warnings.catch_warnings(),
    _one_thread(),
    _isolated_state(),
    _added_names(vars(np), NUMPY),
    _added_names(sys.modules, MODULES),
):
    warnings.simplefilter("ignore")
    import datawig
    import datawig._hpo
    import mxnet as mx

# Both log labels of the payload, and the bare `logging.info` of mxnet puts a handler on the root logger.
for _name in ("datawig", "mxnet"):
    _logger = logging.getLogger(_name)
    _logger.handlers, _logger.propagate = [logging.NullHandler()], False
    _logger.setLevel(logging.CRITICAL)
for _module in (mx.callback, mx.model, mx.module.base_module, mx.module.module):
    _module.logging = logging.getLogger("mxnet")
for _class in (mx.module.BaseModule, mx.module.Module):
    _class.__init__.__defaults__ = tuple(
        logging.getLogger("mxnet") if value is logging else value for value in _class.__init__.__defaults__
    )


def _batch(data: Any, rows: slice, axis: int) -> Any:
    """mxnet 1.9.1 cuts batches by `slice_axis`, which makes sparse text dense, the whole table for each."""
    if isinstance(data, mx.nd.sparse.CSRNDArray):
        return data[rows.start : rows.stop]
    return data.slice_axis(axis=axis, begin=rows.start, end=rows.stop)


mx.io.io._slice_along_batch_axis = _batch


def _split(
    data_frame: pd.DataFrame, split_ratios: list[float] | None = None, seed: int = 10
) -> list[pd.DataFrame]:
    """The same rows by pandas: `numpy.split` makes arrays of a table, an AttributeError later."""
    ends = np.array([int(ratio * len(data_frame)) for ratio in split_ratios or [0.8, 0.2]]).cumsum()
    shuffled = data_frame.sample(frac=1, random_state=seed)
    return [shuffled.iloc[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]


for _module in (datawig.utils, datawig.imputer, datawig.simple_imputer, datawig._hpo):
    _module.random_split = _split

# collections.MutableMapping went with Python 3.10: AttributeError in datawig's own search.
datawig.utils.collections = types.SimpleNamespace(MutableMapping=MutableMapping)


def _with_iteritems(function: Any) -> Any:
    """Series.iteritems went with pandas 2.0: AttributeError in the search and in the metrics of each fit."""
    return patch.object(pd.Series, "iteritems", pd.Series.items, create=True)(function)


datawig._hpo._HPO.tune = _with_iteritems(datawig._hpo._HPO.tune)
datawig.evaluation.evaluate_model_outputs_single_attribute = _with_iteritems(
    datawig.evaluation.evaluate_model_outputs_single_attribute
)

# scikit-learn 1.5 answers a plain float, of which datawig wants `.tolist()`: AttributeError after every fit.
datawig.evaluation.accuracy_score = lambda true, predicted: np.float64(accuracy_score(true, predicted))


def _padded(
    self: Any,
    data_frame: pd.DataFrame,
    data_columns: list[Any],
    label_columns: list[Any],
    batch_size: int = 512,
) -> None:
    """datawig fills the last batch with its last row, one `.loc` each: under pandas 2 slow, a warning each,
    and numbers become objects. Nor does "" fit into a column of categories."""
    rows = np.minimum(np.arange(-(-len(data_frame) // batch_size) * batch_size), len(data_frame) - 1)
    text = [name for name in data_frame if not pd.api.types.is_numeric_dtype(data_frame[name])]
    whole = data_frame.iloc[rows].astype(dict.fromkeys(text, object))
    _start(self, whole, data_columns, label_columns, batch_size)
    self.start_padding_idx, self.indices = len(data_frame), data_frame.index.tolist()


_start = datawig.iterators.ImputerIterDf.__init__
datawig.iterators.ImputerIterDf.__init__ = _padded
