"""What whoever deploys a model says of it: columns and options, in the environment or beside the model."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from slipway.errors import UserError, listed, shown
from slipway.manifest import OPTIONS
from slipway.table.schema import Schema


def own_options(folder: Path) -> dict[str, Any]:
    """The options that whoever packed the model put beside it, and that hold for no other model."""
    try:
        text = (folder / OPTIONS).read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UserError(f"{OPTIONS} beside the model cannot be read: {error.strerror}") from None
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise UserError(f"{OPTIONS} beside the model is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise UserError(f"{OPTIONS} beside the model: expected an object, got {shown(found)}")
    return found


def with_input_names(schema: Schema, sent_as: tuple[str, ...]) -> Schema:
    """`schema` with the names that the deployment says columns come in where they have none."""
    missing = [column.name for column in schema.columns if not column.optional and column.name not in sent_as]
    if sent_as and missing:
        raise UserError(
            f"SAGEMAKER_INFERENCE_INPUT lacks {listed(missing)}; the model reads {listed(schema.names)}"
        )
    return schema.model_copy(update={"sent_as": sent_as}) if sent_as else schema


def check_supported(wanted: Sequence[str], supported: Sequence[str]) -> None:
    unknown = [name for name in wanted if name not in supported]
    if supported and unknown:
        raise UserError(
            f"SAGEMAKER_INFERENCE_OUTPUT names {listed(unknown)}; "
            f"SAGEMAKER_INFERENCE_SUPPORTED has {listed(supported)}"
        )


def names_in(text: str) -> tuple[str, ...]:
    """Comma-separated names."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def pairs_in(text: str, source: str = "options") -> dict[str, Any]:
    """Options as text: a JSON object, or key=value pairs with semicolons or commas between."""
    text = text.strip()
    if text.startswith("{"):
        try:
            found: dict[str, Any] = orjson.loads(text)
            return found
        except orjson.JSONDecodeError:
            raise UserError(f"{source}: the text starts as a JSON object but is none") from None
    parts = (part.partition("=") for part in text.replace(",", ";").split(";"))
    return {name.strip(): value.strip() for name, equals, value in parts if equals}
