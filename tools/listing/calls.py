"""CreateAlgorithm and CreateModelPackage, and the validation that AWS runs: training, then a transform."""

from typing import Any

from slipway.describe import metric_regex
from slipway.image import Image

from .hyperparameters import specification
from .outcome import CSV, hyperparameters
from .product import Product

MOST_METRICS = 40  # metric definitions that SageMaker takes
MODEL = "model.tar.gz"
_HOUR_S = 3600
_VOLUME_GB = 30
_PAYLOAD_MB = 6


def algorithm(product: Product) -> dict[str, Any]:
    """The request of CreateAlgorithm."""
    facts = product.facts
    return {
        "AlgorithmName": product.resource,
        "AlgorithmDescription": facts["summary"],
        "TrainingSpecification": {
            "TrainingImage": product.image,
            **_digest(product, "TrainingImageDigest"),
            "SupportedHyperParameters": [specification(one) for one in facts["hyperparameters"]],
            "SupportedTrainingInstanceTypes": list(facts["instances"]["training"]),
            "SupportsDistributedTraining": facts["distributed"],
            "MetricDefinitions": [
                {"Name": name, "Regex": metric_regex(name)} for name in metric_names(product)
            ],
            "TrainingChannels": [_channel(product, name) for name in facts["channels"]],
            "SupportedTuningJobObjectiveMetrics": _objectives(product),
        },
        "InferenceSpecification": _inference(product),
        "ValidationSpecification": {
            "ValidationRole": product.place.role_arn,
            "ValidationProfiles": [
                {
                    "ProfileName": f"{product.name}-sample",
                    "TrainingJobDefinition": _training(product),
                    "TransformJobDefinition": _transform(product),
                }
            ],
        },
        "CertifyForMarketplace": True,
    }


def model_package(product: Product) -> dict[str, Any]:
    """The request of CreateModelPackage: of the model that the sample gave."""
    model = {"ModelDataUrl": product.place.s3(product.name, MODEL)}
    return {
        "ModelPackageName": product.resource,
        "ModelPackageDescription": product.facts["summary"],
        "InferenceSpecification": _inference(product, **model),
        "ValidationSpecification": {
            "ValidationRole": product.place.role_arn,
            "ValidationProfiles": [
                {"ProfileName": f"{product.name}-sample", "TransformJobDefinition": _transform(product)}
            ],
        },
        "CertifyForMarketplace": True,
    }


def metric_names(product: Product) -> list[str]:
    """The metrics that are declared by name, then those that fit a pattern and that the sample gave."""
    declared = [name for name in product.facts["metrics"] if "*" not in name]
    return list(dict.fromkeys([*declared, *product.outcome.metrics]))[:MOST_METRICS]


def _digest(product: Product, name: str) -> dict[str, str]:
    return {name: product.place.digest} if product.place.digest else {}


def _channel(product: Product, name: str) -> dict[str, Any]:
    facts = product.facts["channels"][name]
    return {
        "Name": name,
        "Description": facts["description"],
        "IsRequired": facts["required"],
        "SupportedContentTypes": list(facts["content_types"] or product.facts["content_types"]),
        "SupportedCompressionTypes": ["None", "Gzip"],
        "SupportedInputModes": list(facts["modes"]),
    }


def _objectives(product: Product) -> list[dict[str, str]]:
    image = Image.read(product.sample.parent)
    found = [(name, image.metric(name)) for name in metric_names(product)]
    return [{"Type": facts.direction, "MetricName": name} for name, facts in found if facts is not None]


def _inference(product: Product, **model: str) -> dict[str, Any]:
    facts = product.facts
    return {
        "Containers": [{"Image": product.image, **_digest(product, "ImageDigest"), **model}],
        "SupportedTransformInstanceTypes": list(facts["instances"]["transform"]),
        "SupportedRealtimeInferenceInstanceTypes": list(facts["instances"]["hosting"]),
        "SupportedContentTypes": list(facts["content_types"]),
        "SupportedResponseMIMETypes": list(facts["accept"]),
    }


def _training(product: Product) -> dict[str, Any]:
    return {
        "TrainingInputMode": "File",
        "HyperParameters": canonical(product),
        "InputDataConfig": [_input(product, channel) for channel in product.channels],
        "OutputDataConfig": {"S3OutputPath": product.place.s3(product.name, "output")},
        "ResourceConfig": {
            "InstanceType": product.facts["instances"]["training"][0],
            "InstanceCount": 1,
            "VolumeSizeInGB": _VOLUME_GB,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": _HOUR_S},
    }


def canonical(product: Product) -> dict[str, str]:
    """The sample's hyperparameters under their own names: SageMaker knows no aliases."""
    names = {
        label: one["name"]
        for one in product.facts["hyperparameters"]
        for label in (one["name"], *one["aliases"])
    }
    return {names.get(name, name): value for name, value in hyperparameters(product.sample).items()}


def _input(product: Product, channel: str) -> dict[str, Any]:
    uri = product.place.s3(product.name, f"train/{channel}/")
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {
        "ChannelName": channel,
        "DataSource": {"S3DataSource": source},
        "ContentType": product.content_type(channel),
        "CompressionType": "None",
        "RecordWrapperType": "None",
    }


def _transform(product: Product) -> dict[str, Any]:
    uri = product.place.s3(product.name, "batch/")
    return {
        "MaxConcurrentTransforms": 1,
        "MaxPayloadInMB": _PAYLOAD_MB,
        "BatchStrategy": "MultiRecord",
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}},
            "ContentType": CSV,
            "CompressionType": "None",
            "SplitType": "Line",
        },
        "TransformOutput": {
            "S3OutputPath": product.place.s3(product.name, "batch-output"),
            "Accept": CSV,
            "AssembleWith": "Line",
        },
        "TransformResources": {
            "InstanceType": product.facts["instances"]["transform"][0],
            "InstanceCount": 1,
        },
    }
