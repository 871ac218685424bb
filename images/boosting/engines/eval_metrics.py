"""Which early-stopping metrics of each engine fit which problem, and in which direction they improve.

An engine may accept a metric that means nothing for its objective (LightGBM and XGBoost stop a regression by
AUC), or ignore one that it does not know (LightGBM). Trees would then be cut back to an arbitrary number.

CatBoost: https://catboost.ai/docs/en/concepts/loss-functions
LightGBM: https://lightgbm.readthedocs.io/en/stable/Parameters.html#metric-parameters
XGBoost: https://xgboost.readthedocs.io/en/stable/parameter.html#learning-task-parameters
"""

from collections.abc import Mapping
from difflib import get_close_matches

from slipway import UserError

from . import parameter_names

_OFFERED = 14  # names in a message
_CLASSES = "Accuracy TotalF1 MCC HammingLoss HingeLoss Kappa WKappa ZeroOneLoss AUC"
_L1 = "l1 mean_absolute_error mae regression_l1"
_L2 = "l2 mean_squared_error mse regression_l2 regression l2_root root_mean_squared_error rmse"
_CROSS_ENTROPY = "cross_entropy xentropy cross_entropy_lambda xentlambda kullback_leibler kldiv binary"
_SOFTMAX = "multiclass softmax multiclassova multiclass_ova ova ovr"
_NDCG = "lambdarank rank_xendcg xendcg xe_ndcg xe_ndcg_mart xendcg_mart"

_METRICS: Mapping[str, Mapping[str, str]] = {
    "catboost": {
        "binary": f"Logloss {_CLASSES} AUC:type=Ranking CrossEntropy BrierScore Focal Precision Recall F F1 "
        "BalancedAccuracy BalancedErrorRate PRAUC NormalizedGini LogLikelihoodOfPrediction",
        "multiclass": f"MultiClass MultiClassOneVsAll {_CLASSES}",
        "regression": "RMSE MAE MAPE SMAPE R2 MSLE MedianAbsoluteError Poisson Quantile MultiQuantile "
        "Expectile LogLinQuantile Lq Huber FairLoss NumErrors Tweedie LogCosh RMSPE RMSEWithUncertainty Cox "
        "SurvivalAft MultiRMSE MultiRMSEWithMissingValues NormalizedGini AUC:type=Ranking",
        "ranking": "PairLogit PairLogitPairwise PairAccuracy QueryRMSE QuerySoftMax QueryCrossEntropy "
        "QueryAUC GroupQuantile PFound NDCG DCG FilteredDCG AverageGain QueryAverage PrecisionAt RecallAt "
        "MAP ERR MRR NormalizedGini AUC:type=Ranking",
    },
    "lightgbm": {
        "binary": f"binary_logloss binary_error auc average_precision {_CROSS_ENTROPY}",
        "multiclass": f"multi_logloss multi_error auc_mu {_SOFTMAX}",
        "regression": "l1 l2 rmse quantile mape huber fair poisson gamma gamma_deviance tweedie r2 "
        f"mean_absolute_percentage_error {_L1} {_L2}",
        "ranking": f"ndcg map mean_average_precision {_NDCG}",
    },
    "xgboost": {
        "binary": "logloss error auc aucpr ams",
        "multiclass": "mlogloss merror auc aucpr",
        "regression": "rmse rmsle mae mape mphe poisson-nloglik gamma-nloglik gamma-deviance tweedie-nloglik "
        "cox-nloglik aft-nloglik interval-regression-accuracy quantile expectile",
        "ranking": "ndcg map pre auc aucpr",
    },
}
# Objectives that a metric can be held against; an objective of no list here is left to the engine.
_OBJECTIVES: Mapping[str, Mapping[str, str]] = {
    "catboost": {
        "binary": "Logloss CrossEntropy Focal",
        "multiclass": "MultiClass MultiClassOneVsAll",
        "regression": "RMSE MAE MAPE Quantile MultiQuantile Expectile LogLinQuantile Lq Huber Poisson "
        "Tweedie LogCosh RMSPE RMSEWithUncertainty Cox",
        "ranking": "PairLogit PairLogitPairwise YetiRank YetiRankPairwise QueryRMSE QuerySoftMax "
        "QueryCrossEntropy GroupQuantile StochasticRank StochasticFilter LambdaMart",
    },
    "lightgbm": {
        "binary": "binary cross_entropy xentropy cross_entropy_lambda xentlambda",
        "multiclass": _SOFTMAX,
        "regression": f"{_L1} {_L2} quantile mape mean_absolute_percentage_error huber fair poisson gamma "
        "tweedie",
        "ranking": _NDCG,
    },
    "xgboost": {
        "binary": "binary:logistic binary:logitraw binary:hinge reg:logistic",
        "multiclass": "multi:softprob multi:softmax",
        "regression": "reg:squarederror reg:squaredlogerror reg:logistic reg:pseudohubererror "
        "reg:absoluteerror reg:quantileerror reg:expectileerror reg:gamma reg:tweedie count:poisson "
        "survival:cox survival:aft",
        "ranking": "rank:ndcg rank:map rank:pairwise",
    },
}
# LightGBM tells the direction of a metric itself.
_HIGHER_IS_BETTER: Mapping[str, str] = {
    "catboost": "Accuracy TotalF1 MCC Kappa WKappa AUC Precision Recall F F1 BalancedAccuracy PRAUC "
    "NormalizedGini LogLikelihoodOfPrediction R2 PairAccuracy QueryAUC PFound NDCG DCG FilteredDCG "
    "AverageGain QueryAverage PrecisionAt RecallAt MAP ERR MRR",
    # As XGBoost's own EarlyStopping has it.
    "xgboost": "auc aucpr pre map ndcg ams interval-regression-accuracy",
}


