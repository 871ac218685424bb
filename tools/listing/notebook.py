"""The notebooks: the whole flow on AWS with the sample, in any region, with nothing to fill in."""

import json
from typing import Any

from . import calls, hyperparameters, steps
from .product import Product


def notebook(product: Product, kind: str) -> dict[str, Any]:
    """A notebook of format 4.5 for a kind of product."""
    facts = product.facts
    values = {
        "resource": _quoted(product.resource),
        "image": product.name,
        "content_types": _python({name: product.content_type(name) for name in product.channels}),
        "hyperparameters": _python(calls.canonical(product)),
        "training": _quoted(facts["instances"]["training"][0]),
        "hosting": _quoted(facts["instances"]["hosting"][0]),
        "hosting_name": facts["instances"]["hosting"][0],
        "transform": _quoted(facts["instances"]["transform"][0]),
        "objective": _python(_objective(product)),
        "ranges": _python(ranges(product)),
        "tuned": repr(tuple(facts["listing"]["tuning"])),
        "requests": _python(
            [[f"{one.name}.{one.suffix}", one.content_type, one.accept] for one in product.outcome.real_time]
        ),
    }
    cells = [
        _said(
            f"# {facts['title']}\n\n{facts['summary']}\n\n{facts['row_rule']}\n\nThis runs the whole flow on "
            "AWS, in the region of the session, with the data in `samples/`. What it makes it deletes at the "
            "end; jobs and the endpoint are billed while they run."
        )
    ]
    for heading, template in _steps(kind):
        cells += [_said(f"## {heading}"), _code(template.format(**values))]
    return {
        "cells": [{"id": f"cell-{place}", **cell} for place, cell in enumerate(cells)],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _steps(kind: str) -> list[tuple[str, str]]:
    served = [
        ("Make a real-time endpoint", steps.ENDPOINT),
        ("Ask it, and measure", steps.INVOKE),
        ("Transform a batch", steps.BATCH),
    ]
    if kind == "model-package":
        return [
            ("Set up", steps.START),
            ("The model package", steps.PACKAGE),
            ("Make a model", steps.CREATE),
            *served,
            ("Delete what was made", steps.DELETE),
        ]
    return [
        ("Set up", steps.START),
        ("The algorithm", steps.ALGORITHM),
        ("Upload the data", steps.DATA),
        ("Train", steps.TRAIN),
        ("Tune", steps.TUNE),
        ("Make a model of the best", f"{steps.MODEL}\n\n{steps.CREATE}"),
        *served,
        ("Delete what was made", steps.DELETE + steps.DELETE_PACKAGE),
    ]


def ranges(product: Product) -> dict[str, Any]:
    """ParameterRanges of what image.toml has the notebook tune."""
    kinds = {
        one["Name"]: one["Type"]
        for one in (hyperparameters.specification(one) for one in product.facts["hyperparameters"])
    }
    found: dict[str, Any] = {}
    for name, ends in product.facts["listing"]["tuning"].items():
        kind = kinds.get(name, "FreeText")
        texts = [hyperparameters.text(one) for one in ends]
        one = {"Values": texts} if kind == "Categorical" else {"MinValue": texts[0], "MaxValue": texts[-1]}
        found.setdefault(f"{kind}ParameterRanges", []).append({"Name": name, **one})
    return found


def _objective(product: Product) -> dict[str, str]:
    name = product.facts["listing"]["objective"]
    facts = product.facts["metrics"].get(name, {})
    return {"Type": facts.get("direction", "Minimize"), "MetricName": name}


def source(notebook: dict[str, Any]) -> str:
    """All of its code, cell after cell."""
    return "\n\n".join("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code")


def _said(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text.splitlines(keepends=True)}


def _code(text: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "metadata": {},
        "execution_count": None,
        "outputs": [],
        "source": text.splitlines(keepends=True),
    }


def _quoted(text: str) -> str:
    return json.dumps(text)


def _python(value: Any) -> str:
    """A value as Python writes it, a line an entry; there are only texts, lists and objects in it."""
    return json.dumps(value, indent=4)
