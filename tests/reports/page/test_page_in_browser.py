"""The page as a browser shows it: sorting, copying, widths, colours, paper."""

import shutil
from contextlib import contextmanager

import pytest

from gaitbench.reports.formats.latex import table_latex
from gaitbench.reports.formats.markdown import table_markdown
from gaitbench.reports.page.page import document_html
from tests.reports.page import example_page

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

NAMES = ("chromium", "chromium-browser", "google-chrome")
# A browser in a container has no sandbox; the rest keeps it from talking to anybody.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
A4_LANDSCAPE = {"width": 1016, "height": 688}
"""In pixels, without the margins that the style sets."""

# Elements that reach beyond the window, outside of what scrolls by itself.
BEYOND = """() => [...document.body.querySelectorAll("*")]
  .filter((e) => !e.closest(".scroll *, .skip, svg *, .away"))
  .filter((e) => e.getBoundingClientRect().right > innerWidth + 0.5)
  .map((e) => e.outerHTML.slice(0, 120))"""

# The contrast of each visible text with what lies behind it, as WCAG 2.2 defines it.
CONTRASTS = """() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => numbers(colour).slice(0, 3).map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + [0.2126, 0.7152, 0.0722][i] * c, 0);
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (numbers(colour)[3] !== 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const drawn = element.closest("svg");
    const ink = light(drawn ? style.fill : style.color);
    const ground = light(behind(drawn ? drawn.parentElement : element));
    const ratio = (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
    found.push([ratio, walker.currentNode.data.trim().slice(0, 40)]);
  }
  return found;
}"""

# Values that stand on more than one line.
BROKEN = """(cells) => cells.filter((cell) => {
  const range = document.createRange();
  range.selectNodeContents(cell.querySelector("strong") ?? cell.firstChild);
  return range.getClientRects().length > 1;
}).map((cell) => cell.textContent)"""

COLUMN = """([table, j]) => [...document.querySelectorAll("table")[table].tBodies[0].rows]
  .map((row) => row.cells[j].innerText.split("\\n")[0].trim())"""


