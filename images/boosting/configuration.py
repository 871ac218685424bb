"""The configuration of a job, from the forms in which it may be given."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from slipway import UserError

from .engines import eval_metrics, parameter_names, parameters
from .hyperparameters import Hyperparameters

_SECTIONS = ("data_params", "model_params")
_READING_FIELDS = ("kinds", "dates", "missing")
_NOUN = "hyperparameter"


def read(text: str) -> dict[str, Any]:
    """The text of a configuration file as an object. Raises UserError if it is not a JSON object."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise UserError(f"channel config: not JSON: {error}") from None
    if not isinstance(found, dict):
        raise UserError(f"channel config: expected a JSON object, got {type(found).__name__}")
    return found


def resolve(
    given: Hyperparameters, document: Mapping[str, Any], note: Callable[[str], None] = lambda text: None
) -> Hyperparameters:
    """One configuration: hyperparameters win over `config`, which wins over `document`, the config channel.

    Entries of `model_params` that have a common name are moved under that name. `note` gets a line for each
    retired name. Raises UserError, one line that begins with the path of the value, for a mistake.
    """
    explicit = {name: getattr(given, name) for name in given.model_fields_set if name != "config"}
    layers = [_flat(document), _flat(given.config), explicit]
    engine = next((layer["engine"] for layer in reversed(layers) if "engine" in layer), "catboost")
    merged: dict[str, Any] = {}
    model_params: dict[str, Any] = {}
    for layer in layers:
        common, rest = _by_common_name(layer, engine, note)
        merged |= common
        model_params |= rest
    found = Hyperparameters.model_validate({**merged, "model_params": model_params})
    found.check_complete()
    check_eval_metric(found)
    return found


def check_eval_metric(params: Hyperparameters) -> None:
    """Raises UserError if a metric for early stopping does not fit the problem or the objective.

    While `problem` is "auto", only what the configuration alone tells is checked.
    """
    names = parameter_names.engine_names(params.engine)
    native = params.model_params.get(names["eval_metric"], [])
    objective = params.model_params.get(names["objective"], params.objective)
    metrics = native if isinstance(native, list) else [native]
    for metric in [params.eval_metric, *metrics]:
        if isinstance(metric, str):
            eval_metrics.check(
                params.engine, params.problem, metric, objective if isinstance(objective, str) else ""
            )


def _flat(document: Mapping[str, Any]) -> dict[str, Any]:
    """A nested document as typed values by field."""
    found: dict[str, Any] = {}
    paths: dict[str, str] = {}
    for key, value in document.items():
        if key in _SECTIONS and not isinstance(value, dict):
            raise UserError(f"{key}: expected a JSON object, got {type(value).__name__}")
        entries = value.items() if key == "data_params" else [(key, value)]
        for name, cell in entries:
            path = f"data_params.{name}" if key == "data_params" else str(name)
            for field, typed in _typed(str(name), cell, path).items():
                if field in found:
                    raise UserError(f"{paths[field]} and {path} are the same setting; give one of them")
                found[field], paths[field] = typed, path
    return found


def _typed(name: str, value: Any, path: str) -> dict[str, Any]:
    """One value by field. Raises UserError that begins with `path`."""
    try:
        if name == "config":
            raise UserError(f"{_NOUN} {name}: a configuration cannot contain another one")
        if name in _READING_FIELDS:
            raise UserError(
                f"{_NOUN} {name}: give it as a hyperparameter, since it decides how data are read"
            )
        typed = Hyperparameters.parse({name: value}, _NOUN)
    except UserError as error:
        text = str(error)
        fields = tuple(Hyperparameters.model_fields)
        for start in (f"unknown {_NOUN} {name};", *(f"{_NOUN} {label}:" for label in (name, *fields))):
            if text.startswith(start):
                word = "unknown;" if start.startswith("unknown") else ""
                raise UserError(f"{path}: {word}{text.removeprefix(start)}".replace(":  ", ": ")) from None
        raise
    return {field: getattr(typed, field) for field in typed.model_fields_set}


def _by_common_name(
    layer: Mapping[str, Any], engine: str, note: Callable[[str], None]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A layer's values by common name, and the other parameters of the engine."""
    common = {name: value for name, value in layer.items() if name != "model_params"}
    if "objective" in common:
        main = parameter_names.engine_names(engine)["objective"]
        common["objective"] = parameters.current(engine, main, common["objective"], "objective", note)
    rest: dict[str, Any] = {}
    for main, value in parameters.normalised(engine, layer.get("model_params", {}), note).items():
        name = parameters.common_name(engine, main)
        if name is None or not _has_common_form(name, value):
            rest[main] = value
            continue
        path = f"model_params.{main}"
        if name in common:
            raise UserError(f"{path} and {name} are the same setting; give one of them")
        common |= _typed(name, value, path)
    return common, rest


def _has_common_form(name: str, value: Any) -> bool:
    """Engines also take objectives and metrics as lists or objects, which have no common form."""
    return not (isinstance(value, list | dict) and name in {"eval_metric", "objective"})
