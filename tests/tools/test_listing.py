"""Listings on AWS Marketplace: every image's holds all rules, and every rule catches what breaks it."""

import copy
import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness.places import REPOSITORY
from tools import new
from tools.listing import __main__ as command
from tools.listing import making, submitting, writing
from tools.listing.check_texts import COUNTS, LENGTHS, PARAMETER, REQUIRED
from tools.listing.hyperparameters import fits, specification
from tools.listing.notebook import source
from tools.listing.place import Place
from tools.listing.product import KINDS, Listing
from tools.listing.rules import RULES, breaches

IMAGES = sorted(path.parent for path in REPOSITORY.glob("images/*/image.toml"))
SMALL = "small"  # the template as an image: faults are planted in its listing
BUCKET = "sagemaker-eu-west-1-123456789012"
Made = Callable[[str], Listing]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """The listing of an image, by its name; all are made when one is asked for, two at a time."""
    folder = tmp_path_factory.mktemp("listings")
    new.write(SMALL, folder / SMALL)
    small = folder / SMALL
    shared = REPOSITORY / ".slipway/envs/shared/bin/python"
    pool = ThreadPoolExecutor(2)
    found: dict[str, Future[Listing]] = {}

    def of(name: str) -> Listing:
        for path in [small] if name == SMALL else IMAGES:
            if path.name not in found:
                program = shared if path == small else None
                found[path.name] = pool.submit(making.make, path, Place(), folder / "work", program)
        return found[name].result()

    yield of
    pool.shutdown(cancel_futures=True)


@pytest.fixture
def listing(made: Made) -> Listing:
    """A listing to break: a copy of the template's."""
    return copy.deepcopy(made(SMALL))


# ---- every image ----


@pytest.mark.parametrize("name", [SMALL, *(path.name for path in IMAGES)])
@pytest.mark.contract("C1.1", "C2.2", "C2.3", "C2.6", "C3.4")
def test_a_listing_holds_every_rule(made: Made, name: str) -> None:
    """C1.1 to C3.4, with C2.2, C2.3 and C2.6: requests, texts, samples and notebooks of every image."""
    assert [str(one) for one in breaches(made(name))] == []


@pytest.mark.parametrize("path", IMAGES, ids=lambda path: path.name)
def test_it_is_written_as_files_that_hold_what_was_checked(made: Made, path: Path, tmp_path: Path) -> None:
    listing = made(path.name)
    writing.write(listing, tmp_path / "out")
    for kind in KINDS:
        assert json.loads((tmp_path / "out" / writing.REQUESTS[kind]).read_text()) == listing.requests[kind]
        assert json.loads((tmp_path / f"out/{kind}.ipynb").read_text()) == listing.notebooks[kind]
        text = (tmp_path / f"out/{kind}.md").read_text()
        for headings in REQUIRED[kind].values():
            for heading in headings:
                assert f"\n## {heading}\n" in text
    for sample in sorted((path / "sample").glob("*/*")):
        place = tmp_path / "out/samples/train" / sample.relative_to(path / "sample")
        assert place.read_bytes() == sample.read_bytes()
    assert (tmp_path / "out/model.tar.gz").stat().st_size > 0


@pytest.mark.parametrize("path", IMAGES, ids=lambda path: path.name)
@pytest.mark.contract("C2.5")
def test_answers_in_csv_and_in_json_are_of_the_same_rows(made: Made, path: Path) -> None:
    """What the samples show is what the model said, in every form of it."""
    outcome = made(path.name).product.outcome
    rows = len((path / "sample/request.csv").read_text().splitlines()) - 1
    for one in outcome.real_time:
        assert len(next(iter(json.loads(one.answer).values()))) == rows
    assert len(outcome.batch.answer.splitlines()) == rows


# ---- every rule ----


def training(listing: Listing) -> dict[str, Any]:
    found: dict[str, Any] = listing.requests["algorithm"]["TrainingSpecification"]
    return found


def parameter(listing: Listing, kind: str) -> dict[str, Any]:
    """A hyperparameter of this type."""
    return next(one for one in training(listing)["SupportedHyperParameters"] if one["Type"] == kind)


def channels(listing: Listing) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = training(listing)["TrainingChannels"]
    return found


def whole(listing: Listing) -> dict[str, Any]:
    return parameter(listing, "Integer")


def ends(listing: Listing) -> dict[str, Any]:
    found: dict[str, Any] = whole(listing)["Range"]["IntegerParameterRangeSpecification"]
    return found


