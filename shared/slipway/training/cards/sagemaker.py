"""A model card in SageMaker's form, as `create_model_card` and a model package of the registry take it.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-cards.html. What only the account knows (the model's
place in S3, the job's ARN) is left for whoever registers the model.
"""

from typing import Any

from slipway.training.cards.facts import Facts, Metric, shortened

_LONG, _SHORT = 2048, 1024  # characters that the schema allows
_ABOUT = {"": "training", "validation": "validation", "test": "test"}


def card(facts: Facts) -> dict[str, Any]:
    """The card's content; texts are as long as the schema allows, at most."""
    image, manifest = facts.image, facts.manifest
    details = {
        "image": facts.made_by,
        "trained": manifest.created,
        "python": manifest.python,
        "license_of_the_image": image.license,
        "row_rule": image.row_rule,
    }
    return {
        "model_overview": {
            "model_name": shortened(image.title, _SHORT),
            "model_description": shortened(image.summary, _SHORT),
            "algorithm_type": shortened(image.title, _SHORT),
            **({"problem_type": facts.task} if facts.task else {}),
        },
        "intended_uses": {
            "purpose_of_model": shortened(image.summary, _LONG),
            **_said("intended_uses", " ".join(facts.use_cases)),
            **_said("factors_affecting_model_efficiency", " ".join(facts.limits)),
            "risk_rating": "Unknown",
            "explanations_for_risk_rating": "Training cannot rate it: it depends on the use of the model.",
        },
        "training_details": {
            "training_observations": facts.trained_on,
            "training_job_details": {
                "training_metrics": [
                    {"name": one.name, "value": one.value, **_said("notes", one.note)}
                    for one in facts.metrics
                ],
                "hyper_parameters": [
                    {"name": name, "value": value} for name, value in facts.hyperparameters.items()
                ],
            },
        },
        "evaluation_details": _evaluations(facts.metrics),
        "additional_information": {
            "custom_details": {
                name: shortened(value, _SHORT)
                for name, value in {**details, "problem_type": facts.task}.items()
                if value
            }
        },
    }


def _evaluations(metrics: list[Metric]) -> list[dict[str, Any]]:
    """An entry for each channel that metrics are of, by the word before the colon of their names."""
    channels = dict.fromkeys(_channel(one.name) for one in metrics)
    return [
        {
            "name": f"{_ABOUT[channel]} job",
            "metric_groups": [
                {
                    "name": _ABOUT[channel],
                    "metric_data": [
                        {"name": one.name, "type": "number", "value": one.value}
                        for one in metrics
                        if _channel(one.name) == channel
                    ],
                }
            ],
        }
        for channel in channels
    ]


def _channel(name: str) -> str:
    before = name.partition(":")[0]
    return before if before in _ABOUT else ""


def _said(name: str, text: str) -> dict[str, str]:
    return {name: shortened(text, _LONG)} if text else {}
