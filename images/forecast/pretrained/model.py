"""A pretrained model in a folder: what is in it, its forecasts, and its copy in the model that uses it."""

import json
import shutil
from collections.abc import Callable, Iterable
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from slipway import Array, UserError, listed

from ..panel.panel import Panel
from .bolt import ChronosBolt
from .chronos2 import Chronos2
from .safetensors import Weights

CONFIG, WEIGHTS = "config.json", "model.safetensors"
MAX_BYTES = 2 << 30  # of the weights, each of which a server holds in its memory; Chronos-2 has 0.5 GB
MAX_CONTEXT = 2_048  # points of a history that are read
MAX_TOKENS = 4_096  # that are worked on at once, which bounds memory: some 100 MB at 768 features
ONE_SIGMA = (0.158655, 0.5, 0.841345)
_ARCHITECTURES: dict[str, tuple[str, type[ChronosBolt] | type[Chronos2]]] = {
    "ChronosBoltModelForForecasting": ("Chronos-Bolt", ChronosBolt),
    "Chronos2Model": ("Chronos-2", Chronos2),
}
_PICKLED = {".bin", ".pt", ".pth", ".ckpt", ".pkl"}


class PretrainedModel:
    """A foundation model of time series, as its authors publish it: config.json and model.safetensors.

    The weights are mapped at first use. Raises UserError, one line, for files that are not such a model's.
    """

    def __init__(self, files: Iterable[Path]) -> None:
        found = {path.name: path for path in files}
        if WEIGHTS not in found:
            pickled = sorted(name for name in found if Path(name).suffix in _PICKLED)
            why = f"; {listed(pickled)} may run code when read, and is not" if pickled else ""
            came = listed(sorted(found)) or "no file"
            raise UserError(f"channel weights: expected {CONFIG} and {WEIGHTS}, got {came}{why}")
        if CONFIG not in found:
            raise UserError(f"channel weights: {WEIGHTS} came without {CONFIG}")
        self._files = found[CONFIG], found[WEIGHTS]
        if (size := found[WEIGHTS].stat().st_size) > MAX_BYTES:
            raise UserError(
                f"channel weights: {WEIGHTS} has {size / 1e9:.1f} GB, more than the {MAX_BYTES / 1e9:.1f} GB "
                "that a model may hold"
            )
        self._config = _config(found[CONFIG])
        self.name, self._kind = _ARCHITECTURES[self._config["architectures"][0]]

    @classmethod
    def load(cls, folder: Path) -> "PretrainedModel":
        """The copy that `save` made."""
        return cls([folder / CONFIG, folder / WEIGHTS])

    def save(self, folder: Path) -> None:
        """Copy both files."""
        folder.mkdir()
        for path, name in zip(self._files, (CONFIG, WEIGHTS), strict=True):
            shutil.copyfile(path, folder / name)

    def __str__(self) -> str:
        return f"{self.name} ({self._weights.numbers / 1e6:,.1f} million parameters)"

    @cached_property
    def _weights(self) -> Weights:
        return Weights(self._files[1], f"channel weights: {WEIGHTS}")

    @cached_property
    def _network(self) -> ChronosBolt | Chronos2:
        return self._kind(self._config, self._weights)

    @property
    def longest(self) -> int | None:
        """The longest horizon, in steps; None if there is no limit."""
        return self._network.longest

    def check(self) -> None:
        """Read all weights that a forecast takes. Raises UserError if they do not fit the configuration."""
        try:
            with np.errstate(all="ignore"):
                found = self._network.quantiles(np.arange(3.0)[None], 1)
        except (ValueError, TypeError, IndexError, ArithmeticError):
            raise UserError(
                f"channel weights: the arrays of {WEIGHTS} do not fit the sizes in {CONFIG}"
            ) from None
        if not np.isfinite(found).all():
            raise UserError(f"channel weights: {WEIGHTS} has numbers that are not finite")

    def forecast(
        self, panel: Panel, horizon: int, rows: Array, stop: Callable[[], bool] = lambda: False
    ) -> tuple[Array, Array]:
        """Medians and standard deviations of the next steps, by the model's own quantiles; shape
        (series, horizon).

        NaN for series that are not in `rows`, and for those left when `stop` is true. Each series is forecast
        by itself; those of similar lengths are worked on together.
        """
        found = np.full((2, len(panel), horizon), np.nan)
        lengths = np.minimum(panel.lengths, min(self._network.context, MAX_CONTEXT))
        order = np.asarray(rows)[np.argsort(lengths[rows], kind="stable")]
        while len(order) and not stop():
            order, some = self._batch(order, lengths, horizon)
            context = np.full((len(some), int(lengths[some].max())), np.nan)
            for row, place in enumerate(some.tolist()):
                y = panel.series(place)[-context.shape[1] :]
                context[row, context.shape[1] - len(y) :] = y
            values = np.sort(self._network.quantiles(context, horizon), axis=2)
            low, middle, high = interpolated(values, self._network.levels, ONE_SIGMA)
            found[0][some], found[1][some] = middle, (high - low) / 2
        return found[0], found[1]

    def _batch(self, order: Array, lengths: Array, horizon: int) -> tuple[Array, Array]:
        """What is left after the next batch, and the batch: series whose tokens together are few enough."""
        network = self._network
        paths = len(network.levels) if network.longest is None and horizon > network.steps else 1
        ahead = 0 if network.longest is None else -(-horizon // network.patch)
        tokens = -(-lengths[order] // network.patch) + 1 + ahead
        number = 1
        while number < len(order) and (number + 1) * int(tokens[number]) * paths <= MAX_TOKENS:
            number += 1
        return order[number:], order[:number]


def interpolated(values: Array, levels: Array, asked: Iterable[float]) -> list[Array]:
    """Quantiles at other levels, linear between those there are and constant beyond the first and last.

    `values` has the shape (…, levels); one array of shape (…) for each level asked for.

    >>> interpolated(np.array([[1.0, 3.0]]), np.array([0.1, 0.9]), [0.3, 0.95])
    [array([1.5]), array([3.])]
    """
    found = []
    for level in asked:
        place = int(np.clip(np.searchsorted(levels, level), 1, len(levels) - 1))
        share = np.clip((level - levels[place - 1]) / (levels[place] - levels[place - 1]), 0, 1)
        found.append((1 - share) * values[..., place - 1] + share * values[..., place])
    return found


def _config(path: Path) -> dict[str, Any]:
    """config.json, if it is of an architecture that is known in all that matters."""
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
        architecture = found["architectures"][0]
        own = found["chronos_config"]
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        raise UserError(f"channel weights: {CONFIG} is not that of a Chronos model") from None
    if not isinstance(architecture, str) or architecture not in _ARCHITECTURES:
        raise UserError(
            f"channel weights: the model is a {architecture!s:.60}; expected {' or '.join(_ARCHITECTURES)}"
        )
    wrong = [name for name, expected in _expected(found, own).items() if not expected]
    if wrong:
        raise UserError(f"channel weights: {CONFIG}: {listed(wrong)} cannot be used")
    return dict(found)


def _expected(config: Any, own: Any) -> dict[str, bool]:
    """What has to be as in the published models, by name."""
    sizes = ["num_layers", "num_heads"]
    of_its_own = ["context_length", "input_patch_size"]
    if config["architectures"][0] == "Chronos2Model":
        of_its_own += ["output_patch_size", "max_output_patches"]
    else:
        of_its_own += ["prediction_length"]
    levels = own.get("quantiles") if isinstance(own, dict) else None
    found = {name: _positive(config.get(name)) for name in sizes}
    found |= {name: isinstance(own, dict) and _positive(own.get(name)) for name in of_its_own}
    listed_levels = isinstance(levels, list) and len(levels) > 1 and all(type(q) is float for q in levels)
    bounds = [0.0, *(levels or ()), 1.0] if listed_levels else [0.0, 0.0]
    found["quantiles"] = all(low < high for low, high in pairwise(bounds))
    if all(found.values()):
        same = {own["input_patch_size"], own.get("input_patch_stride"), own.get("output_patch_size")} - {None}
        found["input_patch_stride and output_patch_size other than input_patch_size"] = len(same) == 1
        found["context_length"] = own["context_length"] >= own["input_patch_size"]
    activation = config.get("dense_act_fn", config.get("feed_forward_proj", "relu"))
    found["an activation other than relu"] = activation == "relu"
    found["a gated activation"] = not config.get("is_gated_act")
    return found


def _positive(number: Any) -> bool:
    return type(number) is int and 0 < number < 1_000_000
