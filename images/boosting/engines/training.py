"""Training with the engine of a run; only that engine is imported."""

from collections.abc import Callable

from slipway import UserError

from ..boosters import Booster
from .messages import is_of_network, plain
from .run import Run

_ERRORS = {"CatBoostError", "LightGBMError", "XGBoostError"}
_LIMIT = 900


def train(run: Run) -> Booster:
    """Trees of the engine that the run names. Raises UserError, one line, for what the engine refuses."""
    _check_constraints(run)
    fit = _fit_of(run.params.engine)
    try:
        return fit(run)
    except (UserError, MemoryError):
        raise
    except Exception as error:
        # Bindings in Python check some parameters themselves.
        checked = bool(run.params.model_params) and isinstance(error, ValueError | TypeError)
        if type(error).__name__ not in _ERRORS and not checked:
            raise
        if run.monitor.peers.size > 1 and is_of_network(str(error)):
            raise  # the cluster knows which host was lost
        message = plain(str(error))
        guilty = next((name for name in run.params.model_params if name in message), "")
        path = f"model_params.{guilty}: " if guilty else ""
        raise UserError(f"{path}{run.params.engine}: {message}"[:_LIMIT]) from None


def _check_constraints(run: Run) -> None:
    """Raises UserError for engine-style monotonic constraints that end LightGBM's whole process."""
    given = run.params.model_params.get("monotone_constraints")
    if given is None or (run.params.engine != "lightgbm" and isinstance(given, str | list | dict)):
        return
    columns = run.features.columns
    try:
        values = [int(one) for one in (given.strip("()[] ").split(",") if isinstance(given, str) else given)]
    except (TypeError, ValueError):
        values = []
    if len(values) != len(columns):
        raise UserError(
            "model_params.monotone_constraints: expected a list with 1, -1 or 0 for each of the "
            f"{len(columns)} features; or name the columns in the hyperparameter monotone_constraints"
        )
    for value, column in zip(values, columns, strict=True):
        if value and column.role != "number":
            raise UserError(f"model_params.monotone_constraints: column {column.name} is not numeric")


def _fit_of(engine: str) -> Callable[[Run], Booster]:
    if engine == "catboost":
        from .catboost import fit
    elif engine == "lightgbm":
        from .lightgbm import fit  # type: ignore[assignment]
    else:
        from .xgboost import fit  # type: ignore[assignment]
    return fit
