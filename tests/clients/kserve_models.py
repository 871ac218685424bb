"""KServe's resources held to KServe's own models, in the environment of its client: documents in, faults out.

The models are generated from the schemas that KServe publishes: each knows its members, their types and
which of them must be there. Those of pods are Kubernetes' models.
"""

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import kserve.models
import kubernetes.client.models

_PLAIN = {"str": str, "int": int, "bool": bool, "float": float, "object": object}


def wrong(value: Any, kind: str, at: str) -> Iterator[str]:
    """What `value` has that a `kind` does not, place by place."""
    if item := re.fullmatch(r"list\[(.+)\]", kind):
        for place, one in enumerate(value):
            yield from wrong(one, item[1], f"{at}[{place}]")
    elif item := re.fullmatch(r"dict\(str, (.+)\)", kind):
        for name, one in value.items():
            yield from wrong(one, item[1], f"{at}.{name}")
    elif kind in _PLAIN:
        if not isinstance(value, _PLAIN[kind]):
            yield f"{at}: expected {kind}, got {value!r}"
    elif model := getattr(kserve.models, kind, None) or getattr(kubernetes.client.models, kind, None):
        yield from _members(value, model, at)


def _members(value: Any, model: Any, at: str) -> Iterator[str]:
    named = {told: name for name, told in model.attribute_map.items()}
    for told in value.keys() - named.keys():
        yield f"{at}: {model.__name__} has no {told}"
    known = {told: one for told, one in value.items() if told in named}
    for told, one in known.items():
        yield from wrong(one, model.openapi_types[named[told]], f"{at}.{told}")
    try:
        model(**{named[told]: one for told, one in known.items()})
    except ValueError as error:
        yield f"{at}: {str(error).splitlines()[0]}"


if __name__ == "__main__":
    kinds = {"ServingRuntime": "V1alpha1ServingRuntime", "InferenceService": "V1beta1InferenceService"}
    documents = json.load(sys.stdin)
    json.dump([line for one in documents for line in wrong(one, kinds[one["kind"]], one["kind"])], sys.stdout)
