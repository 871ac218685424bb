"""A listing as files."""

import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

from . import calls, texts
from .product import KINDS, Listing

REQUESTS = {"algorithm": "create-algorithm.json", "model-package": "create-model-package.json"}


def write(listing: Listing, folder: Path) -> None:
    """Writes everything into `folder`, in the place of what was there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for kind in KINDS:
        _json(folder / REQUESTS[kind], listing.requests[kind])
        _json(folder / f"{kind}.form.json", listing.catalog[kind])
        _json(folder / f"{kind}.ipynb", listing.notebooks[kind])
        (folder / f"{kind}.md").write_text(texts.markdown(listing.product, kind, listing.texts[kind]))
    for path, content in listing.samples.items():
        place = folder / "samples" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    with tarfile.open(folder / calls.MODEL, "w:gz") as archive:
        archive.add(listing.product.outcome.model, arcname=".")


def _json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
