"""The examples in docstrings give what they show."""

import doctest
from importlib import import_module

import pytest

MODULES = [
    *("predictions", "target", "metrics.functions"),
    *("engines.eval_metrics", "engines.messages", "engines.parameter_names", "engines.run"),
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name: str) -> None:
    found = doctest.testmod(import_module(f"boosting.{name}"))
    assert found.attempted
    assert not found.failed
