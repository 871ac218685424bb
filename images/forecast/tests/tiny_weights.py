"""Small random weights of the real architectures, and what their authors' own code forecasts with them.

    uv run --no-project --with chronos-forecasting==2.3.2 python images/forecast/tests/tiny_weights.py

writes tiny_weights.json again. It needs PyTorch, which no test does.
"""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np

EXPECTED = Path(__file__).with_suffix(".json")
HORIZONS = (5, 20)  # within the steps that Chronos-Bolt says at once, and beyond
SIZE, HIDDEN, HEADS, HEAD, LAYERS, PATCH = 16, 24, 3, 4, 2, 4
COMMON = {
    "d_model": SIZE,
    "d_ff": HIDDEN,
    "d_kv": HEAD,
    "num_heads": HEADS,
    "num_layers": LAYERS,
    "model_type": "t5",
    "vocab_size": 2,
    "reg_token_id": 1,
    "dense_act_fn": "relu",
    "feed_forward_proj": "relu",
    "is_gated_act": False,
    "layer_norm_epsilon": 1e-06,
}
PATCHES = {
    "context_length": 96,
    "input_patch_size": PATCH,
    "input_patch_stride": PATCH,
    "use_reg_token": True,
}
CONFIGS: dict[str, dict[str, Any]] = {
    "bolt": COMMON
    | {
        "architectures": ["ChronosBoltModelForForecasting"],
        "num_decoder_layers": LAYERS,
        "decoder_start_token_id": 0,
        "is_encoder_decoder": True,
        "relative_attention_num_buckets": 8,
        "relative_attention_max_distance": 12,
        "chronos_config": PATCHES
        | {"prediction_length": 8, "quantiles": [round(0.1 * place, 1) for place in range(1, 10)]},
    },
    "chronos2": COMMON
    | {
        "architectures": ["Chronos2Model"],
        "rope_theta": 10_000.0,
        "chronos_config": PATCHES
        | {
            "output_patch_size": PATCH,
            "max_output_patches": 6,
            "use_arcsinh": True,
            "time_encoding_scale": 96,
            "quantiles": [0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99],
        },
    },
}


def series() -> list[Any]:
    """Histories beyond the context, of odd lengths, and a constant one."""
    random = np.random.default_rng(3)
    waves = [50 + 10 * np.sin(np.arange(n) / 3) + random.normal(0, 2, n) for n in (120, 41, 7, 64)]
    return [*waves, np.full(20, 3.0)]


def shapes(kind: str) -> dict[str, tuple[int, ...]]:
    """The arrays of an architecture by name."""
    config = CONFIGS[kind]["chronos_config"]
    inputs = PATCH * (2 if kind == "bolt" else 3)
    steps = config["prediction_length"] if kind == "bolt" else PATCH
    found: dict[str, tuple[int, ...]] = {"shared.weight": (2, SIZE)}

    def attention(name: str) -> None:
        inner = HEADS * HEAD
        found.update({f"{name}.{part}.weight": (inner, SIZE) for part in "qkv"})
        found[f"{name}.o.weight"] = (SIZE, inner)

    def block(name: str, parts: list[tuple[str, str]]) -> None:
        for place, (kind, label) in enumerate(parts):
            found[f"{name}.layer.{place}.layer_norm.weight"] = (SIZE,)
            if kind == "attention":
                attention(f"{name}.layer.{place}.{label}")
            else:
                found[f"{name}.layer.{place}.{label}.wi.weight"] = (HIDDEN, SIZE)
                found[f"{name}.layer.{place}.{label}.wo.weight"] = (SIZE, HIDDEN)

    for name, (before, after) in {
        "input_patch_embedding": (inputs, SIZE),
        "output_patch_embedding": (SIZE, len(config["quantiles"]) * steps),
    }.items():
        for layer, (start, end) in {
            "hidden_layer": (before, HIDDEN),
            "output_layer": (HIDDEN, after),
            "residual_layer": (before, after),
        }.items():
            found[f"{name}.{layer}.weight"] = (end, start)
            found[f"{name}.{layer}.bias"] = (end,)
    for number in range(LAYERS):
        if kind == "bolt":
            itself, dense = ("attention", "SelfAttention"), ("dense", "DenseReluDense")
            block(f"encoder.block.{number}", [itself, dense])
            block(f"decoder.block.{number}", [itself, ("attention", "EncDecAttention"), dense])
        else:
            itself = ("attention", "self_attention")
            block(f"encoder.block.{number}", [itself, itself, ("dense", "mlp")])
    found["encoder.final_layer_norm.weight"] = (SIZE,)
    if kind == "bolt":
        found["decoder.final_layer_norm.weight"] = (SIZE,)
        for stack in ("encoder", "decoder"):
            found[f"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"] = (8, HEADS)
    return found


def arrays(kind: str) -> dict[str, Any]:
    random = np.random.default_rng(7)
    found = {}
    for name, shape in sorted(shapes(kind).items()):
        values = random.normal(0, 0.25 if len(shape) > 1 else 0.1, shape) + ("norm" in name)
        found[name] = values.astype("<f4")
    return found


def safetensors(tensors: dict[str, Any], kind: str = "F32") -> bytes:
    """The content of a safetensors file; `kind` is the type that float32 is stored in, F32 or BF16."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    parts, at = [], 0
    for name, values in tensors.items():
        part = values.tobytes() if kind == "F32" else (values.view("<u4") >> 16).astype("<u2").tobytes()
        header[name] = {"dtype": kind, "shape": values.shape, "data_offsets": [at, at + len(part)]}
        at += len(part)
        parts.append(part)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(parts)


def files(kind: str) -> dict[str, str | bytes]:
    """The two files of a model, by name."""
    return {"config.json": json.dumps(CONFIGS[kind]), "model.safetensors": safetensors(arrays(kind))}


def excerpt(quantiles: Any) -> list[Any]:
    """Some of the quantiles, of shape (series, steps, levels): the first and last step at three levels."""
    levels = [0, quantiles.shape[2] // 2, -1]
    found: list[Any] = np.asarray(quantiles, float)[:, [0, -1]][:, :, levels].round(4).tolist()
    return found


def reference(folder: Path) -> dict[str, list[Any]]:
    """What the authors' code forecasts."""
    import torch
    from chronos import Chronos2Pipeline, ChronosBoltPipeline

    found = {}
    for kind, pipeline in {"bolt": ChronosBoltPipeline, "chronos2": Chronos2Pipeline}.items():
        place = folder / kind
        place.mkdir()
        for name, content in files(kind).items():
            (place / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        model = pipeline.from_pretrained(str(place), local_files_only=True, dtype=torch.float32)
        for horizon in HORIZONS:
            answers = model.predict([torch.tensor(y) for y in series()], prediction_length=horizon)
            whole = np.stack([np.asarray(one).reshape(-1, horizon) for one in answers]).swapaxes(1, 2)
            found[f"{kind} {horizon}"] = excerpt(whole)
    return found


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        EXPECTED.write_text(json.dumps(reference(Path(folder))) + "\n")
