"""What an image's folder must hold and say, so that SageMaker, the tools and a reader can rely on it."""

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import botocore.session
import pytest

from house.folders import Folder
from tools import new

MODEL = botocore.session.get_session().get_service_model("sagemaker")
# Names that the glossary of CONTRIBUTING.md has another word for; they may be aliases.
SYNONYMS = {
    **dict.fromkeys(["label", "label_column", "target_column", "to_predict", "y"], "target"),
    **dict.fromkeys(["random_state", "random_seed", "rng"], "seed"),
    **dict.fromkeys(["time_limit", "timelimit", "max_runtime", "max_time", "time_budget"], "time_limit_s"),
    **dict.fromkeys(["series_id", "item", "key", "group_id"], "item_id"),
    **dict.fromkeys(["date", "ds", "time", "datetime", "time_column"], "timestamp"),
    **dict.fromkeys(["prediction_length", "forecast_horizon", "steps", "n_steps"], "horizon"),
    **dict.fromkeys(["feature_columns", "feature_names", "input_columns", "x"], "features"),
    **dict.fromkeys(["n_clusters", "num_clusters"], "k"),
}
ONE_LINE = re.compile(r"[^\x00-\x1f\x7f]{1,1024}")  # what CreateAlgorithm takes as a description


def limit(shape: str, bound: str = "max") -> int:
    return int(MODEL.shape_for(shape).metadata[bound])


def test_the_folder_name_is_one_lower_case_word(folder: Folder) -> None:
    assert new.NAME.fullmatch(folder.name), (
        f"{folder.name}: expected a lower-case letter, then letters and digits"
    )
    assert folder.name not in new.TAKEN, f"{folder.name} means something else to make"


def test_the_folder_is_complete(folder: Folder) -> None:
    expected = ["image.toml", "__init__.py", "hyperparameters.py", "train.py", "predictor.py"]
    expected += ["requirements.lock", "README.md"]
    expected += [f"tests/test_{folder.name}.py", "sample/hyperparameters.json", "sample/request.csv"]
    expected += [
        f"sample/{name}" for name, channel in folder.facts["channels"].items() if channel["required"]
    ]
    missing = [name for name in expected if not (folder.path / name).exists()]
    assert not missing, f"images/{folder.name} lacks {', '.join(missing)}"


def test_image_toml_holds_no_word_that_nobody_reads(folder: Folder) -> None:
    written = tomllib.loads((folder.path / "image.toml").read_text())
    unread = written.keys() - folder.facts.keys()  # describe refuses unknown words by itself
    assert not unread, f"image.toml: unknown {', '.join(unread)}"


def test_the_version_is_three_numbers(folder: Folder) -> None:
    version = tomllib.loads((folder.path / "image.toml").read_text())["version"]
    assert re.fullmatch(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)", version), (
        f"version {version}: expected x.y.z"
    )


def test_the_texts_fit_a_listing(folder: Folder) -> None:
    facts = folder.facts
    texts = {"title": facts["title"], "summary": facts["summary"], "row_rule": facts["row_rule"]}
    texts |= {f"channel {name}": one["description"] for name, one in facts["channels"].items()}
    texts |= {f"metric {name}": one["description"] for name, one in facts["metrics"].items()}
    wrong = [name for name, text in texts.items() if not ONE_LINE.fullmatch(text)]
    assert not wrong, f"expected one line of at most 1024 characters: {', '.join(wrong)}"
    assert '"' not in facts["title"], "make passes the title in double quotes"


@pytest.mark.parametrize(
    ("use", "shape"),
    [
        ("training", "TrainingInstanceType"),
        ("hosting", "ProductionVariantInstanceType"),
        ("transform", "TransformInstanceType"),
    ],
)
def test_the_instance_types_exist(folder: Folder, use: str, shape: str) -> None:
    unknown = set(folder.facts["instances"][use]) - set(MODEL.shape_for(shape).enum)
    assert not unknown, f"instances.{use}: SageMaker knows no {', '.join(sorted(unknown))}"


def test_the_channels_fit_create_algorithm(folder: Folder) -> None:
    channels = folder.facts["channels"]
    assert 1 <= len(channels) <= 8
    assert any(channel["required"] for channel in channels.values()), "a training job needs a channel"
    labels = [label for name, channel in channels.items() for label in (name, *channel["aliases"])]
    wrong = [label for label in labels if not re.fullmatch(r"[A-Za-z0-9.\-_]{1,64}", label)]
    assert not wrong, f"channels: no name for SageMaker: {', '.join(wrong)}"
    assert len(set(labels)) == len(labels), "two channels share a name"


