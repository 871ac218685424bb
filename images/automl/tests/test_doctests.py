"""The examples in the docstrings give what they show."""

import doctest
import importlib
import pkgutil

import automl
import pytest

MODULES = [
    name
    for _, name, _ in pkgutil.walk_packages(automl.__path__, "automl.")
    if not name.startswith("automl.tests") and not name.endswith("handler.handler")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [test for name in MODULES for test in finder.find(importlib.import_module(name)) if test.examples]
    assert len(found) >= 5
