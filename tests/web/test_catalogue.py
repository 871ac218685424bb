"""The catalogue: what it says is what the images say and do, and everybody can read it."""

import hashlib
import json
import re
import shutil
import tomllib
from pathlib import Path

import pytest
from playwright.sync_api import Page

from harness.places import REPOSITORY
from tools.catalogue.algorithm import Algorithm
from tools.catalogue.site_writer import Site
from web.checks import barriers, dead_links, heard, too_wide
from web.conftest import NAMES, Built


@pytest.fixture(scope="session")
def places(built: Built) -> list[Path]:
    return sorted(built.site.rglob("*.html"))


@pytest.fixture(params=NAMES)
def capture(request, built):
    return json.loads((built.captures / request.param / "capture.json").read_text())


def text(page: Page, place: Path) -> str:
    page.goto(place.as_uri())
    return str(page.evaluate("document.body.textContent"))


def test_every_link_leads_somewhere(built):
    assert not dead_links(built.site)


def test_a_dead_link_would_be_found(built, tmp_path):
    copy = shutil.copytree(built.site, tmp_path / "site")
    index = copy / "index.html"
    index.write_text(
        index.read_text().replace("</main>", '<a href="nowhere.html">x</a><a href="#no">y</a></main>')
    )
    assert dead_links(copy) == ["index.html leads to nowhere.html", "index.html leads to #no"]


def test_no_page_complains_nor_fetches_from_elsewhere_nor_is_too_wide_for_a_phone(places, page):
    with heard(page) as said:
        for place in places:
            page.goto(place.as_uri())
            assert too_wide(page) <= 0, f"{place.name} is {too_wide(page)} pixels wider than a phone"
    assert not said.lines
    assert all(url.startswith(("file:", "data:")) for url in said.asked)


def sheet_of(place: Path) -> str:
    """A page's own style, and the site's if it takes that: a training report has colours of its own."""
    top = next(parent for parent in place.parents if (parent / "assets").is_dir())
    own = place.read_text()
    return own + ((top / "assets/style.css").read_text() if "assets/style.css" in own else "")


def test_no_page_has_a_barrier(places, browser):
    """WCAG 2 AA by axe: colours in light and in dark, and all else once.

    Documents share their colours: the longest, which has every kind of element, stands for them.
    """
    documents = [place for place in places if "documents" in place.parts]
    longest = max(documents, key=lambda place: place.stat().st_size)
    coloured = [place for place in places if place not in documents or place == longest]
    darkened = [place for place in coloured if "light-dark" in sheet_of(place)]
    for scheme, shown in (("light", places), ("dark", darkened)):
        context = browser.new_context(color_scheme=scheme)
        page, found = context.new_page(), {}
        for place in shown:
            page.goto(place.as_uri())
            wrong = barriers(page, False) if scheme == "light" else []
            wrong += barriers(page, True) if place in coloured else []
            if wrong:
                found[f"{place.parent.name}/{place.name}"] = wrong
        context.close()
        assert not found, f"{scheme}: {found}"


def test_faint_text_an_error_and_a_wide_page_would_be_found(built, page, tmp_path):
    copy = shutil.copytree(built.site, tmp_path / "site")
    faint = '<p style="color: #bbb; background: #fff; width: 500px">faint</p><script>nothing.there</script>'
    cells = "<tr><td>dark</td></tr><tr><td>as dark</td></tr>"
    faint += f'<table>{cells}<tr><td style="color: #bbb">cell</td></tr></table>'
    index = copy / "index.html"
    index.write_text(index.read_text().replace("</main>", f"{faint}</main>"))
    with heard(page) as said:
        page.goto(index.as_uri())
        assert too_wide(page) > 0
    assert [line for line in said.lines if "nothing is not defined" in line]
    for colours in (None, True):
        found = [line for line in barriers(page, colours) if line.startswith("color-contrast")]
        assert [part for part in ("faint</p>", "cell</td>") if not any(part in line for line in found)] == []


def test_the_theme_can_be_changed_and_is_kept(built, browser):
    context = browser.new_context(color_scheme="light")
    page = context.new_page()
    page.goto((built.site / "index.html").as_uri())
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.get_by_role("button", name="Dark mode").click()
    dark = page.evaluate(paper)
    assert light != dark
    assert page.get_by_role("button", name="Dark mode").get_attribute("aria-pressed") == "true"
    page.goto((built.site / "search.html").as_uri())
    assert page.evaluate(paper) == dark
    context.close()


def test_the_front_page_leads_to_each_image(built, page, capture):
    page.goto((built.site / "index.html").as_uri())
    facts = capture["facts"]
    card = page.locator(".card", has_text=facts["title"]).first
    assert facts["choose"]["have"] in card.inner_text()
    assert facts["choose"]["want"] in card.inner_text()
    card.get_by_role("link").click()
    assert page.locator("h1").inner_text() == facts["title"]


