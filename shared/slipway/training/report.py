"""The training report: one self-contained HTML page, and the same facts as JSON."""

import contextlib
import io
import math
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from slipway.log import log
from slipway.manifest import Manifest, as_json

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

COLOURS = ("#2563eb", "#f59e0b", "#10b981", "#ef4444", "#8b5cf6", "#14b8a6", "#f472b6", "#64748b")
_STYLE: dict[Any, Any] = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.titlesize": 11,
    "grid.alpha": 0.25,
    "font.size": 10,
    "text.parse_math": False,  # a column's name may hold dollars, and is no formula
    "svg.fonttype": "none",  # text stays text: small, searchable, in the page's own font
    "svg.hashsalt": "slipway",  # the same plot gives the same bytes
}


@dataclass
class Section:
    """One part of the page; whatever is None is left out."""

    title: str
    text: str = ""
    table: "DataFrame | None" = None
    figure: str | None = None
    """Inline SVG."""
    alt: str = ""


class Report:
    """The report of one job, grown section by section."""

    def __init__(self) -> None:
        self.sections: list[Section] = []

    def add(
        self,
        title: str,
        text: str = "",
        table: "DataFrame | None" = None,
        figure: "Figure | None" = None,
    ) -> None:
        """Adds a section. `text` says what is to be seen, and stands for the figure where it cannot be."""
        self.sections.append(
            Section(title, text, table, _svg(figure) if figure is not None else None, text or title)
        )

    @contextlib.contextmanager
    def forgiving(self) -> Iterator[None]:
        """What fails in here is logged and costs the rest of the report; never the model."""
        try:
            yield
        except Exception:  # whatever drawing raises
            traceback.print_exc()
            log("train", "the training report is incomplete, see above; the model is not affected")
            self.add("Incomplete", "The rest of this report could not be made; the log says why.")

    def write(self, folder: Path, title: str, manifest: Manifest) -> Path:
        """Writes report.html and report.json into `folder`; returns the page's path."""
        from jinja2 import Environment, PackageLoader

        folder.mkdir(parents=True, exist_ok=True)
        templates = Environment(
            loader=PackageLoader("slipway.training", "."), autoescape=True, trim_blocks=True
        )
        page = folder / "report.html"
        template = templates.get_template("report.html.j2")
        page.write_text(
            template.render(title=title, manifest=manifest, sections=self.sections, shown=_shown),
            encoding="utf-8",
        )
        (folder / "report.json").write_text(as_json(self._facts(title, manifest)))
        return page

    def _facts(self, title: str, manifest: Manifest) -> dict[str, Any]:
        return {
            "title": title,
            **manifest.model_dump(mode="json", by_alias=True, exclude={"files"}),
            "sections": [
                {"title": section.title, "text": section.text, "table": _records(section.table)}
                for section in self.sections
            ],
        }


def figure(width: float = 7.0, height: float = 3.2) -> "tuple[Figure, Axes]":
    """An empty plot in the house's style, `width` by `height` inches; needs no display."""
    import matplotlib
    from cycler import cycler
    from matplotlib.figure import Figure

    matplotlib.rcParams.update(_STYLE)
    matplotlib.rcParams["axes.prop_cycle"] = cycler(color=COLOURS)
    found = Figure(figsize=(width, height), layout="constrained")
    return found, found.add_subplot()


def _svg(drawn: "Figure") -> str:
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    buffer = io.StringIO()
    # The same bytes as of savefig, which draws everything once more to lay it out.
    FigureCanvasSVG(drawn).print_svg(buffer, metadata={"Date": None})  # type: ignore[no-untyped-call]
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def _shown(value: Any) -> str:
    """A number as a reader wants it: four digits that count."""
    if isinstance(value, float):
        return "" if value != value else f"{value:.4g}" if abs(value) < 1e6 else f"{value:,.0f}"
    return "" if value is None else str(value)


def _plain(value: Any) -> Any:
    """A cell as JSON can hold it: null for what is not finite, text for what is neither number nor text."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, int | str) else str(value)


def _records(table: "DataFrame | None") -> list[dict[str, Any]] | None:
    if table is None:
        return None
    return [
        {str(name): _plain(cell) for name, cell in row.items()}
        for row in table.astype(object).to_dict("records")
    ]
