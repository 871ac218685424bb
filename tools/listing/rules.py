"""The rules of a listing that a machine can check: one table of number, text and check.

C1 are AWS's rules for images on the Marketplace, C2 those for the content of a listing, C3 those for the
requests and their validation; a letter tells parts of one rule from another.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from . import check_notebook, check_requests, check_texts, check_training
from .product import Listing

Check = Callable[[Listing], Iterator[tuple[str, str]]]


@dataclass(frozen=True)
class Rule:
    """One thing that must be true; its check gives what was expected and what was found, for every breach."""

    number: str
    text: str
    check: Check


@dataclass(frozen=True)
class Breach:
    """A rule that a listing breaks."""

    rule: Rule
    expected: str
    came: str

    def __str__(self) -> str:
        return f"{self.rule.number} ({self.rule.text}): expected {self.expected}, got {self.came}"


RULES = (
    Rule("C1.1", "training and inference are the seller's image", check_requests.images),
    Rule("C1.2", "nothing needs a network", check_notebook.isolated),
    Rule("C1.3", "all is in one account and in a region that no one opts into", check_requests.places),
    Rule("C1.6", "no serverless and no asynchronous endpoint", check_notebook.plain_endpoints),
    Rule("C1.7", "payloads are within the Marketplace's limits", check_requests.payloads),
    Rule("C1.8", "spot training waits 3,600 s, no more", check_notebook.spot),
    Rule("C1.11", "answers are metered exactly if image.toml says so", check_requests.metering),
    Rule("C1.12", "logs are clean: buyers see those of the validation", check_requests.logs),
    Rule("C1.13", "the model was trained by the image that is sold", check_requests.own_model),
    Rule("C2.1", "what it does, by content type, and its use cases", check_texts.items("C2.1")),
    Rule("C2.2", "data, limits, validation and speed of a trained model", check_texts.items("C2.2")),
    Rule("C2.3", "the category of an algorithm", check_texts.items("C2.3")),
    Rule("C2.4", "input in real time and in batch, its limits, and samples", check_texts.inputs),
    Rule("C2.5", "output in real time and in batch, and samples", check_texts.outputs),
    Rule("C2.6", "examples with the command line and the SDK", check_texts.items("C2.6")),
    Rule("C2.7", "what training needs, an example, every hyperparameter", check_texts.training),
    Rule("C2.8", "the notebook runs the whole flow, in any region", check_notebook.whole_flow),
    Rule("C2.9", "every field of the form is there and fits", check_texts.form),
    Rule("C2.10", "a free trial takes 5 to 31 days, and only of what is not free", check_texts.pricing),
    Rule("C2.11", "it can be tuned, within its ranges, by a metric that it reports", check_training.tuning),
    Rule("C3a", "CreateAlgorithm is as the service model has it, in full", check_requests.algorithm_shape),
    Rule("C3b", "at most 100 hyperparameters, each once and described", check_training.hyperparameters),
    Rule("C3c", "ranges are texts, from low to high", check_training.ranges),
    Rule("C3d", "a required hyperparameter has no default, and a default fits", check_training.defaults),
    Rule("C3e", "what can be tuned has a range", check_training.tunable),
    Rule("C3f", "metric definitions find what the sample's training prints", check_training.metrics),
    Rule("C3g", "objectives are metrics that are defined", check_training.objectives),
    Rule("C3h", "one to eight channels, of formats that are read", check_training.channels),
    Rule("C3i", "instance types for batch and for real time", check_requests.instances),
    Rule("C3j", "content types in and out are those of the image", check_requests.content_types),
    Rule("C3k", "the profile trains with what the algorithm takes", check_requests.profile),
    Rule("C3.1", "CreateModelPackage is as the service model has it, named", check_requests.package_shape),
    Rule("C3.2", "certified for the Marketplace, with exactly one profile", check_requests.certified),
    Rule("C3.3", "validation trains, then transforms; every row is answered", check_requests.validation),
    Rule("C3.4", "the transform splits and assembles by line", check_requests.transform),
)


def breaches(listing: Listing) -> list[Breach]:
    """Every rule that is broken, in order; none if all hold."""
    return [
        Breach(rule, " ".join(expected.split()), " ".join(came.split()))
        for rule in RULES
        for expected, came in rule.check(listing)
    ]
