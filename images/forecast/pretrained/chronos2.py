"""Chronos-2: one encoder of the patches of the past and of the steps to come, each with its time."""

from typing import Any

import numpy as np

from slipway import Array

from .layers import (
    RootMeanSquareNorm,
    attention,
    attention_to_itself,
    feed_forward,
    ignoring,
    patches,
    residual_block,
    standardized,
)
from .safetensors import Weights


class Chronos2:
    """A Chronos-2 model. Each series is forecast by itself: groups and covariates, which it also takes, are
    not used.
    """

    def __init__(self, config: dict[str, Any], weights: Weights) -> None:
        own = config["chronos_config"]
        self.context = int(own["context_length"])
        self.patch = int(own["input_patch_size"])
        self.steps = int(own["output_patch_size"]) * int(own["max_output_patches"])
        self.levels = np.array(own["quantiles"], dtype=np.float64)
        self._register = bool(own.get("use_reg_token"))
        self._arcsinh = bool(own.get("use_arcsinh"))
        self._time_scale = np.float32(own.get("time_encoding_scale") or self.context)
        self._layers = int(config["num_layers"])
        self._heads = int(config["num_heads"])
        self._theta = float(config.get("rope_theta", 10_000.0))
        self._norm = RootMeanSquareNorm(float(config.get("layer_norm_epsilon", 1e-6)))
        self._weights = weights

    @property
    def longest(self) -> int:
        """The longest horizon that the model can forecast, in steps."""
        return self.steps

    def quantiles(self, context: Array, horizon: int) -> Array:
        """The next steps of each row of `context`, whose gaps are NaN; shape (rows, horizon, levels)."""
        weights = self._weights
        scaled, centre, scale = standardized(context[:, -self.context :])
        points, known = patches(np.arcsinh(scaled) if self._arcsinh else scaled, self.patch)
        ahead = -(-horizon // self.patch)
        past = self._embedded(points, known, -known.shape[1])
        nothing = np.zeros((len(past), ahead, self.patch), np.float32)
        tokens = [past, self._embedded(nothing, nothing, 0)]
        seen = [known.any(axis=2), np.ones((len(past), ahead), bool)]
        if self._register:
            tokens.insert(1, np.broadcast_to(weights["shared.weight"][1], (len(past), 1, past.shape[2])))
            seen.insert(1, np.ones((len(past), 1), bool))
        x = self._encoded(np.concatenate(tokens, axis=1), ignoring(np.concatenate(seen, axis=1)))
        answer = residual_block(weights, "output_patch_embedding", x[:, -ahead:])
        answer = answer.reshape(len(x), ahead, len(self.levels), self.patch).swapaxes(2, 3)
        answer = answer.reshape(len(x), -1, len(self.levels))[:, :horizon]
        answer = np.sinh(answer) if self._arcsinh else answer
        found: Array = answer * scale[:, :, None] + centre[:, :, None]
        return found

    def _embedded(self, points: Array, known: Array, first: int) -> Array:
        """The tokens of patches, the first of which is `first` patches after the end of the past."""
        _, count, size = points.shape
        time = (np.arange(count * size, dtype=np.float32) + first * size) / self._time_scale
        time = np.broadcast_to(time.reshape(1, count, size), points.shape)
        return residual_block(
            self._weights, "input_patch_embedding", np.concatenate([time, points, known], axis=2)
        )

    def _encoded(self, x: Array, mask: Array) -> Array:
        weights, norm = self._weights, self._norm
        for number in range(self._layers):
            block = f"encoder.block.{number}.layer"
            before = norm(weights, f"{block}.0.layer_norm", x)
            x = x + attention(
                weights, f"{block}.0.self_attention", before, before, self._heads, mask, self._rotated
            )
            before = norm(weights, f"{block}.1.layer_norm", x)
            x = x + attention_to_itself(weights, f"{block}.1.self_attention", before)
            before = norm(weights, f"{block}.2.layer_norm", x)
            x = x + feed_forward(weights, f"{block}.2.mlp", before)
        return norm(weights, "encoder.final_layer_norm", x)

    def _rotated(self, states: Array) -> Array:
        """Queries or keys, of shape (series, heads, tokens, features), turned by their position."""
        tokens, size = states.shape[2:]
        angles = np.arange(tokens)[:, None] * self._theta ** (-np.arange(0, size, 2) / size)
        angles = np.concatenate([angles, angles], axis=1).astype(np.float32)
        half = size // 2
        turned = np.concatenate([-states[..., half:], states[..., :half]], axis=-1)
        found: Array = states * np.cos(angles) + turned * np.sin(angles)
        return found
