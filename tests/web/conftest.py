"""The catalogue and the playground in a headless browser; each image is tried once for all tests."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from harness.places import REPOSITORY
from tools import lacking
from web.checks import PHONE

NAMES = sorted(path.parent.name for path in REPOSITORY.glob("images/*/image.toml"))


@dataclass(frozen=True)
class Built:
    """A catalogue, and the captures that it tells of."""

    site: Path
    captures: Path


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """What `make catalogue` makes; of the captures in $CAPTURES where that is set, which saves time."""
    folder = tmp_path_factory.mktemp("catalogue")
    kept = os.environ.get("CAPTURES")
    found = Built(folder / "site", Path(kept).resolve() if kept else folder / "captures")
    command = [
        sys.executable,
        "-m",
        "tools.catalogue",
        "--out",
        str(found.site),
        "--captures",
        str(found.captures),
    ]
    command += ["--reuse"] if kept else []
    done = subprocess.run(command, cwd=REPOSITORY, env=quiet(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = lacking.chromium()
    if program is None:
        pytest.skip("no Chromium is installed")  # `make test` says at its end what brings it
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="session")
def phone(browser: Browser) -> Iterator[Page]:
    """One page for all tests, on a phone, light: a browser takes two CPU seconds for another."""
    context = browser.new_context(viewport=PHONE, color_scheme="light")  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


@pytest.fixture
def page(phone: Page) -> Iterator[Page]:
    """A page on a phone, light, that has shown nothing yet and remembers nothing after the test."""
    yield phone
    if phone.url.startswith(("file:", "http:")):
        phone.evaluate("localStorage.clear(); sessionStorage.clear()")
    phone.context.clear_cookies()
    phone.goto("about:blank")


def quiet() -> dict[str, str]:
    """This environment, with libraries that keep to one CPU."""
    return {**os.environ, "PYTHONPATH": str(REPOSITORY / "shared"), "OMP_NUM_THREADS": "1"}
