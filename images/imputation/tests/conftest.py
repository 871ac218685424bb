"""What the tests of the imputer share."""

import pandas as pd
import pytest
from imputation.baselines import fit
from imputation.tests.tables import holed, mixed


@pytest.fixture(scope="session", autouse=True)
def _few_trees() -> None:
    """Forests of a few trees: what these tests tell does not hang on fifty."""
    fit.TREES = 8


@pytest.fixture(scope="session")
def whole() -> pd.DataFrame:
    return mixed()


@pytest.fixture(scope="session")
def gappy(whole: pd.DataFrame) -> pd.DataFrame:
    return holed(whole)


@pytest.fixture(scope="session")
def kind() -> object:
    """A label that DataWig learnt."""
    from imputation.datawig.engine import fit  # and with it mxnet, which other tests need not wait for
    from imputation.tests.products import TRAIN

    return fit(TRAIN, ["name", "color", "price"], "kind", num_epochs=30)


@pytest.fixture(scope="session")
def price() -> object:
    """A number that DataWig learnt."""
    from imputation.datawig.engine import fit
    from imputation.tests.products import TRAIN

    return fit(TRAIN, ["name", "color"], "price", num_epochs=30)
