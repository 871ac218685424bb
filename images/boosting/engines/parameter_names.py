"""What each engine calls what all of them know: the one table of names."""

from collections.abc import Mapping

ENGINES = ("catboost", "lightgbm", "xgboost")

# Ours, then CatBoost's, LightGBM's, XGBoost's.
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

# A problem's usual objective and what early stopping goes by.
_OBJECTIVES = {
    "binary": ("Logloss", "binary", "binary:logistic"),
    "multiclass": ("MultiClass", "multiclass", "multi:softprob"),
    "regression": ("RMSE", "regression", "reg:squarederror"),
    "ranking": ("YetiRank", "lambdarank", "rank:ndcg"),
}
_EVALUATIONS = {
    "log_loss": ("Logloss", "binary_logloss", "logloss"),
    "multi_log_loss": ("MultiClass", "multi_logloss", "mlogloss"),
    "roc_auc": ("AUC", "auc", "auc"),
    "pr_auc": ("PRAUC", "average_precision", "aucpr"),
    "accuracy": ("Accuracy", "binary_error", "error"),
    "multi_accuracy": ("Accuracy", "multi_error", "merror"),
    "rmse": ("RMSE", "rmse", "rmse"),
    "mae": ("MAE", "l1", "mae"),
    "mape": ("MAPE", "mape", "mape"),
    "ndcg": ("NDCG", "ndcg", "ndcg"),
    "map": ("MAP", "map", "map"),
}
_USUAL = {"binary": "log_loss", "multiclass": "log_loss", "regression": "rmse", "ranking": "ndcg"}
_ALSO = {"auc": "roc_auc", "prauc": "pr_auc", "aucpr": "pr_auc", "logloss": "log_loss"}


def of(engine: str) -> Mapping[str, str]:
    """Our names of parameters to the engine's."""
    place = ENGINES.index(engine)
    return {ours: theirs[place] for ours, theirs in _PARAMETERS.items()}


def objective(engine: str, problem: str) -> str:
    """The engine's name of a problem's usual objective."""
    return _OBJECTIVES[problem][ENGINES.index(engine)]


def evaluation(engine: str, problem: str, name: str) -> str:
    """The engine's name of what early stopping goes by; a name that is not ours is taken as the engine's."""
    ours = name.lower() or _USUAL[problem]
    ours = _ALSO.get(ours, ours)
    if problem == "multiclass" and f"multi_{ours}" in _EVALUATIONS:
        ours = f"multi_{ours}"
    known = _EVALUATIONS.get(ours)
    return known[ENGINES.index(engine)] if known else name
