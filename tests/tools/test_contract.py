"""The document of the contract: found in the tests' code, and wrong where rows and tests do not fit."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness import plugin
from tools import contract

ROWS = """
[A1]
title = "One"
[A1.1]
text = "first"
source = ["DG page"]
[A1.10]
text = "second | third"
source = ["own"]
[B1]
title = "Two"
[B1.1]
text = "fourth"
source = ["own"]
[C4]
title = "Labels"
text = "labels"
source = ["API CreateModel"]
"""
TESTS = '''
import pytest


@pytest.mark.contract("A1.1")
def test_one():
    """Not of A9.9."""


@pytest.mark.parametrize("x", [1])
@pytest.mark.contract("A1.10", "C4")
def test_two(x):
    pass


@pytest.mark.contract("A1.1", "B1.1")
def test_three():
    pass


def test_of_no_row():
    assert 1, "A9.8"
'''


@pytest.fixture(autouse=True)
def session() -> None:
    """AWS has no part in this."""


@pytest.fixture
def told(tmp_path: Path) -> Callable[[str, str], str]:
    def tell(rows: str = ROWS, tests: str = TESTS) -> str:
        (tmp_path / "tests").mkdir(exist_ok=True)
        (tmp_path / "tests/test_one.py").write_text(tests)
        (tmp_path / "rows.toml").write_text(rows)
        sections, held = contract.rows(tmp_path / "rows.toml"), contract.tests(tmp_path)
        contract.check(sections, held)
        return str(contract.document(sections, held))

    return tell


def test_a_row_is_held_by_the_tests_that_are_marked_with_it(told: Callable[..., str]) -> None:
    text = told()
    assert "4 rows: 4 held by tests, 0 not ours, 0 not or not wholly met." in text
    link = "https://docs.aws.amazon.com/sagemaker/latest/dg/page.html"
    held = "[test_one](../tests/test_one.py)<br>[test_three](../tests/test_one.py)"
    assert f"| A1.1 | first | [page]({link}) | {held} |" in text
    assert "| A1.10 | second \\| third | our conclusion | [test_two](../tests/test_one.py) |" in text
    assert "| B1.1 | fourth | our conclusion | [test_three](../tests/test_one.py) |" in text
    assert "test_of_no_row" not in text


def test_a_row_without_test_and_reason_is_wrong(told: Callable[..., str]) -> None:
    with pytest.raises(contract.ContractError, match=r"B1\.1 has no test that is marked with it"):
        told(tests=TESTS.replace('"A1.1", "B1.1"', '"A1.1"'))


def test_a_marker_says_its_rows_as_they_are(told: Callable[..., str]) -> None:
    with pytest.raises(contract.ContractError, match=r"test_three: expected rows as texts, got \*ROWS"):
        told(tests=TESTS.replace('"A1.1", "B1.1"', "*ROWS"))


def test_pytest_collects_no_test_of_a_row_that_is_not_there(pytestconfig: pytest.Config) -> None:
    """Asked of the hook itself, with two tests of which one has a row that the contract has."""

    def item(row: str) -> SimpleNamespace:
        marker = pytest.mark.contract(row).mark
        return SimpleNamespace(
            nodeid=f"tests/test_x.py::test_{row}[a]",
            iter_markers=lambda name: [marker] if name == "contract" else [],
            get_closest_marker=lambda name: None,
        )

    plugin.pytest_collection_modifyitems(pytestconfig, [item("A1.1")])
    with pytest.raises(pytest.UsageError, match=r"::test_A9\.9 is marked with A9\.9, which is no row"):
        plugin.pytest_collection_modifyitems(pytestconfig, [item("A1.1"), item("A9.9")])


@pytest.mark.parametrize("reason", ["not_ours", "not_met"])
def test_a_reason_is_enough_and_is_shown(told: Callable[..., str], reason: str) -> None:
    rows = ROWS.replace('text = "first"', f'text = "first"\n{reason} = "because"')
    text = told(rows, TESTS.replace('"A1.1", ', "").replace('"A1.1"', ""))
    assert "because" in text
    assert "3 held by tests" in text


def test_a_test_of_no_row_is_wrong(told: Callable[..., str]) -> None:
    with pytest.raises(contract.ContractError, match=r"test_one is marked with A1\.2, which is no row"):
        told(tests=TESTS.replace('contract("A1.1")', 'contract("A1.1", "A1.2")'))


def test_a_row_that_is_not_ours_has_no_test(told: Callable[..., str]) -> None:
    with pytest.raises(contract.ContractError, match=r"A1\.1 is called not ours, but test_o"):
        told(ROWS.replace('text = "first"', 'text = "first"\nnot_ours = "because"'))


def test_an_unknown_word_in_a_row_is_wrong(told: Callable[..., str]) -> None:
    with pytest.raises(contract.ContractError, match="unknown key not_our"):
        told(ROWS.replace('text = "first"', 'text = "first"\nnot_our = "because"'))
