"""What an engine says reaches the user in plain words, and names that it has retired are still read."""

import re
from typing import Any

import pandas as pd
import pytest
from boosting.configuration import resolve
from boosting.engines import parameters
from boosting.engines.messages import is_of_network, plain
from boosting.engines.retired import _PARAMETERS, _VALUES
from boosting.hyperparameters import Hyperparameters
from boosting.tests.tables import ENGINES, settings

from slipway import UserError

WRONG = [
    (
        "catboost",
        {"grow_policy": "Diagonal"},
        "unknown value Diagonal; expected one of SymmetricTree, Lossguide",
    ),
    ("catboost", {"l2_leaf_reg": -3}, "l2"),
    ("catboost", {"one_hot_max_size": -5}, "model_params.one_hot_max_size: catboost: "),
    ("catboost", {"random_strength": "a"}, "model_params.random_strength: catboost: "),
    (
        "lightgbm",
        {"min_data_in_leaf": -7},
        "model_params.min_data_in_leaf: lightgbm: expected min_data_in_leaf >= 0",
    ),
    ("lightgbm", {"max_bin": 1}, "lightgbm: expected max_bin > 1"),
    ("lightgbm", {"feature_contri": [1.0]}, "model_params.feature_contri: lightgbm: expected "),
    (
        "lightgbm",
        {"monotone_constraints": [1]},
        "model_params.monotone_constraints: expected a list with 1, -1",
    ),
    ("lightgbm", {"monotone_constraints": "0,1,0,0"}, "monotone_constraints: column shade is not numeric"),
    ("xgboost", {"monotone_constraints": 5}, "model_params.monotone_constraints: expected a list with 1, -1"),
    ("xgboost", {"interaction_constraints": [["zz"]]}, "xgboost: Constrained features are not a subset"),
    ("lightgbm", {"boosting": "odd"}, "lightgbm: Unknown boosting type odd"),
    ("xgboost", {"booster": "odd"}, "xgboost: Unknown gbm type odd"),
    ("xgboost", {"updater": "odd"}, "xgboost: Unknown tree updater odd"),
    ("xgboost", {"max_bin": 1}, "model_params.max_bin: xgboost: value 1 for Parameter max_bin"),
    ("xgboost", {"interaction_constraints": "zz"}, "xgboost: Failed to parse feature interaction constraint"),
    ("xgboost", {"process_type": "update"}, "model_params.process_type: xgboost: Updater: "),
]


@pytest.mark.parametrize(("engine", "given", "message"), WRONG)
def test_an_engines_message_is_one_plain_line(
    engine: str, given: dict[str, Any], message: str, fit: Any, table: pd.DataFrame
) -> None:
    with pytest.raises(UserError) as caught:
        fit(table, **settings(engine, "regression", n_estimators=3, model_params=given))
    text = str(caught.value)
    assert message in text, text
    assert not re.search(r"Check failed|\.cpp|\.cc|\.cu|\.h\b|::|->|Stack trace|static_cast|\n|/", text), text


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("[07:01:59] /a/b/metric.cu:34: Check failed: a >= 0 && b: label must be in [0, 3)\nStack trace:",
         "label must be in [0, 3)"),
        ("[07:01:59] /a/m.cu:9: Check failed: preds.Size() == info.bounds_.Size() (120 vs. 0) : \nStack",
         "expected size of preds == size of info.bounds"),
        ("x/y/options.cpp:16: Error: bayesian bootstrap doesn't support 'subsample' option",
         "bayesian bootstrap doesn't support 'subsample' option"),
        ("Check failed: (bagging_fraction) <= (1.0) at /__w/L/src/io/config_auto.cpp, line 375 .\n",
         "expected bagging_fraction <= 1.0"),
        ("Maximum tree depth is 16", "Maximum tree depth is 16"),
        ("stod", "a parameter that takes a number was given text"),
        ("\n", "no reason given"),
    ],
)  # fmt: skip
def test_files_checks_and_traces_are_left_out(message: str, line: str) -> None:
    assert plain(message) == line


@pytest.mark.parametrize(
    ("message", "of_network"),
    [
        ("[histogram.h:197|22:44:32]:\n- [allreduce.cc:81|22:44:32]: Ring scatter reduce failed.", True),
        ("Socket recv error, Connection reset by peer (code: 104)", True),
        ("[07:01:59] /a/b/metric.cu:34: Check failed: a >= 0 && b: label must be in [0, 3)", False),
        ("Check failed: (bagging_fraction) <= (1.0) at /__w/L/src/io/config_auto.cpp, line 375 .", False),
    ],
)
def test_a_way_to_another_host_that_breaks_is_no_mistake_of_the_user(message: str, of_network: bool) -> None:
    assert is_of_network(message) is of_network


def test_retired_names_are_read_with_a_note() -> None:
    notes: list[str] = []
    model_params = {"nrounds": 7, "sketch_eps": 0.03, "tree_method": "gpu_hist"}
    given = Hyperparameters(engine="xgboost", objective="reg:linear", model_params=model_params)
    found = resolve(given, {}, notes.append)
    assert (found.objective, found.n_estimators) == ("reg:squarederror", 7)
    assert found.model_params == {"tree_method": "hist"}
    assert notes == [
        "objective: reg:linear is read as reg:squarederror",
        "model_params.nrounds: retired name, read as num_boost_round",
        "model_params.sketch_eps: xgboost no longer has this parameter; it has no effect",
        "model_params.tree_method: gpu_hist is read as hist",
    ]
    old = {"growing_policy": "ObliviousTree", "min_samples_in_leaf": 3}
    assert resolve(Hyperparameters(model_params=old), {}).model_params == {
        "grow_policy": "SymmetricTree",
        "min_data_in_leaf": 3,
    }


@pytest.mark.parametrize("engine", ENGINES)
def test_the_table_of_retired_names_leads_from_unknown_names_to_known_ones(engine: str) -> None:
    known = parameters.aliases(engine)
    for old, new in _PARAMETERS[engine].items():
        assert old not in known
        assert new == "" or known[new] == new
    for name in _VALUES[engine]:
        assert known[name] == name


@pytest.mark.parametrize(
    ("target", "given", "note"),
    [
        ("price", {"objective": "reg:linear"}, "reg:linear is read as reg:squarederror"),
        (
            "grade",
            {"model_params": {"objective": "multi:softmax"}},
            "multi:softmax is read as multi:softprob",
        ),
    ],
)
def test_a_job_with_a_retired_name_is_the_job_with_the_new_one(
    target: str, given: dict[str, Any], note: str, fit: Any, ask: Any, table: pd.DataFrame, capsys: Any
) -> None:
    plainly = settings("xgboost", "regression", target=target, n_estimators=5)
    old, new = fit(table, **plainly, **given), fit(table, **plainly)
    assert note in capsys.readouterr().err
    outputs = ["score", "raw_scores", "predicted_label", "probabilities"]
    assert str(ask(old.model, table, outputs=outputs)) == str(ask(new.model, table, outputs=outputs))
