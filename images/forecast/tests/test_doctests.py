"""The examples in docstrings."""

import doctest
import importlib
import pkgutil

import forecast


def test_examples_in_docstrings_give_what_they_show() -> None:
    names = [
        module.name
        for module in pkgutil.walk_packages(forecast.__path__, "forecast.")
        if ".tests" not in module.name
    ]
    results = [doctest.testmod(importlib.import_module(name)) for name in names]
    assert sum(result.failed for result in results) == 0
    assert sum(result.attempted for result in results) >= 10