def test_the_search_finds_an_image_by_name_and_by_hyperparameter(built, page, capture):
    facts = capture["facts"]
    page.goto((built.site / "index.html").as_uri())
    page.get_by_role("searchbox").fill(facts["title"])
    page.get_by_role("searchbox").press("Enter")
    page.wait_for_url("**/search.html?q=*")
    assert page.locator(".found a").first.get_attribute("href").startswith(f"{facts['name']}/")
    for one in facts["hyperparameters"][:6]:
        page.get_by_role("searchbox").fill(one["name"])
        links = [link.get_attribute("href") for link in page.locator(".found a").all()]
        assert f"{facts['name']}/index.html#hyperparameters" in links, one["name"]
    page.get_by_role("searchbox").fill("xqzzyx")
    assert "Nothing found" in page.locator("#count").inner_text()


def test_a_page_tells_every_fact_of_its_image(built, page, capture):
    facts = capture["facts"]
    said = text(page, built.site / facts["name"] / "index.html")
    names = [one["name"] for part in ("hyperparameters", "options") for one in facts[part]]
    names += [*facts["channels"], *facts["metrics"], *capture["metrics"]]
    names += [kind for kinds in facts["instances"].values() for kind in kinds]
    names += [
        *facts["content_types"],
        *facts["accept"],
        facts["version"],
        facts["license"],
        facts["row_rule"],
    ]
    names += [part for one in capture["libraries"] for part in (one["name"], one["version"], one["licence"])]
    assert not [name for name in names if name not in said]
    descriptions = [one["description"].split(".")[0] for one in facts["hyperparameters"]]
    plain = re.sub(r"\s+", " ", said)
    assert not [one for one in descriptions if re.sub(r"[*`]|\s+", " ", one).strip() not in plain]


def test_what_a_page_prints_is_what_was_sent_and_came(built, page, capture):
    facts = capture["facts"]
    said = text(page, built.site / facts["name"] / "index.html")
    assert {one["sent"]["type"] for one in capture["requested"]} | capture["left_out"].keys() == set(
        facts["content_types"]
    )
    assert {one["accept"] for one in [*capture["answered"], *capture["refused"]]} == set(facts["accept"])
    for one in [*capture["requested"], *capture["others"], *capture["answered"]]:
        for kept in (one["sent"], one["answer"]):
            assert (built.site / facts["name"] / "files" / kept["name"]).read_bytes()
            if kept["text"] is not None and kept["type"] == "text/csv":
                assert kept["text"].splitlines()[0] in said, kept["name"]
    assert capture["wrong"]["answer"]["text"].strip() in said


def test_the_training_report_is_the_one_that_training_wrote(built, capture):
    name = capture["facts"]["name"]
    report = (built.captures / name / "run/output/data/report.html").read_text()
    assert (built.site / name / "report.html").read_text() == report


def test_a_browser_shows_each_training_report_without_complaint(built, page, capture):
    facts = capture["facts"]
    with heard(page) as said:
        page.goto((built.site / facts["name"] / "report.html").as_uri())
        assert page.locator("h1").inner_text() == facts["title"]
        assert page.locator("svg").count() >= 1
    assert not said.lines


def test_every_library_of_the_lock_file_that_is_installed_is_listed(capture):
    lock = (REPOSITORY / "images" / capture["facts"]["name"] / "requirements.lock").read_text()
    locked = {
        re.sub(r"[-_.]+", "-", name).lower()
        for name in re.findall(r"^([A-Za-z0-9._-]+)==", lock, re.MULTILINE)
    }
    listed = {one["name"] for one in capture["libraries"]}
    assert listed <= locked
    assert len(listed) > 0.8 * len(locked)  # some are for another platform
    assert all(one["licence"] for one in capture["libraries"])


def test_the_libraries_of_the_browser_are_the_ones_that_are_named():
    folder = REPOSITORY / "tools/web/vendor"
    named = tomllib.loads((folder / "vendor.toml").read_text())
    assert {path.stem for path in folder.glob("*.js")} == named.keys()
    for name, one in named.items():
        assert (folder / f"{name}.LICENSE").exists()
        assert hashlib.sha256((folder / f"{name}.js").read_bytes()).hexdigest() == one["sha256"], name


def test_an_image_that_declares_neither_choice_nor_chart_has_a_page(built, tmp_path):
    folder = built.captures / NAMES[0]
    found = json.loads((folder / "capture.json").read_text())
    found["facts"] |= {"choose": None, "chart": None}
    found["libraries"] = [{"name": "odd", "version": "1", "licence": "unknown"}]
    site = Site(tmp_path)
    algorithm = Algorithm(found, folder)
    algorithm.write(site)
    site.write("index.html", "index.html.j2", "x", algorithms=[algorithm])
    said = (tmp_path / algorithm.place).read_text()
    assert "1 says" in said
    assert '<tr class="unknown">' in said
