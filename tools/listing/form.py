"""The fields of AWS Marketplace's form for a product, which its Catalog API takes as well."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from .. import tables
from .product import Product

_MOST_PARAMETERS = 24  # that the form for a new version takes, of inputs and of outputs


def catalog(product: Product, kind: str, found: dict[str, dict[str, str]]) -> dict[str, Any]:
    """Information, version and delivery option, of the texts that were `found`."""
    facts, listing = product.facts, product.facts["listing"]
    instances = facts["instances"]
    recommended = {"BatchTransform": instances["transform"][0], "RealtimeInference": instances["hosting"][0]}
    if kind == "algorithm":
        recommended["Training"] = instances["training"][0]
    about = [found["C2.1"]["What it does"], found["C2.1"]["Use cases"]]
    about += [listing["category"]] if kind == "algorithm" else list(found["C2.2"].values())
    return {
        "Information": {
            "ProductTitle": facts["title"],
            "ShortDescription": facts["summary"],
            "LongDescription": "\n\n".join(about),
            "Highlights": list(listing["highlights"]),
            "SearchKeywords": list(listing["keywords"]),
        },
        "Version": {"VersionTitle": facts["version"], "ReleaseNotes": product.notes},
        "DeliveryOption": {
            "Arn": product.place.arn(kind, product.resource),
            "UsageInstructions": found["C2.9"]["Usage instructions"],
            "SampleNotebookUrl": product.place.url(product.name, f"{kind}.ipynb"),
            "RepositoryUrl": product.place.repository,
            "InputProperties": {
                "Description": "\n\n".join(
                    [found["C2.4"]["Input, real time"], found["C2.4"]["Input, batch"]]
                ),
                "Limitations": found["C2.4"]["Limits of input"],
                "SampleInput": _urls(product, "request.csv", "batch.csv"),
                "Parameters": inputs(product),
                "SageMakerCustomAttributes": attributes(product),
            },
            "OutputProperties": {
                "Description": "\n\n".join(
                    [found["C2.5"]["Output, real time"], found["C2.5"]["Output, batch"]]
                ),
                "SampleOutput": _urls(product, "request.csv.out.json", "batch.csv.out"),
                "Parameters": outputs(product),
            },
            "RecommendedInstanceTypes": recommended,
        },
    }


def inputs(product: Product) -> list[dict[str, Any]]:
    return [
        {
            "Name": one["name"],
            "Description": f"A column of the sample: {one['kind']}.",
            "Constraints": "An empty cell is a gap."
            if one["kind"] == "text"
            else "A number, or empty for a gap.",
            "Required": not one["optional"],
        }
        for one in product.outcome.reads[:_MOST_PARAMETERS]
    ]


def attributes(product: Product) -> list[dict[str, Any]]:
    return [
        {
            "Name": one["name"],
            "Description": one["description"],
            "Constraints": tables.values(one["values"]),
            "Required": False,
        }
        for one in product.facts["options"]
    ]


def outputs(product: Product) -> list[dict[str, Any]]:
    return [
        {"Name": name, "Description": described(product, name), "AlwaysReturned": True}
        for name in product.outcome.columns[:_MOST_PARAMETERS]
    ]


def described(product: Product, column: str) -> str:
    """What image.toml says of an answer's column, by its name or a pattern that fits; else nothing."""
    answers: Mapping[str, str] = product.facts["answers"]
    return answers.get(column) or next(
        (text for pattern, text in answers.items() if fnmatchcase(column, pattern)), ""
    )


def _urls(product: Product, real_time: str, batch: str) -> dict[str, str]:
    return {
        "RealtimeInferenceUrl": product.place.url(product.name, f"samples/{real_time}"),
        "BatchTransformUrl": product.place.url(product.name, f"samples/{batch}"),
    }
