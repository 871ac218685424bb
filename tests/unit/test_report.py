"""The training report: one page that needs nothing from outside, and the same as JSON."""

import html
import io
import json
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from slipway import Report, figure

AWKWARD = '<script>alert("x")</script>'


class Page(HTMLParser):
    """What a browser would load, and the tags that it would see."""

    def __init__(self, text):
        super().__init__()
        self.loads, self.tags = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.loads += [
            value
            for name, value in attrs
            if name in {"src", "href", "xlink:href", "srcset", "data", "action"}
        ]


@pytest.fixture
def written(tmp_path, manifest):
    drawn, axes = figure()
    axes.plot([1, 2, 3], label=AWKWARD)
    axes.set_title(AWKWARD)
    axes.legend()
    report = Report()
    report.add("Elbow", f"What is seen {AWKWARD}", figure=drawn)
    cells = [1.5, np.nan, np.inf, None, AWKWARD, np.int64(7), pd.Timestamp("2020-01-02"), True]
    report.add("Centres", table=pd.DataFrame({"x": pd.Series(cells, dtype=object), AWKWARD: range(8)}))
    report.add("Only words", "Nothing to draw.")
    return report.write(tmp_path / "output/data", "A <title>", manifest)


@pytest.mark.contract("A9.4")
def test_the_page_loads_nothing(written):
    """It is read where there is no network."""
    text = written.read_text()
    assert all(load.startswith("#") for load in Page(text).loads)
    assert not re.search(r"url\(\s*['\"]?(?!#)", text)
    assert "@import" not in text


def test_nothing_that_is_shown_is_run(written):
    text = written.read_text()
    assert "script" not in Page(text).tags
    assert "&lt;script&gt;" in text
    assert "<title>A &lt;title&gt;: training report</title>" in text


def test_figures_are_drawn_into_the_page_and_said_in_words(written):
    page = Page(written.read_text())
    assert page.tags.count("svg") == 1
    assert 'aria-label="What is seen' in written.read_text()


def test_the_same_plot_gives_the_same_bytes(tmp_path, manifest):
    def page(name):
        drawn, axes = figure()
        axes.scatter([1, 2], [3, 4])
        report = Report()
        report.add("Plot", figure=drawn)
        return report.write(tmp_path / name, "Same", manifest).read_bytes()

    assert page("a") == page("b")


def test_a_figure_is_as_matplotlib_would_save_it():
    def drawn():
        found, axes = figure()
        axes.barh(["a long name of a column", "b"], [1, 2], label="bars")
        axes.twinx().plot([3, 2, 1], label="line")
        axes.legend()
        return found

    saved = io.StringIO()
    drawn().savefig(saved, format="svg", metadata={"Date": None})
    report = Report()
    report.add("Plot", figure=drawn())
    assert report.sections[0].figure == saved.getvalue()[saved.getvalue().index("<svg") :]


def test_the_json_holds_the_same_facts(written, manifest):
    facts = json.loads((written.parent / "report.json").read_text())
    assert facts["title"] == "A <title>"
    assert facts["image"] == manifest.image
    first = facts["schema"]["columns"][0]
    assert {name: first[name] for name in ("name", "kind", "optional")} == {
        "name": "x",
        "kind": "number",
        "optional": False,
    }
    assert [section["title"] for section in facts["sections"]] == ["Elbow", "Centres", "Only words"]
    assert [row["x"] for row in facts["sections"][1]["table"]] == [
        1.5,
        None,
        None,
        None,
        AWKWARD,
        7,
        "2020-01-02 00:00:00",
        True,
    ]
    assert facts["sections"][2]["table"] is None


def test_a_report_without_sections_is_still_a_page(tmp_path, manifest):
    assert "Hyperparameters" in Report().write(tmp_path, "Empty", manifest).read_text()


@pytest.mark.parametrize("name", ["cost_$_per_$", "$x$", "a$b_{c$d", "\\frac$$"])
def test_a_name_with_dollars_is_no_formula(tmp_path, manifest, name):
    """A column's name is drawn as it is."""
    drawn, axes = figure()
    axes.bar([name, "plain"], [1, 2], label=name)
    axes.set_xlabel(name)
    axes.legend(title=name)
    report = Report()
    report.add("Columns", figure=drawn)
    assert html.unescape(report.write(tmp_path, "Same", manifest).read_text()).count(f">{name}<") == 4


def test_what_fails_within_a_report_is_told_and_goes_no_further(tmp_path, manifest, capsys):
    report = Report()
    with report.forgiving():
        report.add("First", "is there")
        raise RuntimeError("cannot be drawn")
    assert [section.title for section in report.sections] == ["First", "Incomplete"]
    captured = capsys.readouterr()
    assert "cannot be drawn" in captured.err
    assert "the training report is incomplete" in captured.out + captured.err
