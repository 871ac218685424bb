"""Intervals hold as many new errors as they promise, from few past ones, too."""

import numpy as np
import pytest

from slipway.kit.conformal import covered_share, ends, widened

RANDOM = np.random.default_rng(5)


@pytest.mark.parametrize("count", [20, 99, 400])
@pytest.mark.parametrize("level", [0.5, 0.9])
def test_the_next_error_is_held_as_often_as_promised(count: int, level: float) -> None:
    draws = RANDOM.gumbel(size=(20_000, count + 1))  # lopsided
    past, after = np.sort(draws[:, :-1], axis=1), draws[:, -1]
    two_sided = np.array([ends(errors, level) for errors in past])
    held = (two_sided[:, 0] <= after) & (after <= two_sided[:, 1])
    assert level - 0.01 <= held.mean() <= level + 2.5 / count

    sizes = np.sort(np.abs(draws[:, :-1]), axis=1)
    place = int(np.ceil(covered_share(count, level) * count - 1e-9)) - 1
    held = np.abs(after) <= sizes[:, place]
    assert level - 0.01 <= held.mean() <= level + 1.5 / count


def test_too_few_errors_give_their_outermost() -> None:
    errors = np.array([-3.0, 0.5, 2.0])
    assert ends(errors, 0.95).tolist() == [-3.0, 2.0]
    assert ends(errors[:1], 0.95).tolist() == [-3.0, -3.0]
    assert covered_share(3, 0.95) == 1


def test_many_errors_hardly_widen_the_levels() -> None:
    levels = np.array([0.025, 0.5, 0.975])
    assert widened(levels, 10**6) == pytest.approx(levels, abs=1e-5)
    assert widened(levels, 10).tolist() == [0.0, 0.5, 1.0]
