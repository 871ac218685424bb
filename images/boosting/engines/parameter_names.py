"""Common names of parameters, objectives and metrics, and those of each engine: the one table of names."""

from collections.abc import Mapping

ENGINES = ("catboost", "lightgbm", "xgboost")

# The common name, then CatBoost's, LightGBM's, XGBoost's.
_PARAMETERS = {
    "n_estimators": ("iterations", "num_iterations", "num_boost_round"),
    "learning_rate": ("learning_rate", "learning_rate", "learning_rate"),
    "max_depth": ("depth", "max_depth", "max_depth"),
    "max_leaves": ("max_leaves", "num_leaves", "max_leaves"),
    "l2": ("l2_leaf_reg", "lambda_l2", "reg_lambda"),
    "subsample": ("subsample", "bagging_fraction", "subsample"),
    "colsample": ("rsm", "feature_fraction", "colsample_bytree"),
    "early_stopping_rounds": ("early_stopping_rounds", "early_stopping_round", "early_stopping_rounds"),
    "eval_metric": ("eval_metric", "metric", "eval_metric"),
    "objective": ("loss_function", "objective", "objective"),
    "seed": ("random_seed", "seed", "seed"),
}

# The default objective of a problem.
_OBJECTIVES = {
    "binary": ("Logloss", "binary", "binary:logistic"),
    "multiclass": ("MultiClass", "multiclass", "multi:softprob"),
    "regression": ("RMSE", "regression", "reg:squarederror"),
    "ranking": ("YetiRank", "lambdarank", "rank:ndcg"),
}
# Metrics for early stopping; an empty name: the engine has none. `multi_`: for more than two classes.
_EVALUATIONS = {
    "log_loss": ("Logloss", "binary_logloss", "logloss"),
    "multi_log_loss": ("MultiClass", "multi_logloss", "mlogloss"),
    "roc_auc": ("AUC", "auc", "auc"),
    "multi_roc_auc": ("AUC", "auc_mu", "auc"),
    "pr_auc": ("PRAUC", "average_precision", "aucpr"),
    "accuracy": ("Accuracy", "binary_error", "error"),
    "multi_accuracy": ("Accuracy", "multi_error", "merror"),
    "rmse": ("RMSE", "rmse", "rmse"),
    "mae": ("MAE", "l1", "mae"),
    "mape": ("MAPE", "mape", "mape"),
    "ndcg": ("NDCG", "ndcg", "ndcg"),
    "map": ("MAP", "map", "map"),
}
_DEFAULT_METRICS = {"binary": "log_loss", "multiclass": "log_loss", "regression": "rmse", "ranking": "ndcg"}
_METRIC_ALIASES = {"auc": "roc_auc", "prauc": "pr_auc", "aucpr": "pr_auc", "logloss": "log_loss"}
EVAL_METRICS = tuple(name for name in _EVALUATIONS if not name.startswith("multi_"))
"""The common names of early-stopping metrics."""


def engine_names(engine: str) -> Mapping[str, str]:
    """The engine's parameter for each common name."""
    place = ENGINES.index(engine)
    return {common: names[place] for common, names in _PARAMETERS.items()}


def objective(engine: str, problem: str) -> str:
    """The engine's default objective for a problem."""
    return _OBJECTIVES[problem][ENGINES.index(engine)]


def eval_metric(engine: str, problem: str, name: str) -> str:
    """The engine's name of the early-stopping metric `name`, the problem's default if it is empty.

    A name that is not a common one is taken as the engine's own.

    >>> eval_metric("lightgbm", "multiclass", "accuracy"), eval_metric("xgboost", "regression", "")
    ('multi_error', 'rmse')
    """
    common = name.lower() or _DEFAULT_METRICS[problem]
    common = _METRIC_ALIASES.get(common, common)
    if problem == "multiclass" and f"multi_{common}" in _EVALUATIONS:
        common = f"multi_{common}"
    known = _EVALUATIONS.get(common)
    return known[ENGINES.index(engine)] if known else name
