"""Names that the engines have given up, and what stands for them now.

CatBoost: https://github.com/catboost/catboost/blob/master/RELEASE.md
LightGBM: https://github.com/microsoft/LightGBM/releases
XGBoost: https://github.com/dmlc/xgboost/issues/3986 and https://xgboost.readthedocs.io/en/stable/changes/
"""

from collections.abc import Mapping
from typing import Any

# Old to new parameter; an empty name: the engine has nothing like it any more, and the value has no effect.
_PARAMETERS: Mapping[str, Mapping[str, str]] = {
    "catboost": {
        "growing_policy": "grow_policy",
        "max_leaves_count": "max_leaves",
        "min_samples_in_leaf": "min_data_in_leaf",
        "gradient_iterations": "leaf_estimation_iterations",
        "efb_max_buckets": "dev_efb_max_buckets",
        "calc_feature_importance": "",
    },
    "lightgbm": {
        "max_position": "lambdarank_truncation_level",
        "lambdamart_norm": "lambdarank_norm",
        "sparse_threshold": "",
        "max_conflict_rate": "",
        "enable_load_from_binary_file": "",
    },
    "xgboost": {
        "silent": "",
        "nround": "num_boost_round",
        "nrounds": "num_boost_round",
        "sketch_eps": "",
        "sketch_ratio": "",
        "n_gpus": "",
        "gpu_id": "",
        "predictor": "",
        "single_precision_histogram": "",
        "deterministic_histogram": "",
        "enable_feature_grouping": "",
        "enable_experimental_json_serialization": "",
    },
}
# By engine and main name of a parameter: old to new value.
_VALUES: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "catboost": {
        "grow_policy": {"ObliviousTree": "SymmetricTree"},
        "score_function": {"Correlation": "Cosine", "NewtonCorrelation": "NewtonCosine"},
    },
    "lightgbm": {},
    "xgboost": {
        "objective": {
            "reg:linear": "reg:squarederror",
            "gpu:reg:linear": "reg:squarederror",
            "gpu:reg:logistic": "reg:logistic",
            "gpu:binary:logistic": "binary:logistic",
            "gpu:binary:logitraw": "binary:logitraw",
            # Not retired: the same trees, but without the probabilities that answers are made of.
            "multi:softmax": "multi:softprob",
        },
        "tree_method": {"gpu_hist": "hist", "gpu_exact": "exact", "gpu_approx": "approx"},
    },
}


def parameter(engine: str, name: str) -> str | None:
    """The parameter that has replaced `name`, "" if nothing has; None if `name` is not retired."""
    return _PARAMETERS[engine].get(name)


def value(engine: str, name: str, given: Any) -> Any:
    """`given` as the engine's parameter `name` takes it today."""
    return _VALUES[engine].get(name, {}).get(given, given) if isinstance(given, str) else given
