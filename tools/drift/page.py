"""The page: each column with both distributions, those that drifted first. Nothing is from outside."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from slipway.drift.measure import LEAST

from .. import ROOT
from .answer import DriftAnswer

_WEB = ROOT / "tools/web"


def page(answer: DriftAnswer, source: str, notes: tuple[str, ...] = ()) -> str:
    """HTML. `source` says what was looked at, `notes` what is to be known of it."""
    templates = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True)
    template = templates.get_template("page.html.j2")
    style = (_WEB / "style.css").read_text()
    return template.render(answer=answer, source=source, notes=notes, least=LEAST, style=style)
