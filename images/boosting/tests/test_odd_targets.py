"""Targets that an engine would take for something else, and columns whose digits it loses."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from boosting.tests.tables import ROWS, noise

from slipway import UserError

FAST = {"engine": "lightgbm", "n_estimators": 5}


@pytest.fixture(autouse=True)
def no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """What these tests ask is in no figure, and figures take most of such a job's time."""
    monkeypatch.setattr("boosting.report.write", lambda *_: None)


@pytest.mark.parametrize("engine", ["lightgbm", "catboost"])
@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([f"£{place % 40}.50" for place in range(ROWS)], "contains amounts such as"),
        ([f"{place % 30} %" for place in range(ROWS)], "contains amounts such as"),
        ([f"2023-0{place % 9 + 1}-17" for place in range(ROWS)], "contains dates such as"),
        (5e11 + noise(), "differ by less than engines can tell"),
        (noise() * 1e40, "values beyond 3e38"),
    ],
)
def test_targets_that_would_be_misread_are_refused(engine: str, cells: Any, said: str, fit: Any) -> None:
    table = pd.DataFrame({"size": noise(), "y": cells})
    with pytest.raises(UserError, match=said):
        fit({"train": table}, target="y", **{**FAST, "engine": engine})


def test_amounts_are_classes_where_that_is_said(fit: Any) -> None:
    shares = np.array(["5 %", "10 %", "20 %"])[np.arange(ROWS) % 3]
    table = pd.DataFrame({"size": noise(), "y": shares})
    done = fit({"train": table}, target="y", problem="multiclass", **FAST)
    assert set(done.model.target.classes) == {"10 %", "20 %", "5 %"}


@pytest.mark.parametrize(("engine", "told"), [("xgboost", True), ("lightgbm", False)])
def test_columns_far_from_zero_are_told_where_digits_are_lost(
    engine: str, told: bool, fit: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    table = pd.DataFrame({"size": noise(), "when": 3e9 + noise(), "y": noise()})
    fit({"train": table}, target="y", **{**FAST, "engine": engine, "metrics": ["rmse"]})
    assert ("columns when: xgboost keeps 7 digits" in capsys.readouterr().err) is told
