"""Everything that a listing is made of, and the listing itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slipway import formats

from .outcome import Outcome
from .place import Place

KINDS = ("algorithm", "model-package")


@dataclass(frozen=True)
class Product:
    """One image as a product: what it says of itself, its sample, and what the sample gave."""

    facts: Mapping[str, Any]
    sample: Path
    place: Place
    outcome: Outcome
    notes: str
    """What is new, from the changelog."""

    @property
    def name(self) -> str:
        return str(self.facts["name"])

    @property
    def resource(self) -> str:
        """What the algorithm and the model package are called on AWS; a version is made once."""
        return f"slipway-{self.name}-{self.facts['version'].replace('.', '-')}"

    @property
    def image(self) -> str:
        return self.place.image(self.name, self.facts["version"])

    @property
    def channels(self) -> list[str]:
        """The channels that the sample has."""
        return sorted(entry.name for entry in self.sample.iterdir() if entry.is_dir())

    def files(self, channel: str) -> list[Path]:
        return sorted(path for path in (self.sample / channel).rglob("*") if path.is_file())

    def content_type(self, channel: str) -> str:
        """The media type of a channel's sample: by the ending of its first file."""
        given = self.facts["channels"][channel]["content_types"]
        if given:
            return str(given[0])
        first = self.files(channel)[0].name.lower()
        return next(one.media_type for one in formats.FORMATS if first.endswith(one.suffixes))


@dataclass
class Listing:
    """What `make listing` writes; rules.py says what must be true of it."""

    product: Product
    requests: dict[str, dict[str, Any]] = field(default_factory=dict)
    """CreateAlgorithm and CreateModelPackage, by kind of product."""
    texts: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    """By kind: the number of a rule, then heading and text."""
    catalog: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By kind: the fields that AWS Marketplace asks for."""
    notebooks: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By kind: a Jupyter notebook."""
    samples: dict[str, bytes] = field(default_factory=dict)
    """The content of each file under samples/, by its path."""