@pytest.fixture(scope="module")
def browser():
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"chromium is not installed: none of {', '.join(NAMES)} is on the path")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(document_html(example_page.document()), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def opened(browser, address):
    """Open the page in a fresh context; no request may leave, no error may be printed."""

    @contextmanager
    def open_page(*, before="", **options):
        context = browser.new_context(**options)
        requests, errors = [], []
        context.route("**/*", lambda route: _only_files(route, requests))
        page = context.new_page()
        page.on("console", lambda message: errors.append(message.text))
        page.on("pageerror", lambda error: errors.append(str(error)))
        if before:
            page.add_init_script(before)
        page.goto(address)
        yield page
        context.close()
        assert requests == [address]
        assert errors == []

    return open_page


def _only_files(route, requests):
    requests.append(route.request.url)
    if route.request.url.startswith("file:"):
        route.continue_()
    else:
        route.abort()


@pytest.fixture(scope="module")
def shared(opened):
    """One page for all tests that leave it as it was."""
    with opened(viewport={"width": 1280, "height": 900}) as page:
        yield page


def column(page, j, table=0):
    return page.evaluate(COLUMN, [table, j])


ORIGINAL = ["72.7", "9.8", "–1", "70.0", "69.0≈"]
HIGHEST_FIRST = ["72.7", "70.0", "69.0≈", "9.8", "–1"]
LOWEST_FIRST = ["9.8", "69.0≈", "70.0", "72.7", "–1"]


@pytest.mark.parametrize("how", ["click", "Enter", "Space"])
def test_numbers_sort_as_numbers_and_missing_ones_stay_last(shared, how):
    header = shared.locator("table").first.locator("th", has_text="Rank-1")
    button = header.locator("button")
    seen = []
    for _ in range(3):
        if how == "click":
            button.click()
        else:
            button.focus()
            shared.keyboard.press(how)
        seen.append((header.get_attribute("aria-sort"), column(shared, 1)))
    assert seen == [
        ("descending", HIGHEST_FIRST),
        ("ascending", LOWEST_FIRST),
        (None, ORIGINAL),
    ]


def test_the_better_way_comes_first_and_only_one_column_is_sorted(shared):
    headers = shared.locator("table").first.locator("th[data-first]")
    headers.filter(has_text="Rank-1").locator("button").click()
    headers.filter(has_text="Error").locator("button").click()
    assert column(shared, 2)[:3] == ["2.0", "20.0", "100.0"]
    # Both of the cells without a number: the reference's blank one and the missing one.
    assert sorted(column(shared, 2)[3:]) == ["", "–1"]
    assert [h.get_attribute("aria-sort") for h in headers.all()] == [None, None, "ascending", None]
    for _ in range(2):
        headers.filter(has_text="Error").locator("button").click()
    assert column(shared, 1) == ORIGINAL


def test_texts_sort_and_blank_labels_appear(shared):
    wide = shared.locator("table").nth(2)
    label = wide.locator(".repeated", has_text="bottom").first
    assert label.bounding_box()["width"] <= 1
    button = wide.locator("th", has_text="Generator").locator("button")
    button.click()
    long = "a generator with a rather long name"
    assert column(shared, 0, table=2) == [long] * 4 + ["bottom"] * 4 + ["top"] * 4
    assert label.bounding_box()["width"] > 10
    # Rows that are equal stay in their order.
    assert column(shared, 1, table=2)[:4] == ["0.0", "0.1", "0.2", "0.3"]
    button.click()
    assert column(shared, 0, table=2)[0] == "top"
    button.click()
    assert column(shared, 0, table=2)[::4] == [long, "top", "bottom"]
    assert label.bounding_box()["width"] <= 1


NO_CLIPBOARD = "Object.defineProperty(navigator, 'clipboard', { value: undefined });"
REFUSING = "navigator.clipboard.writeText = () => Promise.reject(new Error('refused'));"


@pytest.mark.parametrize("before", ["", NO_CLIPBOARD, REFUSING], ids=["api", "none", "refusing"])
def test_copying_gives_the_text_of_the_other_formats(opened, before):
    table = example_page.rates()
    with opened(before=before, permissions=["clipboard-read", "clipboard-write"]) as page:
        # Pasted where a person would, so that what was copied is what another program gets.
        page.evaluate("document.body.prepend(document.createElement('textarea'))")
        for kind, text in (("LaTeX", table_latex(table)), ("Markdown", table_markdown(table))):
            button = page.get_by_role("button", name=f"Copy {kind} of: Rates of").first
            button.focus()
            page.keyboard.press("Enter")
            page.locator(".tools .status", has_text="Copied").wait_for()
            assert button.evaluate("e => e === document.activeElement")
            area = page.locator("textarea")
            area.fill("")
            area.press("Control+v")
            assert area.input_value() == text
        assert page.locator(".status").first.get_attribute("aria-live") == "polite"


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_is_wider_than_the_screen(opened, width):
    with opened(viewport={"width": width, "height": 800}) as page:
        page.evaluate("for (const e of document.querySelectorAll('details')) e.open = true")
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width
        assert page.evaluate(BEYOND) == []
        # What is too wide scrolls by itself, and the keyboard reaches it.
        scrolls = page.locator(".table .scroll").nth(2)
        assert scrolls.evaluate("e => e.scrollWidth > e.clientWidth && e.tabIndex === 0")
        scrolls.focus()
        # The browser scrolls when it draws, and draws nothing before the page has settled.
        for _ in range(50):
            page.keyboard.press("ArrowRight")
            page.wait_for_timeout(50)
            if scrolls.evaluate("e => e.scrollLeft"):
                break
        assert scrolls.evaluate("e => e.scrollLeft") > 0


def test_head_and_labels_stay_while_a_table_scrolls(opened):
    with opened(viewport={"width": 360, "height": 400}) as page:
        box = page.locator(".table .scroll").nth(2)
        box.evaluate("e => e.scrollTo(300, 100)")
        assert box.evaluate("e => [e.scrollLeft, e.scrollTop]") == [300, 100]
        corner = box.bounding_box()
        for kept in (box.locator("tbody th").nth(8), box.locator("thead th", has_text="Generator")):
            assert abs(kept.bounding_box()["x"] - corner["x"]) <= 1
        assert abs(box.locator("thead").bounding_box()["y"] - corner["y"]) <= 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(opened, scheme):
    with opened(color_scheme=scheme) as page:
        page.evaluate("for (const e of document.querySelectorAll('details')) e.open = true")
        found = page.evaluate(CONTRASTS)
        assert len(found) > 300
        # WCAG 2.2, success criterion 1.4.3, level AA.
        assert [text for ratio, text in found if ratio < 4.5] == []
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(251, 251, 249)") == (scheme == "light")


def test_the_first_tab_leads_past_the_contents(opened):
    with opened() as page:
        page.keyboard.press("Tab")
        skip = page.locator(":focus")
        assert skip.inner_text() == "Skip to the content"
        assert skip.bounding_box()["x"] >= 0
        assert skip.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"


def test_a_plugin_can_neither_run_a_script_nor_call_home(browser, address):
    page = browser.new_page()
    page.goto(address)
    assert page.evaluate("window.hacked") is None
    blocked = page.evaluate(
        """() => new Promise((done) => {
          const seen = new Set();
          document.addEventListener("securitypolicyviolation", (event) => {
            seen.add(event.effectiveDirective);
            if (seen.size === 2) done([...seen].sort());
          });
          const script = document.createElement("script");
          script.textContent = "window.hacked = true";
          document.body.append(script);
          document.body.append(Object.assign(new Image(), { src: "https://example.org/a.png" }));
        })"""
    )
    assert blocked == ["img-src", "script-src-elem"]
    assert page.evaluate("window.hacked") is None
    page.close()


def test_without_scripts_everything_is_there_but_the_buttons(opened):
    with opened(java_script_enabled=False) as page:
        assert page.locator("table").count() == 3
        assert page.locator(".tools:visible").count() == 0
        page.locator("summary", has_text="How to read").first.click()
        assert page.get_by_text("Bold: best.").first.is_visible()


def test_paper_cuts_no_table_and_hides_nothing(opened):
    with opened(viewport=A4_LANDSCAPE) as page:
        page.emulate_media(media="print")
        assert page.evaluate(BEYOND) == []
        reach = "e => Math.max(...[...e.querySelectorAll('tr > *')].map("
        reach += "(cell) => cell.getBoundingClientRect().right))"
        for table in page.locator("table").all():
            assert table.evaluate(reach) <= A4_LANDSCAPE["width"] + 0.5
        for box in page.locator(".scroll").all():
            assert box.evaluate("e => getComputedStyle(e).overflowX") == "visible"
        # Small enough letters that no number is broken to fit.
        assert page.locator("td[data-value]").evaluate_all(BROKEN) == []
        assert page.locator(".tools:visible, nav:visible").count() == 0
        colour = "e => getComputedStyle(e).color"
        link = page.locator("td a").first
        assert link.evaluate(colour) == link.locator("xpath=ancestor::td").evaluate(colour)


def test_printing_opens_what_is_folded_and_closes_it_again(opened):
    with opened() as page:
        folded = page.locator("details:not([open])")
        n_folded = folded.count()
        assert n_folded
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert folded.count() == 0
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert folded.count() == n_folded
        assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
