import base64
import fnmatch
import hashlib
import re
import tomllib
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitbench.reports.drawing.svg import inline_svg
from gaitbench.reports.formats.latex import document_latex, table_latex
from gaitbench.reports.formats.markdown import document_markdown, table_markdown
from gaitbench.reports.page.page import document_html
from gaitbench.reports.page.table import table_html
from gaitbench.results.section import Picture, Section
from tests.making import write
from tests.places import ROOT
from tests.reports.page import example_page

CSS = (ROOT / "reports/page/page.css").read_text()
MOST = 5 * 2**20


class Page(HTMLParser):
    """The elements of a page with their attributes and the text directly inside them."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.elements, self.open = [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs), []))
        self.open.append(self.elements[-1])

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs), []))

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if self.open:
            self.open[-1][2].append(data)

    def of(self, tag, **attributes):
        return [
            (found, "".join(texts))
            for name, found, texts in self.elements
            if name == tag and all(found.get(k) == v for k, v in attributes.items())
        ]


@pytest.fixture(scope="module")
def html():
    return document_html(example_page.document())


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


def test_names_that_try_to_be_markup_are_text(page):
    assert len(page.of("script")) == 1
    assert page.of("title")[0][1] == f"gaitbench report {example_page.HOSTILE}"
    assert f"experiment {example_page.HOSTILE}" in [text for _, text in page.of("h3")]
    assert page.of("svg")[0][0]["aria-label"] == example_page.HOSTILE
    assert page.of("img")[0][0]["alt"] == f"a walker {example_page.HOSTILE}"


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1))
def test_no_text_changes_what_a_table_is_made_of(text):
    kinds = [tag for tag, _, _ in Page(table_html(example_page.rates(hostile=text), "a")).elements]
    plain = [tag for tag, _, _ in Page(table_html(example_page.rates(hostile="x"), "a")).elements]
    assert kinds == plain


def test_ids_are_unique_and_what_is_pointed_at_exists(html, page):
    ids = [attributes["id"] for _, attributes, _ in page.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    pointed = {a["href"][1:] for _, a, _ in page.elements if a.get("href", "").startswith("#")}
    pointed |= set(re.findall(r"url\(#([^)]*)\)", html))
    labels = {a["aria-labelledby"] for _, a, _ in page.elements if "aria-labelledby" in a}
    assert pointed | labels <= set(ids)
    assert any(name.startswith("first-") for name in pointed)


def test_nothing_is_fetched_and_only_the_own_script_may_run(html, page):
    sources = [
        value
        for _, attributes, _ in page.elements
        for name, value in attributes.items()
        if name in ("src", "href", "srcset", "action", "poster", "data", "xlink:href")
    ]
    assert all(value.startswith(("#", "data:")) for value in sources)
    assert "@import" not in html
    assert all(found.startswith("#") for found in re.findall(r"url\(['\"]?([^)]*)\)", html))
    (policy,) = page.of("meta", **{"http-equiv": "Content-Security-Policy"})
    rules = dict(rule.strip().split(" ", 1) for rule in policy[0]["content"].split(";"))
    assert rules["default-src"] == "'none'"
    ((_, script),) = page.of("script")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert rules["script-src"] == f"'sha256-{digest}'"
    assert not any(name.startswith("on") for _, a, _ in page.elements for name in a)


def test_a_page_says_its_language_and_fits_a_phone(page):
    assert page.of("html")[0][0]["lang"] == "en"
    assert "width=device-width" in page.of("meta", name="viewport")[0][0]["content"]


def test_contents_lead_to_sections_and_tables_in_order(page):
    links = [attributes["href"] for attributes, _ in page.of("a")]
    contents = [link for link in links if link != "#content" and "-why-" not in link]
    assert contents == [
        "#rates-script-window-hacked-true-script-amp",
        "#both",
        "#both-1",
        "#both-2",
        "#pictures",
        "#conditions",
    ]
    # Shortened to what tells the tables of a section apart.
    assert "Everything" in [text for _, text in page.of("a")]


def test_sections_with_equal_titles_have_ids_of_their_own():
    document = example_page.document()
    same = type(document)("t", (), (Section("Same"), Section("Same"), Section("–")))
    ids = [a["id"] for a, _ in Page(document_html(same)).of("section")]
    assert ids == ["same-part-1", "same-part-2", "part"]


def test_cells_say_value_interval_mark_and_reason():
    html = table_html(example_page.rates(hostile="other"), "t")
    page = Page(html)
    values = [a["data-value"] for a, _ in page.of("td") if "data-value" in a]
    assert values == ["0.727", "0.098", "1.0", "0.7", "0.02", "0.69", "0.2"]
    assert [text for _, text in page.of("strong")] == ["70.0", "2.0"]
    assert [text for _, text in page.of("span", **{"class": "interval"})] == [
        "[9.1, 12.0]",
        "[60.0, 74.0]",
    ]
    assert [text for _, text in page.of("span", **{"class": "spread"})] == ["± 2.0", "± 1.0"]
    assert [text for _, text in page.of("span", **{"class": "note"})] == ["of 40"]
    assert [text for _, text in page.of("span", **{"class": "undecided"})] == ["≈"]
    assert "≈ a declared contrast does not tell it from its reference" in html
    missing = page.of("td", **{"class": "percent missing"})
    assert [text for _, text in missing] == ["–", "–"]
    reasons = [text for a, text in page.of("li") if a.get("id") == "t-why-1"]
    assert reasons == ["seed 1 is missing; to make it: "]
    assert [text for _, text in page.of("code")] == ["gaitbench run --seeds 1"]
    assert [a["data-first"] for a, _ in page.of("th") if "data-first" in a] == [
        "ascending",
        "descending",
        "ascending",
        "ascending",
    ]


def test_blank_labels_hold_the_label_above_them():
    page = Page(table_html(example_page.wide(), "t"))
    repeated = [text for _, text in page.of("span", **{"class": "repeated"})]
    names = [row.cells[0].text for row in example_page.wide().rows if row.cells[0].text]
    assert repeated == [name for name in names for _ in range(3)]


def test_texts_to_copy_are_those_of_the_other_formats():
    table = example_page.rates()
    page = Page(table_html(table, "t"))
    (latex,) = page.of("template", **{"data-copy": "latex"})
    (markdown,) = page.of("template", **{"data-copy": "markdown"})
    assert latex[1] == table_latex(table)
    assert markdown[1] == table_markdown(table)


def test_pictures_have_words_and_sizes(page):
    images = [attributes for attributes, _ in page.of("img")]
    assert len(images) == 12 + 2 * 7
    assert all(image["alt"] for image in images)
    assert {(image["width"], image["height"]) for image in images} == {("88", "128")}
    verdicts = [text for _, text in page.of("span", **{"class": "verdict"})]
    assert verdicts == ["probe", *["✓ right", "✗ wrong"] * 3] * 2


@pytest.mark.parametrize(
    ("png", "scale", "message"), [(b"GIF89a", 1, "PNG file. Got b'GIF89a'"), (None, 0, "Got 0")]
)
def test_pictures_that_are_none(png, scale, message):
    with pytest.raises(ValueError, match=message):
        Picture(png or example_page.png(), "nothing", scale=scale)


def test_other_formats_say_where_the_pictures_are():
    document = example_page.document("x")
    sentence = "Pictures x: 12 pictures and 1 search strip, in the HTML report."
    assert sentence in document_markdown(document)
    assert sentence in document_latex(document)


def test_figures_are_markup_of_their_own():
    svg = inline_svg(example_page.lines(), "one", "Caption")
    page = Page(svg)
    (attributes, _), *others = page.of("svg")
    assert not others
    assert attributes["role"] == "img"
    assert attributes["aria-label"] == "Caption"
    assert attributes["style"] == "--width:480px"
    assert "A <title> & more" in [text for _, text in page.of("text")]
    for foreign in ("xmlns", "<style", "<metadata", "font-family", "#ffffff", "ns0:"):
        assert foreign not in svg
    assert not re.search(r"\.\d{3,}", re.sub(r'aria-label="[^"]*"|transform="[^"]*"', "", svg))


def test_the_same_figure_gives_the_same_markup_and_another_does_not():
    one, same = (inline_svg(example_page.lines(), "f", "c") for _ in range(2))
    assert one == same
    assert one != inline_svg(example_page.lines(shift=0.2), "f", "c")


def test_one_file_holds_everything_and_is_the_same_each_time(make_cell, make_results, tmp_path):
    results = make_results(
        [
            make_cell("occluded", "baseline-2", "Baseline-2", 0.4, 0),
            make_cell("retention", "baseline-2", "Baseline-2", 0.5, 0, test="holistic"),
        ]
    )
    (alone,) = write(results, tmp_path / "alone", ("html",))
    beside = write(results, tmp_path / "beside", ("html", "latex"))[0]
    assert [path.name for path in (tmp_path / "alone").iterdir()] == ["report.html"]
    assert alone.read_bytes() == beside.read_bytes()
    page = Page(alone.read_text(encoding="utf-8"))
    assert len(page.of("svg")) == len(page.of("figure", **{"class": "drawn"})) == 1
    assert alone.stat().st_size < MOST


def luminance(colour):
    """Source: WCAG 2.2, relative luminance."""
    shares = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def colours(mode):
    """The page's variables in one of its modes; a later block overrides what came before."""
    blocks = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
    assert len(blocks) == 3
    light, dark, paper = (dict(re.findall(r"--([\w-]+): (#\w{6});", block)) for block in blocks)
    assert set(light) == set(paper)
    return {"light": light, "dark": light | dark, "paper": light | paper}[mode]


@pytest.mark.parametrize("mode", ["light", "dark", "paper"])
def test_contrast_is_enough_for_reading(mode):
    found = colours(mode)
    for text in ("ink", "muted", "accent", "right", "wrong"):
        for ground in ("paper", "card", "hover"):
            # WCAG 2.2, success criterion 1.4.3, level AA.
            assert contrast(found[text], found[ground]) >= 4.5, (text, ground)
    for edge in ("edge", "accent", "right", "wrong"):
        for ground in ("paper", "card"):
            # Success criterion 1.4.11: borders of buttons, focus, marks of right and wrong.
            assert contrast(found[edge], found[ground]) >= 3, (edge, ground)
    # What matplotlib writes with, in every mode.
    assert contrast("#262626", found["figure-paper"]) >= 4.5


def test_style_and_script_are_part_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]["gaitbench.reports.page"]
    others = {
        p.name for p in (ROOT / "reports/page").iterdir() if p.is_file() and p.suffix != ".py"
    }
    assert {"page.css", "page.js"} <= others
    assert all(any(fnmatch.fnmatch(name, p) for p in patterns) for name in others)
