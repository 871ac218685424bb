"""What the charts of slipway.kit draw."""

import os
import subprocess
import sys
from pathlib import Path
from pkgutil import iter_modules

import numpy as np

import slipway.kit
from slipway.kit import charts

TRAINING = {"jinja2", "matplotlib", "pandas", "scipy", "sklearn"}


def test_the_first_bar_is_on_top_and_long_names_are_cut() -> None:
    drawn = charts.bars(["a" * 60, "b"], [3.0, 1.0], "share")
    axes = drawn.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a" * 40, "b"]
    assert [bar.get_y() + bar.get_height() / 2 for bar in axes.patches] == [1.0, 0.0]  # type: ignore[attr-defined]
    assert axes.get_xlabel() == "share"


def test_a_confusion_matrix_has_the_most_frequent_classes_in_their_order() -> None:
    truth, predicted = np.array([0, 0, 1, 2, 2, 2]), np.array([0, 2, 1, 2, 2, 0])
    counts = charts.confusion_counts(truth, predicted, 3)
    assert counts.tolist() == [[1, 0, 1], [0, 1, 0], [1, 0, 2]]
    axes = charts.confusion(counts, ["a", "b", "c"], most=2).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "c"]
    assert [text.get_text() for text in axes.texts] == ["1", "1", "1", "2"]
    shares = np.asarray(axes.images[0].get_array())
    assert shares.tolist() == [[0.5, 0.5], [1 / 3, 2 / 3]]


def test_two_reliability_curves_share_one_diagonal() -> None:
    _, (axes,) = charts.panels(1)
    for label in ("before", "after"):
        charts.reliability(axes, np.array([0.2, 0.9]), np.array([0.1, 1.0]), np.array([10, 40]), label)
    assert sum(line.get_linestyle() == ":" for line in axes.lines) == 1
    assert axes.get_legend_handles_labels()[1] == ["before", "after"]
    few, many = axes.collections[0].get_sizes()  # type: ignore[attr-defined]
    assert few < many


def test_panels_lie_side_by_side() -> None:
    drawn, plots = charts.panels(3)
    assert drawn.axes == plots
    drawn.draw_without_rendering()
    left = [one.get_position().x0 for one in plots]
    assert left == sorted(left)
    assert len(set(left)) == 3


def test_importing_the_kit_imports_no_training_library() -> None:
    names = [f"slipway.kit.{one.name}" for one in iter_modules(slipway.kit.__path__)]
    code = f"import sys, {', '.join(names)}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    environ = {**os.environ, "PYTHONPATH": str(Path(slipway.kit.__path__[0]).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    )
    assert not TRAINING & set(done.stdout.split())
