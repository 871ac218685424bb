"""Markdown as HTML: headings with names, tables that scroll by themselves, links that lead somewhere."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

Resolve = Callable[[str], str | None]
"""Where a relative link leads on the site; None where there is no such place."""

_GENERATED = re.compile(r"<!-- generated: ([a-z]+) -->\n.*?<!-- end -->\n?", re.DOTALL)


@dataclass(frozen=True)
class Section:
    """What stands under a heading of the second level; under none, before the first."""

    title: str
    text: str
    generated: tuple[str, ...] = ()
    """The names of the generated parts that stood in it, which `text` lacks."""

    @property
    def slug(self) -> str:
        return slug(self.title)

    @property
    def part(self) -> str:
        """The id of its place on an algorithm's page, where generated tables have parts of their own."""
        return self.generated[0] if self.generated else f"guide-{self.slug}"


def slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "top"


def sections(text: str) -> list[Section]:
    """A document in parts, without its generated tables. The heading of the first level is left out."""
    found: list[tuple[str, list[str]]] = []
    title, lines, code = "", list[str](), False
    for line in text.splitlines():
        code ^= line.startswith("```")
        if line.startswith("## ") and not code:
            found.append((title, lines))
            title, lines = line[3:].strip(), []
        elif not line.startswith("# ") or code:
            lines.append(line)
    found.append((title, lines))
    return [_section(title, "\n".join(lines) + "\n") for title, lines in found]


def _section(title: str, text: str) -> Section:
    names = tuple(_GENERATED.findall(text))
    return Section(title, _GENERATED.sub("", text).strip("\n"), names)


def heading(text: str) -> str:
    """The heading of the first level; nothing where there is none."""
    match = re.search(r"^# (.+)$", text, re.MULTILINE)
    return match[1].strip() if match else ""


def html(text: str, resolve: Resolve, deeper: int = 0, label: str = "table") -> Markup:
    """`text` as HTML, its headings `deeper` levels down; `label` names its tables to a screen reader."""
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    tokens = parser.parse(re.sub(r"<!--.*?-->\n?", "", text, flags=re.DOTALL))
    tokens = list(_linked(tokens, resolve))
    taken: set[str] = set()
    for place, token in enumerate(tokens):
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(6, int(token.tag[1]) + deeper)}"
        if token.type == "heading_open":
            name = slug(plain(tokens[place + 1]))
            name = name if name not in taken else f"{name}-{len(taken)}"
            taken.add(name)
            token.attrSet("id", name)
    written = parser.renderer.render(tokens, parser.options, {})
    opened = f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(label)}"><table>'
    written = written.replace("<table>", opened).replace("</table>", "</table></div>")
    written = written.replace("<th>", '<th scope="col">').replace("<th style", '<th scope="col" style')
    written = re.sub(r"<th([^>]*)></th>", r"<td\1></td>", written)  # no header, just a corner
    return Markup(written.replace("<pre>", '<pre tabindex="0">'))


def line(text: str, resolve: Resolve = lambda link: None) -> Markup:
    """One line of Markdown, with no paragraph around it."""
    found = html(text, resolve).strip()
    return Markup(found.removeprefix("<p>").removesuffix("</p>"))


def plain(token: Token) -> str:
    """The words of an inline token."""
    return "".join(child.content for child in token.children or []) or token.content


def words(text: str) -> str:
    """Markdown without its marks, for a search index."""
    text = re.sub(r"<!--.*?-->", " ", text, flags=re.DOTALL)
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text)
    return " ".join(re.sub(r"[`*|#]|-{3,}", " ", text).split())


def _linked(tokens: list[Token], resolve: Resolve) -> Iterator[Token]:
    """The tokens with their links led to the site; what leads nowhere on it loses the link, not the words."""
    for token in tokens:
        if token.type == "inline" and token.children:
            kept, dropped = [], False
            for child in token.children:
                if child.type == "link_open":
                    href = str(child.attrs["href"])
                    there: str | None = href if "://" in href else resolve(href)
                    dropped = there is None
                    if there is None:
                        continue
                    child.attrSet("href", there)
                elif child.type == "link_close" and dropped:
                    dropped = False
                    continue
                kept.append(child)
            token.children = kept
        yield token
