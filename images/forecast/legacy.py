"""Requests of Convect Forecast, {"schema", "config", "freq", "data"}, translated into the common form."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from slipway import UserError

from .data.roles import ColumnSettings

if TYPE_CHECKING:
    from .predictor import Model

_MARKS = {"schema", "config"}
_CONFIG = ("horizon", "prediction_length", "quantiles", "layout", "output_types", "num_samples", "anomalies")


def translated(document: Mapping[str, Any], model: "Model") -> Mapping[str, Any] | None:
    """The rows of `data` under the model's column names, with the options in `config`.

    None if the document has another form.

    `data` is a list of objects, a list of lists in the order of the schema, or the text of a CSV with a
    header. Other keys of `config`, such as `name` and `result_uri`, are ignored. Raises UserError if the
    document is malformed.
    """
    if not document.keys() >= _MARKS:
        return None
    names = model.roles
    schema = document["schema"]
    if not isinstance(schema, list) or not all(isinstance(entry, dict) for entry in schema):
        raise UserError('"schema" must be a list of {"name": …, "col_type": …}')
    config = document["config"]
    if not isinstance(config, dict):
        raise UserError('"config" must be an object')
    given = ColumnSettings.from_schema(schema)
    if len(given.item_id) != len(names.keys):
        raise UserError(
            f"schema: {len(given.item_id)} columns of col_type key; the model's series have {len(names.keys)}"
        )
    order = [str(entry["name"]) for entry in schema]
    renamed = {
        **dict(zip(given.item_id, names.keys, strict=True)),
        given.timestamp: names.time,
        given.target: names.target,
    }
    wanted = {*names.keys, names.time, names.target, *names.covariates}
    rows = [
        {renamed.get(name, name): cell for name, cell in record.items() if renamed.get(name, name) in wanted}
        for record in _records(document.get("data"), order)
    ]
    options = {name: config[name] for name in _CONFIG if name in config}
    if document.get("freq") or config.get("frequency"):
        options["freq"] = document.get("freq") or config["frequency"]
    return {"instances": rows, "configuration": {"layout": "totals", **options}}


def _records(data: Any, order: Sequence[str]) -> list[dict[str, Any]]:
    if isinstance(data, str):
        return [
            {str(name): cell or None for name, cell in record.items()}
            for record in csv.DictReader(io.StringIO(data))
        ]
    if not isinstance(data, list):
        raise UserError('"data" must be a list of rows, or the text of a CSV with a header')
    found = []
    for number, row in enumerate(data, 1):
        if isinstance(row, list) and len(row) == len(order):
            found.append(dict(zip(order, row, strict=True)))
        elif isinstance(row, dict):
            found.append({str(name): cell for name, cell in row.items()})
        else:
            raise UserError(f"expected an object, or {len(order)} cells as in the schema", number)
    return found
