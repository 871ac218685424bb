"""The examples in the docstrings of slipway.kit give what they say."""

import doctest
from importlib import import_module
from pkgutil import iter_modules

import pytest

import slipway.kit

MODULES = [one.name for one in iter_modules(slipway.kit.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    found = doctest.testmod(import_module(f"slipway.kit.{name}"))
    assert not found.failed


def test_every_module_is_in_the_list_of_the_package() -> None:
    listed = [line.split()[0] for line in (slipway.kit.__doc__ or "").splitlines() if "  " in line]
    assert listed == sorted(MODULES)
