"""The one configuration of a job, in the forms that it may come in."""

import json
from collections.abc import Mapping
from typing import Any

from slipway import UserError

from .engines import parameters
from .hyperparameters import Hyperparameters

_PARTS = ("data_params", "model_params")
_READING = ("kinds", "dates", "missing")
_NOUN = "hyperparameter"


def read(text: str) -> dict[str, Any]:
    """The text of a configuration file. Raises UserError where it is no JSON object."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise UserError(f"channel config: not JSON: {error}") from None
    if not isinstance(found, dict):
        raise UserError(f"channel config: expected a JSON object, got {type(found).__name__}")
    return found


def resolve(given: Hyperparameters, document: Mapping[str, Any]) -> Hyperparameters:
    """One configuration of its forms: hyperparameters win over `config`, which wins over the config channel.

    What `model_params` says in the engine's words of something that has a name of ours is brought under that
    name. Raises UserError naming the path of what cannot be.
    """
    explicit = {name: getattr(given, name) for name in given.model_fields_set if name != "config"}
    layers = [_flat(document), _flat(given.config), explicit]
    engine = next((layer["engine"] for layer in reversed(layers) if "engine" in layer), "catboost")
    merged: dict[str, Any] = {}
    others: dict[str, Any] = {}
    for layer in layers:
        own, rest = _native(layer, engine)
        merged |= own
        others |= rest
    return Hyperparameters.model_validate({**merged, "model_params": others})


def _flat(document: Mapping[str, Any]) -> dict[str, Any]:
    """A nested document as typed values by our names."""
    found: dict[str, Any] = {}
    paths: dict[str, str] = {}
    for key, value in document.items():
        if key in _PARTS and not isinstance(value, dict):
            raise UserError(f"{key}: expected a JSON object, got {type(value).__name__}")
        entries = value.items() if key == "data_params" else [(key, value)]
        for name, cell in entries:
            path = f"data_params.{name}" if key == "data_params" else str(name)
            for field, typed in _typed(str(name), cell, path).items():
                if field in found:
                    raise UserError(f"{paths[field]} and {path} are one and the same; give one of them")
                found[field], paths[field] = typed, path
    return found


def _typed(name: str, value: Any, path: str) -> dict[str, Any]:
    """One value under our name for it. Raises UserError that begins with `path`."""
    try:
        if name == "config":
            raise UserError(f"{_NOUN} {name}: a configuration holds no other")
        if name in _READING:
            raise UserError(f"{_NOUN} {name}: give it as a hyperparameter: the data are read by it")
        read = Hyperparameters.parse({name: value}, _NOUN)
    except UserError as error:
        text = str(error)
        for start in (f"unknown {_NOUN} {name};", *(f"{_NOUN} {label}:" for label in (name, *_fields()))):
            if text.startswith(start):
                word = "unknown;" if start.startswith("unknown") else ""
                raise UserError(f"{path}: {word}{text.removeprefix(start)}".replace(":  ", ": ")) from None
        raise
    return {field: getattr(read, field) for field in read.model_fields_set}


def _fields() -> tuple[str, ...]:
    return tuple(Hyperparameters.model_fields)


def _native(layer: Mapping[str, Any], engine: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A layer's values by our names, and what else is the engine's own."""
    own = {name: value for name, value in layer.items() if name != "model_params"}
    rest: dict[str, Any] = {}
    for name, value in parameters.checked(engine, layer.get("model_params", {})).items():
        ours = parameters.ours(engine, name)
        if ours is None or not _fits(ours, value):
            rest[name] = value
            continue
        path = f"model_params.{name}"
        if ours in own:
            raise UserError(f"{path} and {ours} are one and the same; give one of them")
        own |= _typed(ours, value, path)
    return own, rest


def _fits(ours: str, value: Any) -> bool:
    """Engines take objectives and metrics as lists or objects, too, which have no common form."""
    return not (isinstance(value, list | dict) and ours in {"eval_metric", "objective"})
