"""What the tests of the imputer share."""

import sys
from pathlib import Path

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # as serving does, so that the tests find its modules

from specimen import holed, mixed


@pytest.fixture(scope="session")
def whole() -> pd.DataFrame:
    return mixed()


@pytest.fixture(scope="session")
def gappy(whole: pd.DataFrame) -> pd.DataFrame:
    return holed(whole)
