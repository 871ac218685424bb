"""One configuration in its three forms, and every mistake named with its path."""

import json
from pathlib import Path
from typing import Any

import pytest
from boosting import configuration
from boosting.configuration import resolve
from boosting.engines import parameters
from boosting.hyperparameters import Hyperparameters

from slipway import UserError

OLDER = json.loads((Path(__file__).parents[1] / "sample/config/params.json").read_text())
FLAT = {
    "n_estimators": "1000",
    "eval_metric": "PRAUC",
    "early_stopping_rounds": "40",
    "pos_class": "1",
    "cat_features": json.dumps(OLDER["data_params"]["cat_features"]),
    "target": "narrowing-diagnosis",
    "metrics": "roc_auc,accuracy,lift,hosmer_lemeshow",
}


def test_three_forms_of_one_configuration_are_one() -> None:
    nested = resolve(Hyperparameters(), OLDER)
    assert resolve(Hyperparameters.read(FLAT), {}) == nested
    assert resolve(Hyperparameters.read({"config": json.dumps(OLDER)}), {}) == nested
    parts = {name: json.dumps(OLDER["model_params"]) for name in ("model_params",)}
    mixed = {name: value for name, value in FLAT.items() if name in OLDER["data_params"]}
    assert resolve(Hyperparameters.read({**mixed, **parts}), {}) == nested
    assert (nested.n_estimators, nested.early_stopping_rounds, nested.eval_metric) == (1000, 40, "PRAUC")
    assert nested.metrics == ("roc_auc", "accuracy", "lift", "hosmer_lemeshow")
    assert nested.pos_class == "1"
    assert nested.model_params == {}


def test_hyperparameters_win_over_config_and_config_over_the_channel() -> None:
    given = Hyperparameters.read({"n_estimators": "5", "config": {"learning_rate": 0.2, "n_estimators": 6}})
    found = resolve(given, {"model_params": {"iterations": 7, "eta": 0.3, "depth": 3}})
    assert (found.n_estimators, found.learning_rate, found.max_depth) == (5, 0.2, 3)


def test_what_is_the_engines_own_passes_through() -> None:
    found = resolve(Hyperparameters(), {"model_params": {"bagging_temperature": 0.5, "random_state": 3}})
    assert found.model_params == {"bagging_temperature": 0.5}
    assert found.seed == 3
    engines = {"lightgbm": ("min_child_samples", "min_data_in_leaf"), "xgboost": ("gamma", "min_split_loss")}
    for engine, (name, main) in engines.items():
        found = resolve(Hyperparameters.read({"engine": engine, "model_params": {name: 5}}), {})
        assert found.model_params == {main: 5}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"model_params": {"iterations": "many"}}, "model_params.iterations: expected a valid integer"),
        ({"model_params": {"iterations": 0}}, "model_params.iterations: expected greater than or equal"),
        ({"model_params": {"iteratoins": 5}}, "model_params.iteratoins: catboost has no such parameter"),
        ({"model_params": {"train_dir": "/x"}}, "model_params.train_dir: cannot be set"),
        ({"model_params": {"depth": 3, "max_depth": 4}}, "model_params.max_depth is given twice"),
        (
            {"model_params": {"depth": 3}, "max_depth": 4},
            "model_params.depth and max_depth are the same setting",
        ),
        ({"model_params": [1]}, "model_params: expected a JSON object, got list"),
        ({"data_params": {"targte": "x"}}, "data_params.targte: unknown; known"),
        (
            {"data_params": {"test_size": 2}},
            "data_params.test_size: expected less than or equal to 0.9, got 2",
        ),
        (
            {"data_params": {"target": "x"}, "target": "y"},
            "data_params.target and target are the same setting",
        ),
        ({"engine": "sklearn"}, "engine: expected 'catboost'"),
        ({"config": {}}, "config: a configuration cannot contain another one"),
        ({"kinds": {"x": "text"}}, "kinds: give it as a hyperparameter"),
        ({"data_params": {"missing": ["-"]}}, "data_params.missing: give it as a hyperparameter"),
    ],
)
def test_a_mistake_is_named_with_its_path(document: dict[str, Any], message: str) -> None:
    for given, channel in ((Hyperparameters(), document), (Hyperparameters(config=document), {})):
        with pytest.raises(UserError) as caught:
            resolve(given, channel)
        assert str(caught.value).startswith(message), caught.value


@pytest.mark.parametrize(
    ("text", "message"), [("{", "channel config: not JSON"), ("[]", "expected a JSON object")]
)
def test_a_file_that_is_no_json_object_is_named(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        configuration.read(text)


def test_every_engine_tells_its_own_parameters() -> None:
    for engine, some in {
        "catboost": ("bagging_temperature", "grow_policy", "one_hot_max_size"),
        "lightgbm": ("min_data_in_leaf", "path_smooth", "linear_tree"),
        "xgboost": ("min_child_weight", "max_cat_to_onehot", "rate_drop"),
    }.items():
        known = parameters.aliases(engine)
        assert set(some) <= set(known)
        assert not {"nonsense", "self", "kwargs"} & set(known)
