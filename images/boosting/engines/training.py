"""Training with the engine of a run; only that engine is imported."""

from collections.abc import Callable

from slipway import UserError

from ..boosters import Booster
from .messages import plain
from .run import Run

_ERRORS = {"CatBoostError", "LightGBMError", "XGBoostError"}
_LIMIT = 900


def train(run: Run) -> Booster:
    """Trees of the engine that the run names. Raises UserError, one line, for what the engine refuses."""
    fit = _fit_of(run.params.engine)
    try:
        return fit(run)
    except (UserError, MemoryError):
        raise
    except Exception as error:
        if type(error).__name__ not in _ERRORS:
            raise
        message = plain(str(error))
        guilty = next((name for name in run.params.model_params if name in message), "")
        path = f"model_params.{guilty}: " if guilty else ""
        raise UserError(f"{path}{run.params.engine}: {message}"[:_LIMIT]) from None


def _fit_of(engine: str) -> Callable[[Run], Booster]:
    if engine == "catboost":
        from .catboost import fit
    elif engine == "lightgbm":
        from .lightgbm import fit  # type: ignore[assignment]
    else:
        from .xgboost import fit  # type: ignore[assignment]
    return fit
