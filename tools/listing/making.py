"""A listing, made of an image and of what its sample gives."""

import re
from pathlib import Path

from .. import ROOT
from . import calls, form, notebook, texts
from . import outcome as outcomes
from .outcome import Outcome
from .place import Place
from .product import KINDS, Listing, Product

WORK = ROOT / ".slipway/listing.work"


def make(image: Path, place: Place, work: Path = WORK, program: Path | None = None) -> Listing:
    """The listing of the image in a folder, whose sample is trained in `work` by `program`, its own Python.

    Raises OutcomeError or ValueError, one line.
    """
    program = program or ROOT / ".slipway/envs" / image.name / "bin/python"
    facts = outcomes.describe(image, program)
    if not facts["listing"]:
        raise ValueError("C2: image.toml has no [listing], the texts that cannot be derived")
    outcome = outcomes.run(image, program, work / image.name)
    return of(Product(facts, image / "sample", place, outcome, notes(image.name, outcome)))


def of(product: Product) -> Listing:
    """All parts of the listing of a product."""
    listing = Listing(product, samples=texts.samples(product))
    listing.requests = {
        "algorithm": calls.algorithm(product),
        "model-package": calls.model_package(product),
    }
    for kind in KINDS:
        listing.texts[kind] = texts.items(product, kind)
        listing.catalog[kind] = form.catalog(product, kind, listing.texts[kind])
        listing.notebooks[kind] = notebook.notebook(product, kind)
    return listing


def notes(name: str, outcome: Outcome) -> str:
    """What the changelog says of an image."""
    entries = re.split(r"^- ", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)[1:]
    own = [" ".join(one.split()) for one in entries if re.match(rf"Affected: (all|{name})\b", one)]
    said = [re.sub(r"^Affected: [^.]*?(?:\d+\.\d+\.\d+)?\. ", "", one) for one in own]
    return "\n".join(f"- {one}" for one in said) or f"Version {outcome.manifest['version']}."
