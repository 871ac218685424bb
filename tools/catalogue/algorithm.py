"""What the page of an image says: what was captured of it, its README, what was measured of it."""

import json
import re
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from markupsafe import Markup

from .. import ROOT, tables
from . import prose
from .site_writer import Site

_LINES, _CHARACTERS = 14, 2400  # of a body that is printed; the whole is a file next to the page


@dataclass(frozen=True)
class Algorithm:
    """One image, tried."""

    capture: dict[str, Any]
    folder: Path
    """Where the capture's files are."""

    @property
    def facts(self) -> dict[str, Any]:
        found: dict[str, Any] = self.capture["facts"]
        return found

    @property
    def name(self) -> str:
        return str(self.facts["name"])

    @property
    def place(self) -> str:
        return f"{self.name}/index.html"

    @property
    def source(self) -> Path:
        return ROOT / "images" / self.name

    @cached_property
    def readme(self) -> list[prose.Section]:
        return prose.sections((self.source / "README.md").read_text())

    @property
    def intro(self) -> str:
        """What the README says first, without its commands, which the page has in a place of their own."""
        paragraphs = self.readme[0].text.split("\n\n")
        return "\n\n".join(text for text in paragraphs if not text.startswith("    make "))

    @property
    def guide(self) -> list[prose.Section]:
        """The README's own sections."""
        return [section for section in self.readme[1:] if not section.generated]

    def note(self, part: str) -> str:
        """What the README says next to a generated table."""
        return "\n\n".join(section.text for section in self.readme if part in section.generated)

    def table(self, part: str) -> str:
        """A table of facts as Markdown, as the README has it."""
        make = {
            "hyperparameters": tables.hyperparameters,
            "options": tables.options,
            "channels": tables.channels,
            "metrics": tables.metrics,
        }
        return make[part](self.facts)

    @property
    def answer_columns(self) -> list[str]:
        """What an answer consists of, by the sample's own."""
        answers = [one["answer"] for one in self.capture["answered"] if one["answer"]["type"] == _JSON]
        rows = _rows(json.loads(answers[0]["text"])) if answers else []
        return list(rows[0]) if rows and isinstance(rows[0], dict) else []

    @property
    def unknown(self) -> int:
        return sum(library["licence"] == "unknown" for library in self.capture["libraries"])

    @cached_property
    def size(self) -> dict[str, str] | None:
        """The image's size where it was built on this machine, else None: never a guess."""
        tag = f"slipway/{self.name}:{self.facts['version']}"
        form = '{"bytes": {{.Size}}, "architecture": "{{.Architecture}}"}'
        command = ["docker", "image", "inspect", tag, "--format", form]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
        except (OSError, subprocess.TimeoutExpired):
            return None
        if done.returncode != 0:
            return None
        found = json.loads(done.stdout)
        return {"tag": tag, "size": f"{found['bytes'] / 1e6:,.0f} MB", "on": found["architecture"]}

    @cached_property
    def measured(self) -> list[prose.Section]:
        """The parts of the benchmarks that name this image: its folder, or a script called like it."""
        path = ROOT / "benchmarks/README.md"
        naming = re.compile(rf"(images/|IMG=|benchmarks/){self.name}\b")
        found = prose.sections(path.read_text()) if path.exists() else []
        return [section for section in found if naming.search(section.text) and "|" in section.text]

    def write(self, site: Site) -> None:
        """The page, the bodies of requests and answers, the training report."""
        resolve = site.resolver(self.source / "README.md", self.place)
        beside = site.resolver(ROOT / "benchmarks/README.md", self.place)

        def shown(text: str, deeper: int = 1, label: str = "table") -> Markup:
            return prose.html(text, resolve, deeper, label)

        files = site.out / self.name / "files"
        files.mkdir(parents=True, exist_ok=True)
        for path in (self.folder / "files").iterdir():
            (files / path.name).write_bytes(path.read_bytes())
        report = (self.folder / self.capture["report"]).read_text()
        (site.out / self.name / "report.html").write_text(report)
        site.write(
            self.place,
            "algorithm.html.j2",
            self.facts["title"],
            image=self,
            facts=self.facts,
            capture=self.capture,
            shown=shown,
            measured=[
                (section, prose.html(section.text, beside, 1, section.title)) for section in self.measured
            ],
            body=body,
            curl=curl,
        )
        self._index(site)

    def _index(self, site: Site) -> None:
        title = self.facts["title"]
        about = " ".join([self.name, self.facts["summary"], self.facts["row_rule"], self.intro])
        site.index(title, "Algorithm", self.place, about)
        for part in ("hyperparameters", "options", "channels", "metrics"):
            site.index(
                title, part.capitalize(), f"{self.place}#{part}", self.table(part) + "\n" + self.note(part)
            )
        for section in self.guide:
            site.index(title, section.title, f"{self.place}#{section.part}", section.text)
        for section in self.measured:
            site.index(title, f"Measured: {section.title}", f"{self.place}#measured", section.text)
        names = " ".join(library["name"] for library in self.capture["libraries"])
        site.index(title, "Libraries", f"{self.place}#libraries", names)


_JSON = "application/json"


def body(one: dict[str, Any]) -> dict[str, Any]:
    """A body as it is printed: JSON with one row per line, long ones cut."""
    text = one["text"] if one["text"] is not None else one.get("holds", "")
    spread = one["type"] == _JSON and text.count("\n") < 2
    if spread:
        text = _spread(text)
    lines = text.rstrip("\n").split("\n")
    cut = "\n".join(lines[:_LINES])[:_CHARACTERS]
    return {"text": cut, "spread": spread, "cut": cut != "\n".join(lines), "binary": one["text"] is None}


def _spread(text: str) -> str:
    """A JSON document with a line for each row; the same characters, but for white space."""
    document = json.loads(text)
    rows = _rows(document)
    if not isinstance(document, dict) or not rows:
        return text
    name = next(name for name, value in document.items() if value is rows)
    lines = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in rows)
    rest = "".join(
        f', "{key}": {json.dumps(value, ensure_ascii=False)}'
        for key, value in document.items()
        if key != name
    )
    return f'{{"{name}": [\n  {lines}\n]{rest}}}'


def _rows(document: Any) -> list[Any]:
    """The list of answers in a JSON document."""
    if not isinstance(document, dict):
        return []
    return next((value for value in document.values() if isinstance(value, list)), [])


def curl(one: dict[str, Any]) -> str:
    """The command that sends a request to what `make serve` serves."""
    parts = ["curl -s http://localhost:8080/invocations", f"-H 'Content-Type: {one['sent']['type']}'"]
    if one["accept"]:
        parts.append(f"-H 'Accept: {one['accept']}'")
    if one["attributes"]:
        parts.append(f"-H 'X-Amzn-SageMaker-Custom-Attributes: {one['attributes']}'")
    return " \\\n  ".join([*parts, f"--data-binary @{one['sent']['name']}"])
