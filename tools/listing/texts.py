"""The texts of a listing: each required item under the number of the rule that asks for it."""

import json
import platform
from typing import Any

from .. import tables
from . import calls, form
from .outcome import Exchange
from .product import Product

Items = dict[str, dict[str, str]]
_GPU = ("ml.p", "ml.g")


def items(product: Product, kind: str) -> Items:
    """Every item that a listing of this kind must have, by rule and heading."""
    found: Items = {
        "C2.1": _what(product),
        "C2.4": _input(product),
        "C2.5": _output(product),
        "C2.6": _examples(product, kind),
        "C2.8": {"Notebook": _notebook(product, kind)},
        "C2.9": _form(product, kind),
        "C2.10": {"Pricing": _pricing(product)},
    }
    if kind == "algorithm":
        found["C2.3"] = {"Algorithm category": product.facts["listing"]["category"]}
        found["C2.7"] = _training(product)
        found["C2.11"] = {"Tuning": _tuning(product)}
    else:
        found["C2.2"] = _trained(product)
    return dict(sorted(found.items(), key=lambda entry: int(entry[0].removeprefix("C2."))))


def markdown(product: Product, kind: str, found: Items) -> str:
    """The listing to read and to copy from."""
    lines = [
        f"# {product.facts['title']}",
        f"As {kind.replace('-', ' ')}, version {product.facts['version']}.",
    ]
    for number in sorted(found, key=lambda one: int(one.removeprefix("C2."))):
        for heading, text in found[number].items():
            lines += [f"## {heading}", text.rstrip("\n")]
    return "\n\n".join(lines) + "\n"


def samples(product: Product) -> dict[str, bytes]:
    """Files of requests and answers, by path: `request.csv`, and the answers as `request.csv.out.json`."""
    found = {
        f"train/{channel}/{path.relative_to(product.sample / channel).as_posix()}": path.read_bytes()
        for channel in product.channels
        for path in product.files(channel)
    }
    for one in product.outcome.real_time:
        found[f"{one.name}.{one.suffix}"] = one.request
        found[f"{one.name}.{one.suffix}.out.{one.answer_suffix}"] = one.answer
    found["batch.csv"] = product.outcome.batch.request
    found["batch.csv.out"] = product.outcome.batch.answer
    return found


def _what(product: Product) -> dict[str, str]:
    facts = product.facts
    formats = tables.table(
        ["content type", "in training", "in a request", "as an answer"],
        [
            [f"`{one}`", "yes", "yes", "yes" if one in facts["accept"] else ""]
            for one in facts["content_types"]
        ],
    )
    return {
        "What it does": f"{facts['summary']} {facts['row_rule']}",
        "For each content type": "The same rows in any of these; the answer is in the format that is "
        f"asked for.\n\n{formats}",
        "Use cases": _list(facts["listing"]["use_cases"]),
    }


def _trained(product: Product) -> dict[str, str]:
    """What is said of a model that is sold trained."""
    outcome, listing = product.outcome, product.facts["listing"]
    scores = [f"{name} {value:.4g}" for name, value in outcome.metrics.items()]
    facts = product.facts["instances"]
    return {
        "What the model was trained on": listing["sample_data"],
        "Known limits": _list(listing["limits"]),
        "Validation": "Measured when it was trained, on rows and by the rules that the README names: "
        f"{', '.join(scores)}.",
        "Latency and throughput": (
            f"A request of one row takes {outcome.latency_ms:.1f} ms (median of 20, one client), "
            f"{1000 / outcome.latency_ms:.0f} a second, on the machine that made this listing "
            f"({platform.machine()}), not on {facts['hosting'][0]}: the notebook measures it there."
        ),
    }