def test_the_metrics_fit_create_algorithm(folder: Folder) -> None:
    assert len(folder.facts["metrics"]) <= limit("MetricDefinitionList")
    for name, regex in folder.facts["metric_regex"].items():
        assert len(name) <= limit("MetricName")
        assert len(regex) <= limit("MetricRegex")
        assert re.search(regex, f"metric {name}=-1.5e-07;"), f"{regex} does not find the metric {name}"


def test_the_names_fit_create_algorithm(folder: Folder) -> None:
    fields = folder.facts["hyperparameters"]
    assert len(fields) <= limit("HyperParameterSpecifications")
    labels = [label for one in fields for label in (one["name"], *one["aliases"])]
    wrong = [label for label in labels if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.\-]{0,255}", label)]
    assert not wrong, f"hyperparameters: {', '.join(wrong)}"
    assert len(set(labels)) == len(labels), "two hyperparameters share a name"
    long = [one["name"] for one in fields if len(str(one["default"])) > limit("HyperParameterValue")]
    assert not long, f"the default of {', '.join(long)} is too long"


def test_every_hyperparameter_and_option_is_described_in_one_line(folder: Folder) -> None:
    fields = [*folder.facts["hyperparameters"], *folder.facts["options"]]
    wrong = [one["name"] for one in fields if not ONE_LINE.fullmatch(one["description"] or "")]
    assert not wrong, f"expected a docstring of one line, at most 1024 characters, under {', '.join(wrong)}"


def test_every_range_is_closed(folder: Folder) -> None:
    for name, schema in _schemas(folder):
        open_ends = {"exclusiveMinimum", "exclusiveMaximum"} & schema.keys()
        assert not open_ends, f"{name}: SageMaker publishes closed ranges only; use ge and le, not gt and lt"


def test_no_choice_has_more_than_30_categories(folder: Folder) -> None:
    for name, schema in _schemas(folder):
        choices = schema.get("enum", [])
        assert len(choices) <= limit("ParameterValues"), f"{name} has {len(choices)} categories"


def test_what_can_be_tuned_is_a_choice_or_a_number_with_both_ends(folder: Folder) -> None:
    tunable = {one["name"] for one in folder.facts["hyperparameters"] if one["tunable"]}
    for name, schema in _schemas(folder):
        if name in tunable and "anyOf" not in schema:
            number = schema.get("type") in {"integer", "number"}
            bounded = {"minimum", "maximum"} <= schema.keys()
            choice = schema.keys() & {"enum", "const"} or schema.get("type") in {"boolean", "null"}
            assert bounded if number else choice, f"{name} is tunable, but has no range: {schema}"


def test_the_same_idea_has_the_same_name(folder: Folder) -> None:
    for one in [*folder.facts["hyperparameters"], *folder.facts["options"]]:
        better = SYNONYMS.get(one["name"])
        assert better is None, f"{one['name']}: the word for it is {better}; keep the other as an alias"
        assert re.fullmatch(r"[a-z][a-z0-9_]*", one["name"]), (
            f"{one['name']}: expected lower case with underscores"
        )


def test_required_hyperparameters_have_no_default(folder: Folder) -> None:
    both = [
        one["name"]
        for one in folder.facts["hyperparameters"]
        if one["required"] and one["default"] is not None
    ]
    assert not both


def _schemas(folder: Folder) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every JSON schema of a hyperparameter's or option's values, those inside a union or list too."""
    waiting = [
        (one["name"], one["values"]) for one in [*folder.facts["hyperparameters"], *folder.facts["options"]]
    ]
    while waiting:
        name, schema = waiting.pop()
        yield name, schema
        waiting += [(name, inner) for inner in [*schema.get("anyOf", []), schema.get("items")] if inner]


def test_a_report_that_cannot_be_made_costs_no_model(folder: Folder) -> None:
    """`train.py` writes it inside `with job.report.forgiving():`."""
    module = ast.parse((folder.path / "train.py").read_text())
    forgiven = {
        id(inner)
        for block in ast.walk(module)
        if isinstance(block, ast.With)
        and any("job.report.forgiving()" in ast.unparse(item.context_expr) for item in block.items)
        for inner in ast.walk(block)
    }
    written = [
        node
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "report.write"
    ]
    assert not [node.lineno for node in written if id(node) not in forgiven]
