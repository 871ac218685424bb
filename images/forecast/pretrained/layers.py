"""The layers of Chronos-Bolt and Chronos-2 by NumPy, as their authors have them in PyTorch.

Source: https://github.com/amazon-science/chronos-forecasting and T5 in transformers, both Apache-2.0, and
https://arxiv.org/abs/2510.15821. Arrays of hidden states have the shape (series, tokens, features).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from slipway import Array

from .safetensors import Weights

MASKED = np.float32(-1e30)  # added to the score of a token that must not be attended to
_SMALLEST_SCALE = 1e-5  # of a constant series


def linear(weights: Weights, name: str, x: Array) -> Array:
    """A dense layer, with its bias if it has one."""
    found: Array = x @ weights[f"{name}.weight"].T
    return found + weights[f"{name}.bias"] if f"{name}.bias" in weights else found


def residual_block(weights: Weights, name: str, x: Array) -> Array:
    """A hidden layer beside a linear path; it embeds patches and reads the answer from hidden states."""
    hidden = np.maximum(linear(weights, f"{name}.hidden_layer", x), 0)
    return linear(weights, f"{name}.output_layer", hidden) + linear(weights, f"{name}.residual_layer", x)


def feed_forward(weights: Weights, name: str, x: Array) -> Array:
    return linear(weights, f"{name}.wo", np.maximum(linear(weights, f"{name}.wi", x), 0))


@dataclass(frozen=True)
class RootMeanSquareNorm:
    """T5's layer norm: scaled by the root mean square, not centred."""

    epsilon: float

    def __call__(self, weights: Weights, name: str, x: Array) -> Array:
        mean = np.mean(np.square(x), axis=-1, keepdims=True, dtype=np.float32)
        found: Array = x / np.sqrt(mean + np.float32(self.epsilon)) * weights[f"{name}.weight"]
        return found


def attention(
    weights: Weights,
    name: str,
    x: Array,
    memory: Array,
    heads: int,
    bias: Array,
    rotate: Callable[[Array], Array] = lambda states: states,
) -> Array:
    """Multi-head attention of the tokens of `x` to those of `memory`, without scaling.

    `bias` is added to the scores of shape (series, heads, tokens, tokens of memory); `rotate` turns queries
    and keys by their position.
    """
    query, key, value = (
        _heads(linear(weights, f"{name}.{part}", states), heads)
        for part, states in (("q", x), ("k", memory), ("v", memory))
    )
    scores = rotate(query) @ rotate(key).swapaxes(-1, -2)
    scores += bias
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    mixed = (scores @ value).swapaxes(1, 2)
    return linear(weights, f"{name}.o", mixed.reshape(*mixed.shape[:2], -1))


def attention_to_itself(weights: Weights, name: str, x: Array) -> Array:
    """Attention of single tokens, each to itself alone: all that is left of it is its value."""
    return linear(weights, f"{name}.o", linear(weights, f"{name}.v", x))


def _heads(x: Array, heads: int) -> Array:
    """(series, tokens, features) to (series, heads, tokens, features of a head)."""
    return x.reshape(*x.shape[:2], heads, -1).swapaxes(1, 2)


def standardized(context: Array) -> tuple[Array, Array, Array]:
    """Each row without its mean, over its standard deviation, and both, of shape (rows, 1); NaN is a gap."""
    centre = np.nanmean(context, axis=1, keepdims=True)
    scale = np.sqrt(np.nanmean(np.square(context - centre), axis=1, keepdims=True))
    scale = np.where(scale > 0, scale, _SMALLEST_SCALE)
    return (context - centre) / scale, centre, scale


def patches(context: Array, size: int) -> tuple[Array, Array]:
    """The points of each row in patches, the first one filled up in front, and which points are known.

    Both have the shape (rows, patches, size), and are zero where a point is unknown.
    """
    lacking = -context.shape[1] % size
    whole = np.pad(context, ((0, 0), (lacking, 0)), constant_values=np.nan)
    whole = whole.reshape(len(whole), -1, size).astype(np.float32)
    known = np.isfinite(whole)
    return np.where(known, whole, np.float32(0)), known.astype(np.float32)


def ignoring(known: Array) -> Array:
    """The bias of attention by which tokens that are not known are left out; `known` is (series, tokens)."""
    found: Array = np.where(known, np.float32(0), MASKED)[:, None, None, :]
    return found
