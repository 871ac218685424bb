"""What the tests of k-means share."""

from typing import Any

import numpy as np
import pytest


@pytest.fixture
def blobs() -> Any:
    """Three groups that overlap a little, in columns of very different spread."""
    random = np.random.default_rng(7)
    centres = np.array([[0, 0, 0], [3, 3, 300], [6, 0, 600]])
    return np.concatenate([centre + random.normal(size=(60, 3)) * [1, 1, 100] for centre in centres])
