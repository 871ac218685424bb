"""The page of `drift`, on a phone and on a desk, light and dark."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from harness import drifted
from tools.drift.answer import DriftAnswer, MeasuredError, Outcomes
from tools.drift.page import page
from web.checks import PHONE, barriers, heard, too_wide

ERRORS = Outcomes(
    points=4321,
    measures=(
        MeasuredError(name="MASE", now=1.8, training=0.7),
        MeasuredError(name="WAPE", now=0.1, training=None),
    ),
)
DESK = {"width": 1280, "height": 900}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("window", [PHONE, DESK], ids=["phone", "desk"])
def test_the_page_is_for_everybody(
    browser: Browser, tmp_path: Path, scheme: str, window: dict[str, int]
) -> None:
    answer = DriftAnswer.model_validate_json(drifted.answer()).model_copy(update={"outcomes": ERRORS})
    (tmp_path / "page.html").write_text(page(answer, "localhost:8080", ("A note.",)))
    context = browser.new_context(viewport=window, color_scheme=scheme)  # type: ignore[arg-type]
    shown = context.new_page()
    with heard(shown) as said:
        shown.goto((tmp_path / "page.html").as_uri())
        assert shown.get_by_role("heading", level=2).all_inner_texts() == [
            "Errors of earlier answers",
            "weight",
            "<b>kind</b>",
            "calm",
            "answer",
        ]
        assert not barriers(shown)
        assert too_wide(shown) <= 0
        assert shown.locator(".badge.bad").count() == 2
    assert not said.lines
    assert all(url.startswith("file:") for url in said.asked)
    context.close()
