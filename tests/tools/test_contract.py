"""The document of the contract: found in the tests' code, and wrong where rows and tests do not fit."""

from collections.abc import Callable
from pathlib import Path

import pytest

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
CASES: list[tuple[str, str]] = [("B1.1", "not of A9.6")]


def helper(x):
    assert x, "A1.10: why"


def test_docstring():
    """A1.1 is held here."""


def test_message():
    assert 1, f"{2} is C4"


def test_helper():
    helper(1)


@pytest.mark.parametrize(("row", "what"), CASES)
def test_parameters(row, what):
    pass


def test_comment():
    "no docstring of A9.9" if 0 else None  # A9.8
    text = "A9.7"
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


def test_a_row_is_held_by_docstring_message_and_helper(told: Callable[..., str]) -> None:
    text = told()
    assert "4 rows: 4 held by tests, 0 not ours, 0 not or not wholly met." in text
    link = "https://docs.aws.amazon.com/sagemaker/latest/dg/page.html"
    assert f"| A1.1 | first | [page]({link}) | [test_docstring](../tests/test_one.py) |" in text
    assert "| A1.10 | second \\| third | our conclusion | [test_helper](../tests/test_one.py) |" in text
    assert "[test_message](../tests/test_one.py)" in text
    assert "| B1.1 | fourth | our conclusion | [test_parameters](../tests/test_one.py) |" in text


def test_a_row_without_test_and_reason_is_wrong(told: Callable[..., str]) -> None:
    with pytest.raises(contract.ContractError, match=r"A1\.1 has no test that names it, and no reason"):
        told(tests=TESTS.replace("A1.1 is", "It is"))


@pytest.mark.parametrize("reason", ["not_ours", "not_met"])
def test_a_reason_is_enough_and_is_shown(told: Callable[..., str], reason: str) -> None:
    rows = ROWS.replace('text = "first"', f'text = "first"\n{reason} = "because"')
    text = told(rows, TESTS.replace("A1.1 is", "It is"))
    assert "because" in text
    assert "3 held by tests" in text


def test_a_test_of_no_row_is_wrong(told: Callable[..., str]) -> None:
    with pytest.raises(contract.ContractError, match=r"test_docstring names A1\.2, which is no row"):
        told(tests=TESTS.replace("A1.1 is", "A1.1, A1.2 are"))


def test_a_row_that_is_not_ours_has_no_test(told: Callable[..., str]) -> None:
    with pytest.raises(contract.ContractError, match=r"A1\.1 is called not ours, but test_d"):
        told(ROWS.replace('text = "first"', 'text = "first"\nnot_ours = "because"'))


def test_an_unknown_word_in_a_row_is_wrong(told: Callable[..., str]) -> None:
    with pytest.raises(contract.ContractError, match="unknown key not_our"):
        told(ROWS.replace('text = "first"', 'text = "first"\nnot_our = "because"'))
