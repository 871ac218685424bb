"""The examples of the documents, run as they are printed."""

import doctest

from harness.places import REPOSITORY


def test_the_examples_of_the_interface_are_true():
    done = doctest.testfile(str(REPOSITORY / "docs/api.md"), module_relative=False)
    assert done.attempted > 20
    assert done.failed == 0
