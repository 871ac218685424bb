"""Libraries, imported without what they import for interfaces that no image uses."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec, module_from_spec
from threading import RLock
from types import ModuleType
from typing import Any

_UNUSED = ("sklearn", "pandas")
_LOCK = RLock()


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


class _Postponed(ModuleType):
    """Executed once something in it is asked for."""

    def __getattr__(self, name: str) -> Any:
        with _LOCK:
            if isinstance(self, _Postponed):
                self.__class__ = ModuleType  # type: ignore[assignment]
                spec = self.__spec__
                assert spec is not None
                assert spec.loader is not None
                spec.loader.exec_module(self)
        return getattr(self, name)


def postpone(name: str) -> None:
    """Has a module imported when something in it is first used, by whatever imports it whole from now on.

    scikit-learn imports `scipy.stats`, half of the seconds that it takes itself, for functions that no server
    calls.
    """
    if name in sys.modules:
        return
    parent, _, child = name.rpartition(".")
    spec = find_spec(name)
    if spec is None:
        return  # whoever imports it is told
    module = module_from_spec(spec)
    module.__class__ = _Postponed
    sys.modules[name] = module
    if parent:
        setattr(sys.modules[parent], child, module)
