"""The files that a job leaves beside its report: README.md, model-card.json, and metrics for a registry.

They lie in output/data and not in the model's folder: whoever publishes a model edits its card, and no file
of a model may change.
"""

import html
import re
from pathlib import Path

from slipway.image import Image
from slipway.manifest import Manifest, as_json
from slipway.table.table import Table
from slipway.training.cards import quality
from slipway.training.cards.facts import COLUMNS, Facts
from slipway.training.cards.sagemaker import card

CARD = "model-card.json"
README = "README.md"
QUALITY = "model-quality.json"
STATISTICS = "data-statistics.json"
# What Hugging Face calls a task, where it knows it: https://huggingface.co/tasks
_TAGS = {
    "binary classification": "tabular-classification",
    "multiclass classification": "tabular-classification",
    "regression": "tabular-regression",
    "forecasting": "time-series-forecasting",
}


def write(folder: Path, image: Image, manifest: Manifest, task: str, table: Table | None) -> Path:
    """Writes the files into `folder`, which exists; returns the card for readers, README.md."""
    missing = None
    if table is not None:
        there = [one.name for one in manifest.reads.columns if one.name in table]
        missing = {name: int(table.gaps(name).sum()) for name in there if table.refused(name) is None}
    facts = Facts(image, manifest, task, None if table is None else table.height, missing)
    files = {
        README: readme(facts),
        CARD: as_json(card(facts)),
        QUALITY: as_json(quality.model_quality(facts)),
    }
    if (statistics := quality.data_statistics(facts)) is not None:
        files[STATISTICS] = as_json(statistics)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder / README


def readme(facts: Facts) -> str:
    """The card in Hugging Face's form: https://huggingface.co/docs/hub/model-cards."""
    from jinja2 import Environment, PackageLoader

    # Markdown, in which cells are escaped one by one.
    templates = Environment(loader=PackageLoader("slipway.training", "cards"), trim_blocks=True)
    templates.filters["cell"] = _cell
    further = len(facts.manifest.reads.columns) - COLUMNS
    template = templates.get_template("README.md.j2")
    return template.render(facts=facts, tag=_TAGS.get(facts.task, ""), further=further).strip() + "\n"


def _cell(text: str) -> str:
    return html.escape(re.sub(r"([\\`*_\[\]|])", r"\\\1", text), quote=False)
