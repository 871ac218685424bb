"""Hyperparameters in every form in which the platform, its SDK and people write them."""

from typing import Annotated, Literal, Self

import pytest
from pydantic import AliasChoices, Field, model_validator

import slipway
from slipway.errors import UserError


class Hyperparameters(slipway.Hyperparameters):
    k: Annotated[
        Annotated[int, Field(ge=1, le=99)] | Literal["auto"],
        Field(validation_alias=AliasChoices("k", "n_clusters")),
    ] = "auto"
    rate: Annotated[float, Field(gt=0)] = 0.5
    shuffle: bool = False
    features: list[str] = []  # noqa: RUF012
    sizes: tuple[int, ...] = ()
    target: str = ""
    limit: int | None = 7


class Strict(slipway.Hyperparameters):
    target: str
    seed: int


class Bounded(slipway.Hyperparameters):
    least: int = 0
    most: int = 9

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.least > self.most:
            raise ValueError("least and most: expected least to be at most most")
        return self


def read(**given):
    return Hyperparameters.read(given)


@pytest.mark.parametrize("given", ["8", '"8"', "'8'", " 8 ", 8, 8.0, '"\\"8\\""', "8.0"])
@pytest.mark.contract("A3.1", "A3.5", "A3.6")
def test_a_number_is_read_in_every_form(given):
    assert read(k=given).k == 8


@pytest.mark.parametrize(("given", "value"), [("0.25", 0.25), ('"1e-3"', 1e-3), (1, 1.0), ("1", 1.0)])
@pytest.mark.contract("A3.1", "A3.5", "A3.6")
def test_a_fraction_is_read_in_every_form(given, value):
    assert read(rate=given).rate == value


@pytest.mark.parametrize("given", ["True", "true", '"True"', "'true'", True, "1", "yes"])
@pytest.mark.contract("A3.5")
def test_true_is_read_as_python_and_json_spell_it(given):
    assert read(shuffle=given).shuffle is True


@pytest.mark.parametrize("given", ["False", "false", '"false"', False, "0", "no"])
@pytest.mark.contract("A3.5")
def test_false_is_not_true(given):
    assert read(shuffle=given).shuffle is False


@pytest.mark.parametrize(
    "given",
    [
        '["a", "b"]',
        "['a', 'b']",
        "a,b",
        " a , b ",
        '"a,b"',
        '"[\\"a\\", \\"b\\"]"',
        ["a", "b"],
        "a, b,",
    ],
)
@pytest.mark.contract("A3.5")
def test_a_list_is_read_as_json_as_python_and_with_commas(given):
    assert read(features=given).features == ["a", "b"]


@pytest.mark.parametrize(
    ("given", "value"), [("5", ["5"]), ("[5, 6]", ["5", "6"]), ("", []), ("[]", []), ("a", ["a"])]
)
def test_a_list_may_be_of_one_or_none_and_hold_what_look_like_numbers(given, value):
    assert read(features=given).features == value


@pytest.mark.parametrize("given", ["[1, 2]", "1,2", "1, 2"])
def test_a_list_of_numbers_is_typed(given):
    assert read(sizes=given).sizes == (1, 2)


@pytest.mark.parametrize("given", ["None", "null", '"None"', None])
def test_nothing_is_nothing(given):
    assert read(limit=given).limit is None


@pytest.mark.parametrize("given", ["auto", '"auto"'])
def test_one_of_several_kinds_is_recognised(given):
    assert read(k=given).k == "auto"


@pytest.mark.parametrize("given", [5, "5", "[oops", "'", '"', "{[]: 1}", "[" * 2400])
@pytest.mark.contract("A3.2")
def test_a_text_is_taken_as_it_is_when_it_is_nothing_else(given):
    """Up to 2,500 characters of anything."""
    assert read(target=given).target == str(given)


@pytest.mark.contract("A3.7")
def test_no_hyperparameters_are_all_defaults():
    assert Hyperparameters.read({}) == Hyperparameters()


@pytest.mark.parametrize(
    "name", ["sagemaker_program", "sagemaker_region", "sagemaker_anything", "_tuning_objective_metric"]
)
@pytest.mark.contract("A3.3", "A3.4")
def test_what_the_sdk_and_the_tuner_add_is_passed_over(name):
    assert Hyperparameters.read({name: '"us-west-2"', "k": "3"}).k == 3


def test_an_older_name_is_taken():
    assert read(n_clusters="5").k == 5


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"kk": "1"}, r'^unknown hyperparameter kk; known: k, n_clusters, rate, .*; did you mean "k"\?$'),
        ({"n_cluster": "1"}, r'did you mean "n_clusters"\?$'),
        ({"zzz": "1"}, r"^unknown hyperparameter zzz; known: [^?]*$"),
        (
            {"k": "1", "n_clusters": "1"},
            "^hyperparameters k and n_clusters are one and the same; give one of them$",
        ),
        ({"k": "0"}, "^hyperparameter k: expected greater than or equal to 1 or 'auto', got \"0\"$"),
        ({"k": "many"}, "^hyperparameter k: expected a valid integer, .* or 'auto', got \"many\"$"),
        ({"n_clusters": "0"}, '^hyperparameter n_clusters: expected .*, got "0"$'),
        (
            {"rate": "-1", "shuffle": "perhaps"},
            '^hyperparameter rate: expected greater than 0, got "-1"; hyperparameter shuffle: .*',
        ),
        ({"features": '{"a": 1}'}, "^hyperparameter features: expected a valid list, got"),
        ({"sizes": "1,x"}, '^hyperparameter sizes: .*, got "1,x"$'),
        ({"rate": ""}, '^hyperparameter rate: expected a valid number, .*, got ""$'),
    ],
    ids=str,
)
def test_what_does_not_fit_is_told_in_one_line(given, message):
    """Named, with what was expected and what came."""
    with pytest.raises(UserError, match=message) as caught:
        Hyperparameters.read(given)
    assert "\n" not in str(caught.value)
    assert "pydantic" not in str(caught.value)


def test_every_missing_one_is_named():
    with pytest.raises(
        UserError, match=r"^hyperparameter target is required; hyperparameter seed is required$"
    ):
        Strict.read({})


def test_a_rule_across_fields_is_told_in_its_own_words():
    with pytest.raises(UserError, match=r"^least and most: expected least to be at most most$"):
        Bounded.read({"least": "3", "most": "2"})


def test_a_long_value_is_cut_short_in_the_error():
    with pytest.raises(UserError) as caught:
        read(rate="9" * 2000 + "x")
    assert len(str(caught.value)) < 200


def test_options_are_called_options():
    class Options(slipway.Options):
        times: int = 1

    assert Options.parse({"times": "2"}, "option").times == 2
    with pytest.raises(
        UserError, match=r'^unknown option time; known: times, on_error, stream; did you mean "times"'
    ):
        Options.parse({"time": 2}, "option")
    with pytest.raises(UserError, match=r"^unknown option time; known: on_error, stream$"):
        slipway.Options.parse({"time": 2}, "option")
