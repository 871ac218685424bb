"""Chronos-Bolt: an encoder of patches, and a decoder of one token that says all quantiles of all steps."""

from functools import cached_property
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


class ChronosBolt:
    """A Chronos-Bolt model: its configuration, as its config.json has it, and its weights."""

    def __init__(self, config: dict[str, Any], weights: Weights) -> None:
        own = config["chronos_config"]
        self.context = int(own["context_length"])
        self.patch = int(own["input_patch_size"])
        self.steps = int(own["prediction_length"])
        self.levels = np.array(own["quantiles"], dtype=np.float64)
        self._register = bool(own.get("use_reg_token"))
        self._layers = int(config["num_layers"])
        self._decoder_layers = int(config.get("num_decoder_layers") or config["num_layers"])
        self._heads = int(config["num_heads"])
        self._start = int(config.get("decoder_start_token_id") or 0)
        self._buckets = int(config.get("relative_attention_num_buckets") or 32)
        self._far = int(config.get("relative_attention_max_distance") or 128)
        self._norm = RootMeanSquareNorm(float(config.get("layer_norm_epsilon", 1e-6)))
        self._weights = weights

    @property
    def longest(self) -> None:
        """Any horizon can be forecast; beyond `steps`, from the quantiles of the steps before."""
        return None

    def quantiles(self, context: Array, horizon: int) -> Array:
        """The next steps of each row of `context`, whose gaps are NaN; shape (rows, horizon, levels).

        Steps beyond the model's own are forecast from each quantile of those before, and the quantiles of
        all of these taken, as its authors do.
        """
        found = self._block(context)
        parts = [found]
        paths = np.repeat(context[:, None], len(self.levels), axis=1)
        while sum(part.shape[1] for part in parts) < horizon:
            paths = np.concatenate([paths, found.swapaxes(1, 2)], axis=2)[:, :, -self.context :]
            ahead = self._block(paths.reshape(-1, paths.shape[2]))
            ahead = ahead.reshape(*paths.shape[:2], *ahead.shape[1:]).swapaxes(1, 2)
            spread = ahead.reshape(*ahead.shape[:2], -1)
            found = np.moveaxis(np.quantile(spread, self.levels, axis=2), 0, 2)
            parts.append(found)
        return np.concatenate(parts, axis=1)[:, :horizon]

    def _block(self, context: Array) -> Array:
        """The model's own steps; shape (rows, steps, levels)."""
        weights = self._weights
        scaled, centre, scale = standardized(context[:, -self.context :])
        points, known = patches(scaled, self.patch)
        x = residual_block(weights, "input_patch_embedding", np.concatenate([points, known], axis=2))
        seen = np.asarray(known.any(axis=2))
        if self._register:
            token = np.broadcast_to(weights["shared.weight"][1], (len(x), 1, x.shape[2]))
            x, seen = np.concatenate([x, token], axis=1), np.pad(seen, ((0, 0), (0, 1)), constant_values=True)
        encoded = self._encoded(x, ignoring(seen))
        answer = residual_block(weights, "output_patch_embedding", self._decoded(encoded, ignoring(seen)))
        answer = answer.reshape(len(x), len(self.levels), self.steps).swapaxes(1, 2)
        found: Array = answer * scale[:, :, None] + centre[:, :, None]
        return found

    def _encoded(self, x: Array, mask: Array) -> Array:
        weights, norm = self._weights, self._norm
        bias = mask + self._position_bias(x.shape[1])
        for number in range(self._layers):
            block = f"encoder.block.{number}.layer"
            before = norm(weights, f"{block}.0.layer_norm", x)
            x = x + attention(weights, f"{block}.0.SelfAttention", before, before, self._heads, bias)
            before = norm(weights, f"{block}.1.layer_norm", x)
            x = x + feed_forward(weights, f"{block}.1.DenseReluDense", before)
        return norm(weights, "encoder.final_layer_norm", x)

    def _decoded(self, encoded: Array, mask: Array) -> Array:
        """The hidden state of the decoder's only token; shape (rows, 1, features)."""
        weights, norm = self._weights, self._norm
        x = np.broadcast_to(weights["shared.weight"][self._start], (len(encoded), 1, encoded.shape[2]))
        for number in range(self._decoder_layers):
            block = f"decoder.block.{number}.layer"
            before = norm(weights, f"{block}.0.layer_norm", x)
            x = x + attention_to_itself(weights, f"{block}.0.SelfAttention", before)
            before = norm(weights, f"{block}.1.layer_norm", x)
            x = x + attention(weights, f"{block}.1.EncDecAttention", before, encoded, self._heads, mask)
            before = norm(weights, f"{block}.2.layer_norm", x)
            x = x + feed_forward(weights, f"{block}.2.DenseReluDense", before)
        return norm(weights, "decoder.final_layer_norm", x)

    def _position_bias(self, tokens: int) -> Array:
        """What the distance of two tokens adds to their score; shape (1, heads, tokens, tokens)."""
        places = np.arange(tokens)
        return self._bias_by_head[:, self._bucket(places[None, :] - places[:, None])][None]

    @cached_property
    def _bias_by_head(self) -> Array:
        name = "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
        return np.ascontiguousarray(self._weights[name].T)

    def _bucket(self, distance: Array) -> Array:
        """T5's buckets of distances: each small one by itself, larger ones by their logarithm."""
        half = self._buckets // 2
        exact = half // 2
        size = np.abs(distance)
        logs = np.log(np.maximum(size, 1).astype(np.float32) / exact) / np.log(self._far / exact)
        large = np.minimum(exact + (logs * (half - exact)).astype(np.int64), half - 1)
        found: Array = np.where(distance > 0, half, 0) + np.where(size < exact, size, large)
        return found