def inference(listing: Listing, kind: str = "algorithm") -> dict[str, Any]:
    found: dict[str, Any] = listing.requests[kind]["InferenceSpecification"]
    return found


def profile(listing: Listing, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = listing.requests[kind]["ValidationSpecification"]["ValidationProfiles"][0]
    return found


def job(listing: Listing) -> dict[str, Any]:
    found: dict[str, Any] = profile(listing, "algorithm")["TrainingJobDefinition"]
    return found


def transform(listing: Listing, kind: str = "algorithm") -> dict[str, Any]:
    found: dict[str, Any] = profile(listing, kind)["TransformJobDefinition"]
    return found


def about(listing: Listing) -> dict[str, Any]:
    """What image.toml says for the listing."""
    found: dict[str, Any] = listing.product.facts["listing"]
    return found


def tried(listing: Listing, **change: Any) -> None:
    """Another outcome of the sample."""
    listing.product = replace(listing.product, outcome=replace(listing.product.outcome, **change))


def placed(listing: Listing, **change: Any) -> None:
    listing.product = replace(listing.product, place=replace(listing.product.place, **change))


def rewritten(listing: Listing, old: str, new: str, kind: str = "algorithm") -> None:
    """The notebook with other code."""
    for cell in listing.notebooks[kind]["cells"]:
        cell["source"] = "".join(cell["source"]).replace(old, new).splitlines(keepends=True)
    assert old not in source(listing.notebooks[kind]) or old in new


def without(listing: Listing, start: str, kind: str = "algorithm") -> None:
    """The notebook without the cells whose code holds `start`."""
    cells = listing.notebooks[kind]["cells"]
    left = [cell for cell in cells if start not in "".join(cell["source"])]
    assert len(left) < len(cells)
    listing.notebooks[kind]["cells"] = left


def answered(listing: Listing, place: int, **change: Any) -> None:
    found = list(listing.product.outcome.real_time)
    found[place] = replace(found[place], **change)
    tried(listing, real_time=tuple(found))


def a_class_without_a_sample(listing: Listing, folder: Path) -> None:
    """A sample of three classes, and answers of two of them."""
    target = listing.product.outcome.manifest["hyperparameters"]["target"]
    (folder / "train").mkdir()
    (folder / "train/rows.csv").write_text(f"{target}\na\nb\nc\n")
    listing.product = replace(listing.product, sample=folder)
    answered(listing, 0, answer=b'{"predictions": [{"prediction": "a"}, {"prediction": "b"}]}')


def another_manifest(listing: Listing, **change: Any) -> None:
    outcome = copy.copy(listing.product.outcome)
    outcome.__dict__["manifest"] = {**outcome.manifest, **change}
    listing.product = replace(listing.product, outcome=outcome)
    listing.product.outcome.__dict__["manifest"] = outcome.__dict__["manifest"]


LONG = "x" * 2000
# The number of a rule, what is done to a listing, and a part of what must be said of it.
PLANTED: list[tuple[str, Callable[[Listing], Any], str]] = [
    ("C1.1", lambda one: training(one).update(TrainingImage="x/y:1"), "TrainingImage"),
    ("C1.1", lambda one: training(one).pop("TrainingImage"), "got None"),
    (
        "C1.1",
        lambda one: inference(one, "model-package").update(Containers=[]),
        "model-package: a container of",
    ),
    (
        "C1.2",
        lambda one: rewritten(one, "EnableNetworkIsolation=True", "EnableNetworkIsolation=False"),
        "False",
    ),
    (
        "C1.2",
        lambda one: rewritten(one, '"EnableNetworkIsolation": True,', ""),
        "CreateHyperParameterTuningJob with EnableNetworkIsolation",
    ),
    ("C1.3", lambda one: placed(one, region="ap-southeast-5"), "got ap-southeast-5"),
    ("C1.3", lambda one: placed(one, account="123456789012"), "a role of 123456789012"),
    ("C1.3", lambda one: placed(one, region="eu-west-1"), "in eu-west-1, got 111122223333 in us-east-1"),
    (
        "C1.6",
        lambda one: rewritten(one, '"InitialInstanceCount": 1,', '"ServerlessConfig": {},'),
        "ServerlessConfig",
    ),
    ("C1.7", lambda one: answered(one, 0, request=b"x" * 25_000_001), "25000001"),
    ("C1.7", lambda one: transform(one).update(MaxPayloadInMB=101), "got 101"),
    ("C1.8", lambda one: job(one)["StoppingCondition"].update(MaxWaitTimeInSeconds=7200), "got 7200"),
    (
        "C1.8",
        lambda one: rewritten(
            one, '{"MaxRuntimeInSeconds": 3600}', '{"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 90}'
        ),
        "got 90",
    ),
    (
        "C1.11",
        lambda one: answered(one, 0, headers={"X-Amzn-Inference-Metering": '{"ConsumedUnits": 3}'}),
        "no metering",
    ),
    ("C1.11", lambda one: one.product.facts.update(metered=True), "no header"),
    ("C1.12", lambda one: tried(one, log="WARNING: odd"), "WARNING: odd"),
    ("C1.12", lambda one: tried(one, served="Traceback (most recent call last):"), "Traceback"),
    ("C1.13", lambda one: another_manifest(one, image="other"), "got other 0.1.0"),
    (
        "C1.13",
        lambda one: one.requests["model-package"].update(SourceAlgorithmSpecification={}),
        "one of an algorithm",
    ),
    (
        "C1.13",
        lambda one: inference(one, "model-package")["Containers"][0].pop("ModelDataUrl"),
        "ModelDataUrl",
    ),
    ("C2.4", lambda one: one.samples.pop("batch.csv"), "samples/batch.csv"),
    ("C2.4", lambda one: one.samples.update({"request.json": b" "}), "samples/request.json"),
    ("C2.5", lambda one: one.samples.pop("batch.csv.out"), "samples/batch.csv.out"),
    ("C2.5", lambda one: answered(one, 1, answer=b'{"predictions": []}'), "the same answers to request.json"),
    (
        "C2.5",
        lambda one: one.catalog["algorithm"]["DeliveryOption"]["OutputProperties"]["Parameters"][0].update(
            Description=""
        ),
        "[answers] in image.toml to say what prediction is",
    ),
    (
        "C2.7",
        lambda one: one.texts["algorithm"]["C2.7"].update(Hyperparameters="| `bags` |"),
        "hyperparameter target among those described",
    ),
    (
        "C2.7",
        lambda one: one.texts["algorithm"]["C2.7"].update({"What is supported": "tuning, GPU, Pipe"}),
        "whether Distributed is supported",
    ),
    ("C2.7", lambda one: one.samples.pop("train/train/flats.csv"), "samples of the channel train"),
    ("C2.8", lambda one: one.texts["algorithm"].pop("C2.8"), "a link to the notebook"),
    ("C2.8", lambda one: without(one, "create_hyper_parameter_tuning_job"), "CreateHyperParameterTuningJob"),
    ("C2.8", lambda one: without(one, "create_training_job"), "a notebook that runs"),
    (
        "C2.8",
        lambda one: without(one, "create_transform_job", "model-package"),
        "step CreateTransformJob",
    ),
    ("C2.8", lambda one: without(one, "invoke_endpoint"), "the step InvokeEndpoint"),
    ("C2.8", lambda one: without(one, "delete_endpoint"), "the step DeleteEndpoint"),
    ("C2.8", lambda one: rewritten(one, "session.region_name", '"us-west-2"'), "got us-west-2"),
    (
        "C2.8",
        lambda one: rewritten(one, "bucket = f", 'bucket = "mine-" + "us-" + "west-1"  # f'),
        "in eu-west-1 of 111122223333, got us-west-1",
    ),
    (
        "C2.8",
        lambda one: rewritten(one, 'role = os.environ.get("SAGEMAKER_ROLE")', 'role = "123456789012"'),
        "no region and no account in the code, got 123456789012",
    ),
    ("C2.8", lambda one: rewritten(one, "MaxNumberOfTrainingJobs", "MaxJobs"), "got MaxJobs"),
    ("C2.8", lambda one: rewritten(one, "TrainingJobName=run", f'TrainingJobName="{LONG}"'), "at most 63"),
    ("C2.8", lambda one: rewritten(one, "sagemaker.delete_model(", "sagemaker.drop_model("), "KeyError"),
    (
        "C2.9",
        lambda one: one.catalog["algorithm"]["DeliveryOption"].update(SampleNotebookUrl="http://x.y/z"),
        "SampleNotebookUrl on https://github.com",
    ),
    (
        "C2.9",
        lambda one: one.catalog["algorithm"]["DeliveryOption"]["RecommendedInstanceTypes"].update(
            Training="ml.p3.2xlarge"
        ),
        "got ml.p3.2xlarge",
    ),
    (
        "C2.9",
        lambda one: one.catalog["model-package"]["DeliveryOption"]["RecommendedInstanceTypes"].clear(),
        "RealtimeInference one of",
    ),
    (
        "C2.9",
        lambda one: one.catalog["algorithm"]["DeliveryOption"]["InputProperties"]["Parameters"][0].update(
            Name="Größe"
        ),
        "a name in ASCII",
    ),
    ("C2.10", lambda one: about(one).update(trial_days=14), "no trial of what is free"),
    ("C2.10", lambda one: about(one).update(pricing="hourly", trial_days=4), "got 4"),
    ("C2.10", lambda one: about(one).update(pricing="inference", trial_days=32), "got 32"),
    (
        "C2.11",
        lambda one: whole(one).update(IsTunable=False),
        "that can be tuned",
    ),
    ("C2.11", lambda one: about(one).update(tuning={}), "[listing] tuning in image.toml"),
    ("C2.11", lambda one: about(one).update(tuning={"seed": (1, 2)}), "tuning of one of bags"),
    (
        "C2.11",
        lambda one: about(one).update(tuning={"bags": (5, 5000)}),
        "its own range, got 5000",
    ),
    ("C2.11", lambda one: about(one).update(objective="loss"), "an objective among rmse, got loss"),
    ("C3a", lambda one: one.requests["algorithm"].update(AlgorithmName="a" * 64), "at most 63 characters"),
    ("C3a", lambda one: one.requests["algorithm"].update(AlgorithmName="a_b"), "AlgorithmName: a match of"),
    ("C3a", lambda one: one.requests["algorithm"].update(AlgorithmDescription=LONG), "at most 1024"),
    ("C3a", lambda one: one.requests["algorithm"].update(Odd=1), "got Odd"),
    (
        "C3a",
        lambda one: one.requests["algorithm"].pop("TrainingSpecification"),
        "Specification: a value",
    ),
    (
        "C3a",
        lambda one: training(one)["SupportedTrainingInstanceTypes"].append("ml.none.large"),
        "SupportedTrainingInstanceTypes[2]",
    ),
    (
        "C3a",
        lambda one: training(one)["MetricDefinitions"][0].update(Regex="x" * 501),
        "at most 500",
    ),
    (
        "C3a",
        lambda one: inference(one).update(SupportedResponseMIMETypes=["csv"]),
        "SupportedResponseMIMETypes[0]: a match of",
    ),
    ("C3a", lambda one: transform(one).update(Environment={f"A{i}": "1" for i in range(17)}), "at most 16"),
    (
        "C3b",
        lambda one: training(one).update(SupportedHyperParameters=[whole(one)] * 101),
        "at most 100, got 101",
    ),
    (
        "C3b",
        lambda one: training(one)["SupportedHyperParameters"].append(whole(one)),
        "2 times",
    ),
    ("C3b", lambda one: whole(one).update(Description=" "), "bags with a description"),
    (
        "C3c",
        lambda one: ends(one).update(MinValue=1),
        "ends as texts, got 1",
    ),
    (
        "C3c",
        lambda one: ends(one).update(MaxValue="0"),
        "from low to high, got 1 to 0",
    ),
    ("C3c", lambda one: whole(one).update(Type="Continuous"), "a range of Continuous"),
    (
        "C3d",
        lambda one: whole(one).update(IsRequired=True),
        "required, or with a default, got both",
    ),
    ("C3d", lambda one: whole(one).update(DefaultValue="1001"), "a default within"),
    ("C3e", lambda one: whole(one).pop("Range"), "bags: a range, as it can be tuned"),
    ("C3e", lambda one: parameter(one, "FreeText").update(IsTunable=True), "got FreeText"),
    ("C3f", lambda one: training(one).update(MetricDefinitions=[]), "metric definitions, got none"),
    (
        "C3f",
        lambda one: training(one)["MetricDefinitions"][0].update(Regex="rmse=.*"),
        "that is the number",
    ),
    ("C3f", lambda one: tried(one, log="metric rmse: 5"), "in the log of the sample's training"),
    (
        "C3f",
        lambda one: tried(one, log="metric rmse=4.0;"),
        "training, got ['4.0']",
    ),
    ("C3g", lambda one: training(one).update(SupportedTuningJobObjectiveMetrics=[]), "a metric to tune by"),
    (
        "C3g",
        lambda one: training(one)["SupportedTuningJobObjectiveMetrics"][0].update(MetricName="loss"),
        "got loss",
    ),
    (
        "C3h",
        lambda one: channels(one).extend(channels(one) * 8),
        "got 9",
    ),
    ("C3h", lambda one: training(one).update(TrainingChannels=[]), "got 0"),
    (
        "C3h",
        lambda one: channels(one)[0].update(IsRequired=False),
        "that is required",
    ),
    (
        "C3h",
        lambda one: channels(one)[0].update(SupportedContentTypes=["text/html"]),
        "['text/html']",
    ),
    (
        "C3h",
        lambda one: channels(one)[0].update(SupportedInputModes=["Pipe"]),
        "mode File among others",
    ),
    (
        "C3i",
        lambda one: inference(one).pop("SupportedRealtimeInferenceInstanceTypes"),
        "algorithm: SupportedRealtimeInferenceInstanceTypes",
    ),
    (
        "C3i",
        lambda one: inference(one, "model-package").update(SupportedTransformInstanceTypes=[]),
        "model-package: SupportedTransformInstanceTypes",
    ),
    ("C3i", lambda one: training(one).update(SupportedTrainingInstanceTypes=[]), "SupportedTrainingInstance"),
    (
        "C3j",
        lambda one: inference(one)["SupportedContentTypes"].append("a/b"),
        "algorithm: SupportedContentTypes",
    ),
    (
        "C3j",
        lambda one: inference(one, "model-package").pop("SupportedResponseMIMETypes"),
        "model-package: SupportedResponseMIMETypes",
    ),
    (
        "C3k",
        lambda one: job(one)["HyperParameters"].update(k="1"),
        "the algorithm has, got k",
    ),
    ("C3k", lambda one: job(one)["HyperParameters"].update(bags="0"), "bags within"),
    ("C3k", lambda one: job(one).update(InputDataConfig=[]), "the required channel train"),
    ("C3k", lambda one: job(one)["InputDataConfig"][0].update(ContentType="text/html"), "got text/html"),
    ("C3k", lambda one: job(one)["ResourceConfig"].update(InstanceType="ml.p3.2xlarge"), "ml.p3.2xlarge"),
    (
        "C3k",
        lambda one: training(one)["SupportedHyperParameters"].append(
            {"Name": "more", "Type": "FreeText", "IsRequired": True, "Description": "x"}
        ),
        "the required hyperparameter more",
    ),
    (
        "C3.1",
        lambda one: one.requests["model-package"].update(ModelPackageName="a--"),
        "Name: a match",
    ),
    ("C3.1", lambda one: one.requests["model-package"].pop("ModelPackageName"), "ModelPackageName, got none"),
    (
        "C3.1",
        lambda one: one.requests["model-package"].update(ModelPackageGroupName="group"),
        "versioned packages cannot be listed",
    ),
    ("C3.2", lambda one: one.requests["algorithm"].update(CertifyForMarketplace=False), "got False"),
    ("C3.2", lambda one: one.requests["model-package"].pop("CertifyForMarketplace"), "got None"),
    (
        "C3.2",
        lambda one: one.requests["model-package"]["ValidationSpecification"].update(ValidationProfiles=[]),
        "model-package: exactly one validation profile, got 0",
    ),
    (
        "C3.2",
        lambda one: one.requests["algorithm"]["ValidationSpecification"]["ValidationProfiles"].append(
            profile(one, "algorithm")
        ),
        "algorithm: exactly one validation profile, got 2",
    ),
    (
        "C3.3",
        lambda one: profile(one, "algorithm").pop("TrainingJobDefinition"),
        "with a training job",
    ),
    (
        "C3.3",
        lambda one: profile(one, "model-package").pop("TransformJobDefinition"),
        "a batch transform",
    ),
    (
        "C3.3",
        lambda one: tried(one, batch=replace(one.product.outcome.batch, answer=b"1\n")),
        "lines of answers, got 1",
    ),
    *(
        (
            "C3.4",
            lambda one, key=key, value=value: transform(one)["TransformInput"].update({key: value}),
            key,
        )
        for key, value in (("SplitType", "None"), ("CompressionType", "Gzip"), ("ContentType", "a/b"))
    ),
    ("C3.4", lambda one: transform(one)["TransformOutput"].update(AssembleWith="None"), "AssembleWith Line"),
    ("C3.4", lambda one: transform(one)["TransformOutput"].pop("Accept"), "Accept text/csv, got None"),
    ("C3.4", lambda one: transform(one, "model-package").update(MaxPayloadInMB=7), "MaxPayloadInMB 6, got 7"),
    (
        "C3.4",
        lambda one: transform(one).update(MaxConcurrentTransforms=2),
        "Transforms 1, got 2",
    ),
    ("C3.4", lambda one: transform(one).update(Environment={f"A{i}": "1" for i in range(17)}), "got 17"),
    ("C3.4", lambda one: transform(one)["TransformResources"].update(InstanceType="ml.p3.2xlarge"), "ml.p3"),
]


@pytest.mark.parametrize(
    ("number", "plant", "said"), PLANTED, ids=[f"{one[0]}-{place}" for place, one in enumerate(PLANTED)]
)
@pytest.mark.contract(
    "C1.1",
    "C1.2",
    "C1.3",
    "C1.6",
    "C1.7",
    "C1.8",
    "C1.11",
    "C1.12",
    "C1.13",
    "C2.4",
    "C2.5",
    "C2.7",
    "C2.8",
    "C2.9",
    "C2.10",
    "C2.11",
    "C3.1",
    "C3.2",
    "C3.3",
    "C3.4",
)
def test_a_planted_breach_is_told_with_the_number_of_its_rule(
    listing: Listing, number: str, plant: Callable[[Listing], Any], said: str
) -> None:
    plant(listing)  # without it all rules hold, as the first test says
    found = [str(one) for one in breaches(listing) if one.rule.number == number]
    assert any(said in one for one in found), f"{number} should tell of {said!r}; it told: {found}"
    assert all("\n" not in one for one in found)


@pytest.mark.parametrize(
    ("kind", "number", "heading"),
    [
        (kind, number, heading)
        for kind in KINDS
        for number, headings in REQUIRED[kind].items()
        for heading in headings
        if number not in {"C2.8", "C2.11"}
    ],
)
@pytest.mark.parametrize("text", [None, "  \n"])
@pytest.mark.contract("C2.1", "C2.8", "C2.10", "C2.11")
def test_an_item_that_is_missing_or_empty_is_told(
    listing: Listing, kind: str, number: str, heading: str, text: str | None
) -> None:
    """C2.1 to C2.10: every item that AWS requires of a listing of this kind."""
    listing.texts[kind][number].pop(heading)
    if text:
        listing.texts[kind][number][heading] = text
    found = [str(one) for one in breaches(listing) if one.rule.number == number]
    assert any(f"{kind}: {heading}, got nothing" in one for one in found), found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("path", sorted(LENGTHS))
@pytest.mark.contract("C2.9")
def test_a_field_that_is_too_long_or_empty_is_told(listing: Listing, kind: str, path: str) -> None:
    """The sizes of the text fields."""
    *way, name = path.split(".")
    fields = listing.catalog[kind]
    for part in way:
        fields = fields[part]
    for text in ("x" * (LENGTHS[path] + 1), " "):
        fields[name] = [text] if isinstance(fields[name], list) else text
        found = [str(one) for one in breaches(listing) if one.rule.number == "C2.9"]
        assert any(f"{kind}: {path}" in one for one in found), found


@pytest.mark.parametrize("path", sorted(COUNTS))
@pytest.mark.contract("C2.9")
def test_more_entries_than_the_form_takes_are_told(listing: Listing, path: str) -> None:
    """At most 24 parameters, 3 highlights, 15 keywords."""
    *way, name = path.split(".")
    fields = listing.catalog["algorithm"]
    for part in way:
        fields = fields[part]
    one: Any = {"Name": "a", "Description": "b"} if "Option" in path else "a"
    fields[name] = [one] * (COUNTS[path][1] + 1)
    assert f"{path}, got {COUNTS[path][1] + 1}" in " ".join(map(str, breaches(listing)))


@pytest.mark.parametrize("name", sorted(PARAMETER))
@pytest.mark.contract("C2.9")
def test_a_parameter_whose_text_is_too_long_is_told(listing: Listing, name: str) -> None:
    listing.catalog["algorithm"]["DeliveryOption"]["InputProperties"]["Parameters"][0][name] = LONG
    assert f"{name} of 1 to {PARAMETER[name]} characters, got 2000" in " ".join(map(str, breaches(listing)))


@pytest.mark.contract("C2.4")
def test_a_class_that_no_sample_is_answered_with_is_told(listing: Listing, tmp_path: Path) -> None:
    """Of more than two classes a sample for each."""
    a_class_without_a_sample(listing, tmp_path)
    assert "a request answered with c, got" in " ".join(map(str, breaches(listing)))


def test_a_breach_is_planted_for_every_rule() -> None:
    items = {number for kind in KINDS for number in REQUIRED[kind]}
    numbers = [rule.number for rule in RULES]
    assert len(set(numbers)) == len(numbers)
    assert set(numbers) == {one[0] for one in PLANTED} | items


# ---- the command ----


def test_a_listing_that_breaks_a_rule_is_not_written(
    listing: Listing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    parameter(listing, "Integer").update(IsRequired=True)
    monkeypatch.setattr(making, "make", lambda image, place: listing)
    monkeypatch.setattr(command, "ROOT", tmp_path)
    new.write(SMALL, tmp_path / "images" / SMALL)
    assert command.main(["--image", SMALL, "--out", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().err
    assert said == (
        f"listing: {SMALL}: C3d (a required hyperparameter has no default, and a default fits): "
        "expected bags: required, or with a default, got both\n"
    )
    assert not (tmp_path / "out").exists()


def test_a_listing_says_what_is_still_an_example(
    listing: Listing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(making, "make", lambda image, place: listing)
    monkeypatch.setattr(command, "ROOT", tmp_path)
    new.write(SMALL, tmp_path / "images" / SMALL)
    assert command.main(["--image", SMALL, "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert f"{len(RULES)} rules hold" in said
    assert not [word for word in Place().missing() if word not in said]
    assert Place(account="123456789012", repository="https://github.com/a/b").missing() == []


def test_an_image_without_its_texts_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(making.outcomes, "describe", lambda image, python: {"listing": None})
    monkeypatch.setattr(command, "ROOT", tmp_path)
    new.write(SMALL, tmp_path / "images" / SMALL)
    assert command.main(["--image", SMALL, "--out", str(tmp_path)]) == 1
    assert "image.toml has no [listing]" in capsys.readouterr().err


def test_the_sellers_place_is_in_every_name() -> None:
    place = Place("123456789012", "eu-west-1", "", "Seller", "https://github.com/a/b", "sha256:" + "a" * 64)
    assert place.image("x", "1.0.0") == "123456789012.dkr.ecr.eu-west-1.amazonaws.com/slipway/x:1.0.0"
    assert place.role_arn == "arn:aws:iam::123456789012:role/Seller"
    assert place.s3("x", "batch/") == "s3://sagemaker-eu-west-1-123456789012/slipway/listing/x/batch/"
    assert place.url("x", "a.md") == "https://github.com/a/b/blob/main/x/a.md"
    assert replace(place, role="arn:aws:iam::123456789012:role/R").role_arn.endswith("role/R")
    assert replace(place, bucket="mine").s3("x", "y") == "s3://mine/slipway/listing/x/y"


@pytest.mark.contract("C1.3")
def test_where_the_image_was_pushed_is_where_it_is_listed(tmp_path: Path) -> None:
    """Account, region and digest of what `make push` recorded, unless others are given."""
    record, digest = tmp_path / "x.json", "sha256:" + "a" * 64
    image = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/slipway/x@{digest}"
    record.write_text(json.dumps({"image": image, "version": "1.0.0"}))
    found = Place.of({"account": None, "role": "R"}, record, "1.0.0")
    assert (found.account, found.region, found.digest, found.role) == (
        "123456789012",
        "eu-west-1",
        digest,
        "R",
    )
    assert Place.of({}, record, "2.0.0") == Place()
    assert Place.of({"region": "us-west-2"}, record, "1.0.0") == Place(region="us-west-2")
    assert Place.of({}, tmp_path / "none.json", "1.0.0") == Place()
    record.write_text(json.dumps({"image": f"registry:5000/slipway/x@{digest}", "version": "1.0.0"}))
    assert Place.of({}, record, "1.0.0") == Place()


# ---- hyperparameters ----


def spec(values: dict[str, Any], default: Any = None, tunable: bool = True) -> dict[str, Any]:
    one = {"name": "a", "description": "A.", "required": False, "default": default, "tunable": tunable}
    found: dict[str, Any] = specification({**one, "values": values})
    return found


WHOLE = {"type": "integer", "minimum": 1, "maximum": 9}
ENDS = {"MinValue": "1", "MaxValue": "9"}
NUMBER = {"type": "number", "minimum": 0.5, "maximum": 2}


@pytest.mark.parametrize(
    ("values", "default", "kind", "span", "published"),
    [
        (WHOLE, 3, "Integer", ENDS, "3"),
        (
            {"type": "number", "minimum": 0.5, "maximum": 2},
            1.5,
            "Continuous",
            {"MinValue": "0.5", "MaxValue": "2"},
            "1.5",
        ),
        ({"type": "boolean"}, False, "Categorical", {"Values": ["true", "false"]}, "false"),
        ({"enum": ["a", "b"], "type": "string"}, "a", "Categorical", {"Values": ["a", "b"]}, "a"),
        ({"anyOf": [WHOLE, {"type": "null"}]}, None, "Integer", ENDS, None),
        ({"anyOf": [WHOLE, {"const": "auto"}]}, "auto", "Integer", ENDS, None),
        ({"anyOf": [{"enum": ["a"]}, {"const": "b"}]}, "b", "Categorical", {"Values": ["a", "b"]}, "b"),
    ],
)
def test_a_schema_becomes_a_type_and_a_range(
    values: dict[str, Any], default: Any, kind: str, span: dict[str, Any], published: str | None
) -> None:
    """C3c, C3d: ranges as texts; a default that is none of the range is left to the image."""
    found = spec(values, default)
    assert found["Type"] == kind
    assert list(found["Range"].values()) == [span]
    assert found.get("DefaultValue") == published


def test_what_is_left_out_is_told_where_it_cannot_be_given() -> None:
    assert spec({"anyOf": [WHOLE, {"const": "auto"}]}, "auto")["Description"] == "A. Left out, it is auto."


@pytest.mark.parametrize(
    ("values", "default", "published"),
    [
        ({"type": "array", "items": {"type": "number"}}, [0.1, 0.9], "[0.1, 0.9]"),
        ({"type": "array", "items": {"type": "string"}}, [], None),
        ({"type": "string"}, "target", "target"),
        ({"type": "integer", "minimum": 1}, 5, "5"),
        ({"anyOf": [WHOLE, {"const": "auto"}]}, "auto", "auto"),
    ],
)
def test_what_sagemaker_has_no_type_for_is_free_text(values: Any, default: Any, published: Any) -> None:
    found = spec(values, default, tunable=False)
    assert found["Type"] == "FreeText"
    assert "Range" not in found
    assert found.get("DefaultValue") == published


def test_a_value_fits_its_range_or_does_not() -> None:
    whole, choice = spec(WHOLE, 3), spec({"enum": ["a", "b"]}, "a")
    assert [fits(text, whole) for text in ("1", "9", "0", "10", "2.5", "x")] == [True, True] + [False] * 4
    assert [fits(text, choice) for text in ("a", "c")] == [True, False]
    assert fits("anything", spec({"type": "string"}))


# ---- AWS, as moto plays it ----


@pytest.mark.contract("C3.1")
def test_the_model_package_is_taken_by_moto(listing: Listing, session: Any, tmp_path: Path) -> None:
    """What moto can take of both; what is validated on is where the request says."""
    writing.write(listing, tmp_path / "out")
    placed(listing, bucket=BUCKET)
    listing.requests["model-package"] = json.loads(
        json.dumps(listing.requests["model-package"]).replace("sagemaker-us-east-1-111122223333", BUCKET)
    )
    arn = submitting.submit(listing, "model-package", tmp_path / "out", session)
    taken = session.client("sagemaker").describe_model_package(ModelPackageName=arn)
    sent = listing.requests["model-package"]
    assert taken["InferenceSpecification"] == sent["InferenceSpecification"]
    assert taken["CertifyForMarketplace"] is True
    uri = transform(listing, "model-package")["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    uris = [uri + "batch.csv", sent["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]]
    for one in uris:
        bucket, _, key = one.removeprefix("s3://").partition("/")
        assert session.client("s3").head_object(Bucket=bucket, Key=key)["ContentLength"] > 0


def test_moto_takes_no_algorithm(listing: Listing, session: Any, tmp_path: Path) -> None:
    """C3a: should moto learn CreateAlgorithm, this fails; then submit it in the test above as well."""
    writing.write(listing, tmp_path / "out")
    placed(listing, bucket=BUCKET)
    with pytest.raises((NotImplementedError, ClientError)):
        submitting.submit(listing, "algorithm", tmp_path / "out", session)
