"""Media types as HTTP writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.media import MediaType, matches, parse, preferences


@pytest.mark.parametrize(
    ("text", "essence", "parameters"),
    [
        ("text/csv", "text/csv", {}),
        (" Text/CSV ", "text/csv", {}),
        ("text/csv; charset=UTF-8", "text/csv", {"charset": "UTF-8"}),
        (
            'text/csv;Header="present" ; CHARSET = "utf-8"',
            "text/csv",
            {"header": "present", "charset": "utf-8"},
        ),
        ('text/csv; a="1;b=2"; c=3', "text/csv", {"a": "1;b=2", "c": "3"}),
        ("text/csv;label_size=0", "text/csv", {"label_size": "0"}),
        ("text/csv;", "text/csv", {}),
        ("text/csv;nonsense;=;header=absent", "text/csv", {"header": "absent"}),
        ("", "", {}),
    ],
)
@pytest.mark.contract("A4.5", "B2.14")
def test_a_media_type_has_an_essence_in_lower_case_and_parameters(text, essence, parameters):
    assert parse(text) == MediaType(essence, parameters)


@pytest.mark.parametrize(
    ("accept", "essences"),
    [
        ("text/csv", ["text/csv"]),
        ("text/csv, application/json", ["text/csv", "application/json"]),
        ("a/a;q=0.5, b/b, c/c;q=0.7", ["b/b", "c/c", "a/a"]),
        ("a/a;q=0, b/b;q=0.0, c/c;q=0.001", ["c/c"]),
        ("a/a;q=much, b/b;Q=0.5", ["a/a", "b/b"]),
        ("a/a;q=nan", []),
        (" , ,a/a, ", ["a/a"]),
        ('a/a;x="1,2";q=0.1, b/b', ["b/b", "a/a"]),
        ("", []),
    ],
)
@pytest.mark.contract("B2.14", "B8.6")
def test_an_accept_list_is_ordered_by_weight_then_place(accept, essences):
    """Pandas' deserializer sends a list."""
    assert [media.essence for media in preferences(accept)] == essences


@pytest.mark.parametrize(
    ("wanted", "covered"),
    [
        ("*/*", True),
        ("*", True),
        ("text/*", True),
        ("text/csv", True),
        ("text/csvx", False),
        ("application/*", False),
    ],
)
def test_a_wildcard_covers_its_kind(wanted, covered):
    assert matches(parse(wanted), "text/csv") is covered


@given(text=st.text(st.characters(max_codepoint=255)))
def test_no_header_makes_parsing_fail(text):
    parse(text)
    preferences(text)
