"""The site: its pages, their links among one another, the files next to them, the index of the search."""

import json
import os
import re
import shutil
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from .. import ROOT
from . import prose

WEB = ROOT / "tools/web"
BENCHMARKS = ROOT / "benchmarks/README.md"
_HERE = Path(__file__).resolve().parent
# Documents that are pages of the site; an image's README becomes part of the image's own page.
_DOCUMENTS = ("*.md", "docs/**/*.md", "benchmarks/*.md", "images/*/*.md")


@dataclass
class Site:
    """A site that is being written into `out`."""

    out: Path
    entries: list[dict[str, str]] = field(default_factory=list)
    """What the search finds: id, title, part, url, text."""

    def __post_init__(self) -> None:
        loader = FileSystemLoader([_HERE / "templates", WEB])
        self._templates = Environment(
            loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
        )
        self._templates.filters["markdown"] = prose.line
        self.pages = {path: _page(path) for path in documents()}

    def write(self, place: str, template: str, title: str, **context: Any) -> None:
        """One page, at `place` below the site's root."""
        path = self.out / place
        path.parent.mkdir(parents=True, exist_ok=True)
        top = "../" * place.count("/")
        text = self._templates.get_template(template).render(title=title, top=top, **context)
        path.write_text(text, encoding="utf-8")

    def index(self, title: str, part: str, url: str, text: str) -> None:
        """Lets the search find `text` at `url`."""
        entry = {"title": title, "part": part, "url": url, "text": prose.words(text)}
        self.entries.append({"id": str(len(self.entries)), **entry})

    def resolver(self, source: Path, place: str) -> prose.Resolve:
        """Leads the links of the document `source`, which stands on the page `place`."""

        def resolve(link: str) -> str | None:
            link, _, anchor = link.partition("#")
            target = (source.parent / link).resolve() if link else source
            there = self.pages.get(target) or self._copied(target)
            if there is None:
                return None
            if anchor and is_readme(target):
                anchor = _parts(target).get(anchor, anchor)
            page = "" if there == place and anchor else _relative(there, place)
            return f"{page}#{anchor}" if anchor else page

        return resolve

    def _copied(self, target: Path) -> str | None:
        """A file of the repository, next to the pages as text; folders are not on the site."""
        if not target.is_file() or ROOT not in target.parents:
            return None
        place = f"source/{target.relative_to(ROOT)}.txt"
        (self.out / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(target, self.out / place)
        return place

    def title(self, path: Path) -> str:
        return prose.heading(path.read_text()) or path.stem

    def document(self, path: Path) -> None:
        """The page of a document."""
        text, place, title = path.read_text(), self.pages[path], self.title(path)
        body = re.sub(r"\A\s*# .*\n", "", text)
        self.write(
            place,
            "document.html.j2",
            title,
            path=str(path.relative_to(ROOT)),
            part="benchmarks" if path == BENCHMARKS else "documents",
            body=prose.html(body, self.resolver(path, place), label=title),
        )
        for section in prose.sections(text):
            anchor = f"#{section.slug}" if section.title else ""
            self.index(title, section.title or "Document", place + anchor, section.text)

    def finish(self) -> None:
        """What all pages share: style, scripts, the search's index."""
        target = self.out / "assets"
        target.mkdir(parents=True, exist_ok=True)
        for path in (WEB / "style.css", WEB / "page.js", WEB / "search.js", WEB / "vendor/minisearch.js"):
            shutil.copyfile(path, target / path.name)
        index = json.dumps(self.entries, ensure_ascii=False).replace("</", "<\\/")
        (target / "entries.js").write_text(f"window.ENTRIES = {index};\n", encoding="utf-8")


def documents() -> list[Path]:
    """The documents of the repository, the front page's first."""
    found = [path for pattern in _DOCUMENTS for path in sorted(ROOT.glob(pattern))]
    return list(dict.fromkeys(found))


def is_readme(path: Path) -> bool:
    """Whether a document is the README of an image."""
    return path.name == "README.md" and path.parent.parent == ROOT / "images"


@cache
def _parts(readme: Path) -> dict[str, str]:
    """The ids that an image's page has for the headings of its README."""
    return {section.slug: section.part for section in prose.sections(readme.read_text())}


def _page(path: Path) -> str:
    if is_readme(path) or path == BENCHMARKS:
        return f"{path.parent.name}/index.html"
    return f"documents/{path.relative_to(ROOT).with_suffix('.html')}"


def _relative(there: str, place: str) -> str:
    return os.path.relpath(there, os.path.dirname(place) or ".")  # noqa: PTH120  # of URLs, not of files