def _input(product: Product) -> dict[str, str]:
    types = ", ".join(f"`{one}`" for one in product.facts["content_types"])
    columns = tables.table(
        ["column", "kind", "may be left out"],
        [
            [f"`{one['name']}`", one["kind"], "yes" if one["optional"] else ""]
            for one in product.outcome.reads
        ],
    )
    paths = [f"{one.name}.{one.suffix}" for one in product.outcome.real_time]
    return {
        "Input, real time": f"Rows, in one of {types}. {product.facts['row_rule']} With names (a header, "
        "keys of JSON) columns may come in any order; without, in the order of training. An empty "
        "cell is a gap.",
        "Columns of the sample": columns,
        "Input, batch": "The same, one row per line, without a header, so that a job may split by line "
        "(SplitType Line): each line is answered by one line, in order.",
        "Limits of input": "An endpoint takes 25 MB and 60 s a request, a batch transform 100 MB and an "
        "hour. " + " ".join(product.facts["listing"]["limits"]),
        "Samples of input": _links(product, [*paths, "batch.csv"])
        + "\n\n"
        + _shown(product.outcome.batch.request),
    }


def _output(product: Product) -> dict[str, str]:
    types = ", ".join(f"`{one}`" for one in product.facts["accept"])
    columns = tables.table(
        ["column", "what it is"],
        [[f"`{name}`", form.described(product, name)] for name in product.outcome.columns],
    )
    first: Exchange = product.outcome.real_time[0]
    paths = [f"{one.name}.{one.suffix}.out.{one.answer_suffix}" for one in product.outcome.real_time]
    return {
        "Output, real time": "One answer per row, in the order of the request, as `Accept` asks in one of "
        f"{types}.",
        "Columns of the answer": columns,
        "Output, batch": "One line per row, without a header, assembled by line (AssembleWith Line). An "
        "invalid row fails its request with 400 and a message that names the row.",
        "Samples of output": _links(product, [*paths, "batch.csv.out"])
        + f"\n\nTo {first.name}.{first.suffix}, as {first.accept}:\n\n{_shown(first.answer)}"
        + f"\n\nTo batch.csv:\n\n{_shown(product.outcome.batch.answer)}",
    }


def _examples(product: Product, kind: str) -> dict[str, str]:
    first = product.outcome.real_time[0]
    cli = (
        "aws sagemaker-runtime invoke-endpoint --endpoint-name my-endpoint \\\n"
        f"  --content-type {first.content_type} --accept {first.accept} \\\n"
        f"  --body fileb://samples/{first.name}.{first.suffix} answer.{first.answer_suffix}"
    )
    sdk = (
        "import boto3\n\n"
        'answer = boto3.client("sagemaker-runtime").invoke_endpoint(\n'
        '    EndpointName="my-endpoint",\n'
        f'    ContentType="{first.content_type}",\n'
        f'    Accept="{first.accept}",\n'
        f'    Body=open("samples/{first.name}.{first.suffix}", "rb").read(),\n'
        ")\n"
        'print(answer["Body"].read().decode())'
    )
    return {
        "Example with the AWS CLI": f"```sh\n{cli}\n```",
        "Example with boto3": f"```python\n{sdk}\n```\n\nBatch transforms: see the notebook {kind}.ipynb.",
    }


