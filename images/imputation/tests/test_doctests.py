"""The examples in docstrings hold."""

import doctest
import importlib
import pkgutil

import imputation
import pytest

MODULES = [
    module.name
    for module in pkgutil.walk_packages(imputation.__path__, "imputation.")
    if not module.name.startswith(("imputation.tests", "imputation.datawig"))  # mxnet takes seconds to import
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_hold(name: str) -> None:
    assert not doctest.testmod(importlib.import_module(name)).failed
