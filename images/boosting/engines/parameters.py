"""The parameters of each engine, as the engine itself lists them."""

import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any

import numpy as np

from slipway import UserError
from slipway.kit.imports import lean

from . import parameter_names, retired

# Parameters that would make training read, write or listen elsewhere, or that come with the data.
_RESERVED = {
    *(
        "allow_writing_files",
        "callback",
        "callbacks",
        "cat_features",
        "categorical_feature",
        "config",
        "data",
    ),
    *("data", "devices", "device_config", "embedding_features", "enable_categorical", "eval_fraction"),
    *("feature_types", "forcedbins_filename", "forcedsplits_filename", "group_column", "header"),
    *("ignore_column", "initscore_filename", "input_model", "label_column", "local_listen_port"),
    *("machine_list_filename", "machines", "metadata", "missing", "name", "num_machines", "output_model"),
    *(
        "output_result",
        "parser_config_file",
        "save_binary",
        "save_snapshot",
        "snapshot_file",
        "snapshot_freq",
    ),
    *("snapshot_interval", "task", "text_features", "train_dir", "use_best_model", "valid", "weight_column"),
}
_VERBOSITY = {"verbose", "verbosity", "silent", "logging_level", "metric_period", "verbose_eval"}
# Aliases that an engine accepts but lists nowhere a program could read.
_CATBOOST = {
    "n_estimators": "iterations",
    "num_boost_round": "iterations",
    "num_trees": "iterations",
    "max_depth": "depth",
    "eta": "learning_rate",
    "reg_lambda": "l2_leaf_reg",
    "objective": "loss_function",
    "random_state": "random_seed",
    "colsample_bylevel": "rsm",
    "num_leaves": "max_leaves",
    "min_child_samples": "min_data_in_leaf",
    "max_bin": "border_count",
}
_XGBOOST = {
    "n_estimators": "num_boost_round",
    "num_round": "num_boost_round",
    "eta": "learning_rate",
    "lambda": "reg_lambda",
    "alpha": "reg_alpha",
    "gamma": "min_split_loss",
    "random_state": "seed",
    "n_jobs": "nthread",
}
# Parameters of boosters and objectives that XGBoost dumps only while they are in use.
_XGBOOST_MORE = (
    *("early_stopping_rounds", "eval_metric", "rate_drop", "one_drop", "skip_drop", "sample_type"),
    *("normalize_type", "feature_selector", "top_k", "tweedie_variance_power", "huber_slope"),
    *("quantile_alpha", "expectile_alpha", "aft_loss_distribution", "aft_loss_distribution_scale"),
    *("lambdarank_pair_method", "lambdarank_num_pair_per_sample", "lambdarank_normalization"),
    *("lambdarank_unbiased", "lambdarank_bias_norm", "ndcg_exp_gain", "lambdarank_score_normalization"),
)


@cache
def aliases(engine: str) -> Mapping[str, str]:
    """Every parameter name that the engine accepts, with its main name."""
    return {"catboost": _of_catboost, "lightgbm": _of_lightgbm, "xgboost": _of_xgboost}[engine]()


def normalised(engine: str, given: Mapping[str, Any], note: Callable[[str], None]) -> dict[str, Any]:
    """`given` under the engine's main names; retired names are replaced, each with a line to `note`.

    Raises UserError for a parameter that the engine does not have or that the image sets itself.
    """
    found: dict[str, Any] = {}
    for name, value in given.items():
        path = f"model_params.{name}"
        main = aliases(engine).get(name)
        if main is None:
            replacement = retired.parameter(engine, name)
            if replacement == "":
                note(f"{path}: {engine} no longer has this parameter; it has no effect")
                continue
            main = replacement
            if main:
                note(f"{path}: retired name, read as {main}")
        if main is None:
            near = get_close_matches(name, aliases(engine), 1)
            hint = f'; did you mean "{near[0]}"?' if near else ""
            raise UserError(f"{path}: {engine} has no such parameter{hint}")
        if main in _RESERVED or main in _VERBOSITY:
            raise UserError(f"{path}: cannot be set; the image sets it itself")
        if main in found:
            raise UserError(f"{path} is given twice, under two of its names")
        found[main] = current(engine, main, value, path, note)
    return found


def current(engine: str, main: str, value: Any, path: str, note: Callable[[str], None]) -> Any:
    """The value that stands today for one that the engine has retired, with a line to `note`."""
    today = retired.value(engine, main, value)
    if today != value:
        note(f"{path}: {value} is read as {today}")
    return today


def common_name(engine: str, name: str) -> str | None:
    """The common name of one of the engine's main names, if there is one."""
    names = parameter_names.engine_names(engine)
    return next((common for common, main in names.items() if main == name), None)


def _of_catboost() -> dict[str, str]:
    from catboost import CatBoostClassifier, CatBoostRanker, CatBoostRegressor

    found = {
        name
        for kind in (CatBoostClassifier, CatBoostRegressor, CatBoostRanker)
        for name in inspect.signature(kind.__init__).parameters
        if name != "self"
    }
    return {name: _CATBOOST.get(name, name) for name in sorted(found | {"early_stopping_rounds"})}


def _of_lightgbm() -> dict[str, str]:
    with lean():
        from lightgbm.basic import _ConfigAliases

    aliases = _ConfigAliases._get_all_param_aliases()
    return {name: main for main, others in aliases.items() for name in (main, *others)}


def _of_xgboost() -> dict[str, str]:
    with lean():
        import xgboost

    data = xgboost.DMatrix(np.zeros((2, 1)), label=[0, 1])
    dumps = [
        xgboost.train({"booster": booster, "verbosity": 0}, data, 1).save_config()
        for booster in ("gbtree", "dart")
    ]
    sklearn = set(inspect.signature(xgboost.XGBModel.__init__).parameters) - {"self", "kwargs"}
    found = (
        {key for dump in dumps for key in _leaves(json.loads(dump))} | sklearn | {*_XGBOOST_MORE, *_XGBOOST}
    )
    return {name: _XGBOOST.get(name, name) for name in sorted({*found, "num_boost_round"} - {"name"})}


def _leaves(tree: Any) -> Iterator[str]:
    for key, value in tree.items() if isinstance(tree, dict) else ():
        if isinstance(value, dict):
            yield from _leaves(value)
        elif not isinstance(value, list):
            yield key