def check(engine: str, problem: str, metric: str, objective: str = "") -> None:
    """Raises UserError, one line, if the early-stopping `metric` does not fit the problem or the objective.

    `metric` is a common name or the engine's own; an empty one is the default and always fits. `problem` may
    be "auto" as long as it is not known; then only the metric's existence and `objective` are checked.

    >>> check("lightgbm", "ranking", "ndcg")
    >>> check("lightgbm", "multiclass", "rmse")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    slipway.errors.UserError: eval_metric: rmse does not fit problem multiclass; lightgbm offers ...
    """
    by_problem = {one: names.split() for one, names in _METRICS[engine].items()}
    wanted = [one.strip() for one in metric.split(",")] if engine == "lightgbm" else [metric]
    for name in filter(None, wanted):
        fitting = [
            one
            for one, names in by_problem.items()
            if _base(engine, parameter_names.eval_metric(engine, one, name)) in names
        ]
        problems = _problems(engine, problem, objective)
        if not fitting:
            everything = sorted({known for names in by_problem.values() for known in names})
            near = get_close_matches(name, [*parameter_names.EVAL_METRICS, *everything], 1)
            hint = f'did you mean "{near[0]}"?' if near else f"it offers {_offer(by_problem, problems)}"
            raise UserError(f"eval_metric: {engine} has no metric {name}; {hint}")
        if not set(fitting) & set(problems):
            against = f"objective {objective}" if _families(engine, objective) else f"problem {problems[0]}"
            offer = _offer(by_problem, problems)
            raise UserError(f"eval_metric: {name} does not fit {against}; {engine} offers {offer}")


def is_higher_better(engine: str, metric: str) -> bool:
    """Whether the engine's `metric` improves upwards.

    >>> is_higher_better("xgboost", "ndcg@5-"), is_higher_better("catboost", "RMSE")
    (True, False)
    """
    return _base(engine, metric).partition(":")[0] in _HIGHER_IS_BETTER[engine].split()


def _problems(engine: str, problem: str, objective: str) -> list[str]:
    """The problems whose metrics make sense: the objective's; those of ranking also for other objectives."""
    families = _families(engine, objective)
    if problem == "auto":
        return families or list(_METRICS[engine])
    return [*families, *(["ranking"] if problem == "ranking" else [])] or [problem]


def _families(engine: str, objective: str) -> list[str]:
    name = objective.partition(":")[0] if engine == "catboost" else objective
    return [problem for problem, names in _OBJECTIVES[engine].items() if name in names.split()]


def _base(engine: str, metric: str) -> str:
    """A metric without its parameters: AUC:use_weights=false, ndcg@5-."""
    if engine == "catboost":
        return metric if metric == "AUC:type=Ranking" else metric.partition(":")[0]
    return metric.partition("@")[0].removesuffix("-")


def _offer(by_problem: Mapping[str, list[str]], problems: list[str]) -> str:
    names = list(dict.fromkeys(name for problem in problems for name in by_problem[problem]))
    return ", ".join(names[:_OFFERED]) + (" and others" if len(names) > _OFFERED else "")
