"""What is true of every good page: links lead somewhere, the console is quiet, nobody is kept out."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PHONE = {"width": 390, "height": 844}
# Marks one text of each look: contrast is decided by how a text and all that it stands on are painted, so
# that the other thousand cells of a table can say nothing else.
_ONE_OF_EACH_LOOK = """() => {
  const painted = (one, pseudo) => {
    const style = getComputedStyle(one, pseudo);
    return [style.color, style.backgroundColor, style.backgroundImage, style.opacity, style.fontSize,
            style.fontWeight, style.position, style.fill, style.mixBlendMode, style.filter,
            style.textShadow, style.visibility, style.display === "none"].join();
  };
  const looks = new Map();
  const look = (one) => {
    if (!looks.has(one)) {
      const under = one.parentElement ? look(one.parentElement) : "";
      const drawn = [painted(one), ...["::before", "::after"].map((pseudo) => {
        const content = getComputedStyle(one, pseudo).content;
        return content === "none" || content === "normal" ? "" : painted(one, pseudo);
      })];
      looks.set(one, `${under}/${drawn.join("|")}`);
    }
    return looks.get(one);
  };
  const seen = new Set();
  for (const one of document.body.querySelectorAll("*")) {
    one.removeAttribute("data-look");
    const says = one.matches("input, select, textarea") || [...one.childNodes].some((node) =>
      node.nodeType === Node.TEXT_NODE && node.textContent.trim());
    const kind = one.closest("svg") || !one.closest("td, th") ? one : look(one);
    if (says && !seen.has(kind)) {
      seen.add(kind);
      one.setAttribute("data-look", "");
    }
  }
}"""


class _Document(HTMLParser):
    """The links and the anchors of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.links += [link for name in ("href", "src", "action") if (link := given.get(name))]
        self.anchors += [name for name in [given.get("id")] if name]


def dead_links(folder: Path) -> list[str]:
    """The links within a site that lead nowhere, anchors too, and anchors that stand twice on a page."""
    pages = {path: _Document(path.read_text()) for path in sorted(folder.rglob("*.html"))}
    found = []
    for path, page in pages.items():
        place = path.relative_to(folder)
        if path.name != "report.html":  # its figures bring names of their own
            twice = {one for one in page.anchors if page.anchors.count(one) > 1}
            found += [f"{place} has #{one} twice" for one in sorted(twice)]
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme in {"http", "https", "data"}:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchors = pages[target].anchors if target in pages else []
            if not target.is_file() or (parts.fragment and parts.fragment not in anchors):
                found.append(f"{place} leads to {link}")
    return found


@dataclass
class Heard:
    """What a browser said while it showed pages."""

    lines: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """The addresses that were asked for."""


@contextmanager
def heard(page: Page) -> Iterator[Heard]:
    """Whatever the console says, whatever fails, and whatever is fetched, until the block ends."""
    found = Heard()
    said = {
        "console": lambda line: found.lines.append(f"{line.type}: {line.text}"),
        "pageerror": lambda error: found.lines.append(f"error: {error}"),
        "requestfailed": lambda request: found.lines.append(f"failed: {request.url}"),
        "request": lambda request: found.asked.append(request.url),
    }
    for event, listener in said.items():
        page.on(event, listener)  # type: ignore[call-overload]
    try:
        yield found
    finally:
        for event, listener in said.items():
            page.remove_listener(event, listener)


def barriers(page: Page, colours: bool | None = None) -> list[str]:
    """What axe finds against WCAG 2 AA in all of the page, closed parts opened.

    Its colours take most of the time: they can be looked at alone (True), once for each look of a
    table's cells, or left out (False).
    """
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    if colours:
        page.evaluate(_ONE_OF_EACH_LOOK)
    only = {"type": "rule", "values": ["color-contrast"]} if colours else {"type": "tag", "values": WCAG}
    options = {"runOnly": only, "resultTypes": ["violations"]}
    if colours is False:
        options["rules"] = {"color-contrast": {"enabled": False}}
    answer = Axe().run(page, context="[data-look]" if colours else None, options=options)
    return [
        f"{one['id']}: {node['html'][:160]} ({node['failureSummary'].splitlines()[-1].strip()})"
        for one in answer.response["violations"]
        for node in one["nodes"]
    ]


def too_wide(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))
