"""Requests are checked against AWS's own model in full: what botocore itself leaves to AWS."""

from datetime import UTC, datetime
from typing import Any

import botocore.loaders
import pytest
from botocore.model import OperationNotFoundError, ServiceModel

from tools import aws_shapes

SHAPES: dict[str, Any] = {
    "Input": {
        "type": "structure",
        "required": ["Name"],
        "members": {
            "Name": {"shape": "Name"},
            "Kind": {"shape": "Kind"},
            "Size": {"shape": "Size"},
            "Ratio": {"shape": "Ratio"},
            "Some": {"shape": "Names"},
            "Tags": {"shape": "Tags"},
            "Either": {"shape": "Either"},
            "On": {"shape": "On"},
            "At": {"shape": "At"},
            "Body": {"shape": "Body"},
        },
    },
    "Name": {"type": "string", "min": 2, "max": 4, "pattern": "[a-z]*"},
    "Kind": {"type": "string", "enum": ["hot", "cold"]},
    "Size": {"type": "integer", "min": 1, "max": 9},
    "Ratio": {"type": "double", "max": 1},
    "Names": {"type": "list", "member": {"shape": "Name"}, "min": 1, "max": 2},
    "Tags": {"type": "map", "key": {"shape": "Name"}, "value": {"shape": "Kind"}, "max": 1},
    "Either": {
        "type": "structure",
        "union": True,
        "members": {"One": {"shape": "Size"}, "Two": {"shape": "Size"}},
    },
    "On": {"type": "boolean"},
    "At": {"type": "timestamp"},
    "Body": {"type": "blob", "max": 3},
}
GOOD: dict[str, Any] = {
    "Name": "abc",
    "Kind": "hot",
    "Size": 9,
    "Ratio": 1,
    "Some": ["ab"],
    "Tags": {"ab": "cold"},
    "Either": {"One": 1},
    "On": False,
    "At": datetime(2026, 1, 1, tzinfo=UTC),
    "Body": b"abc",
}


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service of one operation, Do."""
    operations = {
        "Do": {"name": "Do", "http": {}, "input": {"shape": "Input"}},
        "Rest": {"name": "Rest", "http": {}},
    }
    made = ServiceModel({"metadata": {}, "operations": operations, "shapes": SHAPES}, "tiny")
    monkeypatch.setattr(aws_shapes, "model", lambda service="sagemaker": made)


def test_a_request_that_fits_has_no_problem(service: None) -> None:
    assert aws_shapes.problems("Do", GOOD) == []
    assert aws_shapes.problems("Do", {"Name": "ab"}) == []
    assert aws_shapes.problems("Do", {**GOOD, "At": "2026-01-01T00:00:00Z", "Body": "abc"}) == []


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        ({"Name": "abcde"}, "max", "Name: expected at most 4 characters, got 5"),
        ({"Name": "a"}, "min", "Name: expected at least 2 characters, got 1"),
        ({"Name": "aB"}, "pattern", "Name: expected a match of [a-z]*, got 'aB'"),
        ({"Name": "ab\n"}, "pattern", "Name: expected a match of [a-z]*, got 'ab\\n'"),
        ({"Name": None}, "type", "Name: expected a text, got NoneType None"),
        ({"Kind": "warm"}, "enum", "Kind: expected one of hot, cold, got 'warm'"),
        ({"Size": 10}, "max", "Size: expected at most 9, got 10"),
        ({"Size": 0}, "min", "Size: expected at least 1, got 0"),
        ({"Size": True}, "type", "Size: expected a whole number, got bool True"),
        ({"Size": "5"}, "type", "Size: expected a whole number, got str '5'"),
        ({"Size": 5.0}, "type", "Size: expected a whole number, got float 5.0"),
        ({"Ratio": 1.01}, "max", "Ratio: expected at most 1, got 1.01"),
        ({"Ratio": "1"}, "type", "Ratio: expected a number, got str '1'"),
        ({"Some": []}, "min", "Some: expected at least 1 items, got 0"),
        ({"Some": ["ab"] * 3}, "max", "Some: expected at most 2 items, got 3"),
        ({"Some": ["ab", "AB"]}, "pattern", "Some[1]: expected a match of [a-z]*, got 'AB'"),
        ({"Some": "ab"}, "type", "Some: expected a list, got str 'ab'"),
        ({"Tags": {"ab": "cold", "cd": "hot"}}, "max", "Tags: expected at most 1 entries, got 2"),
        ({"Tags": {"abcde": "cold"}}, "max", "Tags['abcde'] (the key): expected at most 4 characters, got 5"),
        ({"Tags": {"ab": "warm"}}, "enum", "Tags['ab']: expected one of hot, cold, got 'warm'"),
        ({"Either": {}}, "union", "Either: expected exactly one of One, Two, got none"),
        ({"Either": {"One": 1, "Two": 2}}, "union", "Either: expected exactly one of One, Two, got One, Two"),
        ({"Either": {"One": 0}}, "min", "Either.One: expected at least 1, got 0"),
        ({"On": 1}, "type", "On: expected true or false, got int 1"),
        ({"At": "soon"}, "type", "At: expected a time, got str 'soon'"),
        ({"Body": b"abcd"}, "max", "Body: expected at most 3 bytes, got 4"),
        (
            {"Odd": 1},
            "unknown",
            "Odd: expected one of Name, Kind, Size, Ratio, Some, Tags, Either, On and 2 more, got Odd",
        ),
    ],
)
def test_everything_that_the_service_would_refuse_is_told(
    service: None, change: dict[str, Any], kind: str, said: str
) -> None:
    (found,) = aws_shapes.problems("Do", {**GOOD, **change})
    assert (found.kind, str(found)) == (kind, said)


def test_what_is_required_and_missing_is_told(service: None) -> None:
    assert [str(one) for one in aws_shapes.problems("Do", {})] == ["Name: expected a value, got none"]


def test_all_problems_are_told_at_once(service: None) -> None:
    found = aws_shapes.problems("Do", {"Kind": "warm", "Size": 10})
    assert [one.kind for one in found] == ["required", "enum", "max"]


def test_an_operation_without_input_takes_nothing(service: None) -> None:
    assert aws_shapes.problems("Rest", {}) == []
    assert [one.kind for one in aws_shapes.problems("Rest", {"Name": "ab"})] == ["unknown"]


def test_an_operation_that_is_not_there_is_an_error(service: None) -> None:
    with pytest.raises(OperationNotFoundError):
        aws_shapes.problems("Undo", {})


@pytest.mark.parametrize("service_name", ["sagemaker", "sagemaker-runtime", "ecr", "sts", "s3", "iam"])
def test_every_pattern_of_the_services_can_be_read(service_name: str) -> None:
    shapes = botocore.loaders.Loader().load_service_model(service_name, "service-2")["shapes"]
    patterns = [shape["pattern"] for shape in shapes.values() if "pattern" in shape]
    for pattern in patterns:
        aws_shapes.compiled(pattern)


def test_classes_of_unicode_and_pairs_of_surrogates_are_understood() -> None:
    assert aws_shapes.value_problems("EntityDescription", "Größe, 𐍈") == []
    assert [one.kind for one in aws_shapes.value_problems("EntityDescription", "a\tb")] == ["pattern"]
    assert aws_shapes.value_problems("AthenaCatalog", "𐍈") == []


def test_limits_and_choices_are_those_of_the_service() -> None:
    assert aws_shapes.limit("HyperParameterSpecifications") == 100
    assert "ml.m5.large" in aws_shapes.choices("TrainingInstanceType")


@pytest.mark.contract("C3.5")
def test_botocore_alone_would_let_these_pass() -> None:
    """Bounds above, patterns and enumerations are not botocore's to check, so they are ours."""
    from botocore.validate import ParamValidator

    shape = aws_shapes.model().operation_model("CreateAlgorithm").input_shape
    request = {
        "AlgorithmName": "-" + "a" * 70,
        "TrainingSpecification": {
            "TrainingImage": "x",
            "SupportedTrainingInstanceTypes": ["ml.none.large"],
            "TrainingChannels": [
                {"Name": "train", "SupportedContentTypes": ["text/csv"], "SupportedInputModes": ["File"]}
            ],
        },
    }
    assert not ParamValidator().validate(request, shape).has_errors()
    assert [one.kind for one in aws_shapes.problems("CreateAlgorithm", request)] == ["max", "pattern", "enum"]