def _training(product: Product) -> dict[str, str]:
    facts = product.facts
    job = {
        "TrainingJobName": "my-job",
        "AlgorithmSpecification": {
            "AlgorithmName": product.place.arn("algorithm", product.resource),
            "TrainingInputMode": "File",
        },
        "HyperParameters": calls.canonical(product),
        "ResourceConfig": {
            "InstanceType": facts["instances"]["training"][0],
            "InstanceCount": 1,
            "VolumeSizeInGB": 30,
        },
    }
    gpu = [one for one in facts["instances"]["training"] if one.startswith(_GPU)]
    tunable = [one["name"] for one in facts["hyperparameters"] if one["tunable"]]
    paths = [path for path in samples(product) if path.startswith("train/")]
    return {
        "What training needs": f"{facts['listing']['training_data']}\n\n{tables.channels(facts)}",
        "Samples of training": f"{facts['listing']['sample_data']}\n\n{_links(product, paths)}",
        "Example of training": "CreateTrainingJob takes this, with your role and your data (InputDataConfig, "
        f"OutputDataConfig); the notebook does it all:\n\n```json\n{json.dumps(job, indent=2)}\n```",
        "Hyperparameters": tables.hyperparameters(facts),
        "Metrics": tables.metrics(facts),
        "What is supported": _list(
            [
                f"Hyperparameter tuning: {'yes, of ' + ', '.join(tunable) if tunable else 'no'}.",
                f"Distributed training: {'yes' if facts['distributed'] else 'no; one instance is used'}.",
                f"GPU instances: {'yes' if gpu else 'no; it runs on CPUs'}.",
                "Input modes: File, FastFile and Pipe; LibSVM and Excel not through Pipe.",
            ]
        ),
    }


def _tuning(product: Product) -> str:
    listing = product.facts["listing"]
    ranges = [f"`{name}`: {', '.join(map(str, ends))}" for name, ends in listing["tuning"].items()]
    return f"Tune by `{listing['objective']}`. The notebook searches:\n\n{_list(ranges)}"


def _form(product: Product, kind: str) -> dict[str, str]:
    facts = product.facts["instances"]
    usage = [
        "Subscribe, then run the notebook: it finds its data in samples/ and needs no parameters."
        if kind == "algorithm"
        else "Subscribe, then run the notebook: it needs no parameters.",
        "A request that cannot be used is answered with 400 and one line that says what was wrong, what was "
        "expected and the value received; nothing of it is billed by inference.",
        "The container needs no network and no credentials.",
        f"Options of a request are sent as custom attributes, `name=value;name=value`: {_options(product)}.",
    ]
    rows = {"training": facts["training"][0]} if kind == "algorithm" else {}
    rows |= {"real time": facts["hosting"][0], "batch": facts["transform"][0]}
    return {
        "Usage instructions": "\n".join(f"- {line}" for line in usage),
        "Input parameters": _table(form.inputs(product)),
        "Custom attributes": _table(form.attributes(product)),
        "Output parameters": _table(form.outputs(product)),
        "Recommended instance types": _list([f"{use}: {one}" for use, one in rows.items()]),
    }


def _options(product: Product) -> str:
    return ", ".join(one["name"] for one in product.facts["options"]) or "there are none"


def _pricing(product: Product) -> str:
    listing = product.facts["listing"]
    if listing["pricing"] == "free":
        return "Free: buyers pay for the infrastructure alone."
    trial = f"free for {listing['trial_days']} days" if listing["trial_days"] else "without a free trial"
    by = "by the hour" if listing["pricing"] == "hourly" else "by inference, batch and training by the hour"
    return f"{by.capitalize()}, {trial}."


def _notebook(product: Product, kind: str) -> str:
    return (
        f"{product.place.url(product.name, f'{kind}.ipynb')}: the whole flow, in any region, on the sample."
    )


def _table(parameters: list[dict[str, Any]]) -> str:
    if not parameters:
        return "None.\n"
    return tables.table(
        [{"AlwaysReturned": "always there"}.get(name, name.lower()) for name in parameters[0]],
        [[_cell(value) for value in one.values()] for one in parameters],
    )


def _cell(value: Any) -> str:
    return ("yes" if value else "") if isinstance(value, bool) else str(value)


def _links(product: Product, paths: list[str]) -> str:
    return _list([f"[{path}]({product.place.url(product.name, f'samples/{path}')})" for path in paths])


def _shown(content: bytes, most: int = 1200) -> str:
    text = content.decode()
    return f"```\n{text[:most].rstrip()}{' …' if len(text) > most else ''}\n```"


def _list(lines: Any) -> str:
    return "\n".join(f"- {line}" for line in lines)
