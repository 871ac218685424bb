"""`describe`: what an image is, told by the image itself."""

import re
from typing import Any

from slipway.formats import ANSWER_TYPES, MEDIA_TYPES
from slipway.hyperparameters import Declared, Tunable, fields, labels
from slipway.image import Image
from slipway.manifest import as_json
from slipway.settings import Settings


def describe(settings: Settings) -> str:
    """The image's facts, hyperparameters and options as JSON."""
    image = Image.read(settings.algorithm)
    return as_json(
        {
            "name": image.name,
            **image.model_dump(mode="json"),
            "hyperparameters": declared(image.hyperparameters()),
            "options": declared(image.predictor().options),
            "metric_regex": {name: metric_regex(name) for name in image.metrics},
            "content_types": list(MEDIA_TYPES),
            "accept": list(ANSWER_TYPES),
        }
    )


def declared(cls: type[Declared]) -> list[dict[str, Any]]:
    """One entry per field: names, description, default, JSON schema of its values, whether it is tunable."""
    properties = cls.model_json_schema(by_alias=False)["properties"]
    return [
        {
            "name": name,
            "aliases": [label for label in labels(name, field) if label != name],
            "description": " ".join((field.description or "").split()),
            "required": field.is_required(),
            "default": properties[name].get("default"),
            "tunable": any(isinstance(mark, Tunable) for mark in field.metadata),
            "values": {
                key: value
                for key, value in properties[name].items()
                if key not in {"title", "default", "description"}
            },
        }
        for name, field in fields(cls).items()
    ]


def metric_regex(name: str) -> str:
    """What finds a metric in the log: CloudWatch's first group is the number.

    Of a pattern in image.toml, such as `lift@*`, it finds the first match; for a definition of
    one metric, pass its own name.
    """
    wanted = re.escape(name).replace(r"\*", "[^ =;]*")
    return rf"metric {wanted}=(-?[0-9.]+(?:e[-+]?[0-9]+)?);"
