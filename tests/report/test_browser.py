"""The page in a real browser, opened from a file: no network, no error, everything by keyboard, two languages."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from export.scenes import planted
from report.test_document import AREA, layer
from waman.export import veil
from waman.report import document, write_html
from waman.report.strings_table import strings

sync_api = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]
AXE = Path(__file__).parents[1] / "vendor" / "axe-core" / "axe.min.js"
AXE_SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
OVERFLIGHTS = 20


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not CHROMIUM.exists():
        pytest.skip("no Chromium at /usr/bin/chromium")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scene = planted(OVERFLIGHTS)
    shown = veil(scene.flights, scene.tracks, scene.places, made_us=scene.made_us)
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(write_html(document(shown, AREA, layers=[layer(exact=False)])), encoding="utf-8")
    return path


class Visit:
    """One open page. State: what it asked of the network and what it complained about."""

    def __init__(self, browser: Any, file: Path, **context: Any) -> None:
        self.asked: list[str] = []
        self.complaints: list[str] = []
        context.setdefault("viewport", {"width": 1024, "height": 600})
        context.setdefault("locale", "en-US")
        self.context = browser.new_context(**context)
        self.page = self.context.new_page()
        self.page.on("request", lambda r: self.asked.append(r.url))
        self.page.on("console", lambda m: self.complaints.append(f"{m.type}: {m.text}"))
        self.page.on("pageerror", lambda e: self.complaints.append(f"error: {e}"))
        self.page.goto(file.as_uri())
        self.wait("map", "drawn")

    def wait(self, name: str, value: str) -> None:
        """Wait until the page says what it has done (an attribute: the policy forbids evaluating strings)."""
        self.page.locator(f'html[data-{name}="{value}"]').wait_for(state="attached", timeout=30_000)

    def errors(self) -> list[str]:
        """Return errors and warnings, without the driver's remark that reading pixels back is slow."""
        return [c for c in self.complaints if "GL Driver Message" not in c]

    def outside(self) -> list[str]:
        """Return requests that left the page's own memory."""
        return [u for u in self.asked[1:] if not u.startswith(("blob:", "data:"))]

    def text(self) -> str:
        """Return all text a reader can see or hear."""
        script = """() => { const more = [...document.querySelectorAll('[aria-label],[title],[placeholder]')];
            const said = x => [x.getAttribute('aria-label'), x.title, x.placeholder];
            return [document.body.innerText, ...more.flatMap(said)]
            .filter(Boolean).join('\\n'); }"""
        found: str = self.page.evaluate(script)
        return found


@pytest.fixture
def visit(browser: Any, file: Path) -> Iterator[Visit]:
    made = Visit(browser, file)
    yield made
    made.context.close()


def test_it_opens_from_a_file_without_a_request_or_an_error(visit: Visit) -> None:
    visit.page.locator("#layer").select_option("low")
    visit.page.locator("#theme").select_option("dark")
    assert visit.outside() == []
    assert visit.errors() == []


def test_the_map_shows_every_verdict_in_its_colour(visit: Visit) -> None:
    script = """name => { const c = document.querySelector('#map canvas'), d = document.createElement('canvas');
        d.width = c.width; d.height = c.height; const x = d.getContext('2d'); x.drawImage(c, 0, 0);
        const css = getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
        const want = [1, 3, 5].map(k => parseInt(css.slice(k, k + 2), 16));
        const p = x.getImageData(0, 0, d.width, d.height).data;
        let n = 0; for (let i = 0; i < p.length; i += 4)
            n += Math.hypot(p[i] - want[0], p[i + 1] - want[1], p[i + 2] - want[2]) < 60; return n; }"""
    for name in ("explained", "insufficient", "not_yet_explained"):
        assert visit.page.evaluate(script, name) >= 5, f"no pixel in the colour of {name}"


def test_the_summary_and_the_table_come_before_the_map(visit: Visit) -> None:
    order = visit.page.evaluate("() => [...document.querySelectorAll('main > section')].map(s => s.id)")
    assert order == ["summary", "list", "why", "where"]
    assert visit.page.locator("#table tbody tr").count() == OVERFLIGHTS + 3


def test_the_reasons_open_and_close_by_keyboard_and_the_focus_returns(visit: Visit) -> None:
    page = visit.page
    page.locator("#search").focus()
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.className") == "open":
            break
    first = page.evaluate("() => document.activeElement.textContent")
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "h-why"
    assert first in page.locator("#h-why").inner_text()
    reasons = page.locator("#reasons").inner_text()
    assert "For an ordinary flight" in reasons and "What could not be seen" in reasons
    page.keyboard.press("Escape")
    assert page.locator("#why").is_hidden()
    assert page.evaluate("() => document.activeElement.textContent") == first


def test_the_reasons_say_what_could_not_be_seen_and_which_checks_are_outstanding(visit: Visit) -> None:
    page = visit.page
    page.get_by_role("button", name="Why: W-0003").click()
    text = page.locator("#reasons").inner_text()
    assert "The landing was not observed by our coverage." in text
    assert "one gap in which nothing was observed" in text
    assert "would have been observed had it been there: 31%" in text
    page.locator("#next").click()
    page.get_by_role("button", name="Back to the table").click()
    page.get_by_role("button", name="Why: F0002").click()
    text = page.locator("#reasons").inner_text()
    assert "Checks outstanding" in text and "nobody has answered" in text
    assert "only a cell of 5 km is shown" in text


def test_filters_search_and_sorting_change_the_table_and_say_so(visit: Visit) -> None:
    page = visit.page
    shown = page.locator("#table tbody tr:visible")
    page.locator("input[value=explained]").uncheck()
    assert shown.count() == OVERFLIGHTS // 2 + 2
    assert page.locator("#shown").inner_text() == f"{OVERFLIGHTS // 2 + 2} of {OVERFLIGHTS + 3} flights shown"
    page.locator("#search").fill("w-0003")
    assert shown.count() == 1
    page.locator("#search").fill("")
    head = page.locator("#table thead th").nth(1)
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert "not yet explained" in shown.first.inner_text()
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert "not yet explained" in shown.last.inner_text()


def test_the_time_slider_moves_by_keyboard_and_marks_what_flies(visit: Visit) -> None:
    page = visit.page
    page.locator("#time").focus()
    for _ in range(30):
        page.keyboard.press("ArrowRight")
    assert not page.locator("#whole").is_checked()
    assert re.match(r"\d\d:\d\d:\d\d \(\d\d:\d\d:\d\d UTC\)", page.locator("#clock").inner_text())
    assert page.locator("tr.flying").count() > 3
    page.locator("#play").click()
    assert page.locator("#play").get_attribute("aria-pressed") == "true"
    page.locator("#play").click()
    page.locator("#whole").check()
    assert page.locator("tr.flying").count() == 0


def test_in_spanish_no_english_sentence_is_left(visit: Visit) -> None:
    page = visit.page
    page.locator("#language").select_option("es")
    seen = visit.text()
    page.get_by_role("button", name="Por qué: F0002").click()
    seen += visit.text()
    assert page.evaluate("() => document.documentElement.lang") == "es"
    pieces = {
        part.strip()
        for key, english in strings("en").items()
        for part in re.split(r"\{\w+\}", english)
        if english != strings("es")[key] and len(part.strip()) > 3 and part.strip() not in strings("es")[key]
    }
    whole = [p for p in pieces if re.search(rf"(?<![\w]){re.escape(p)}(?![\w])", seen)]
    assert whole == []
    assert "¿Se leyó la matrícula" in seen
    assert visit.errors() == []


def test_a_reader_whose_browser_speaks_spanish_is_met_in_spanish(browser: Any, file: Path) -> None:
    one = Visit(browser, file, locale="es-PE")
    assert one.page.locator("html").get_attribute("lang") == "es"
    assert "vuelos" in one.page.locator("#headline").inner_text()
    one.context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1024, 512], ids=["laptop", "zoomed to 200 %"])
def test_axe_finds_no_violation(browser: Any, file: Path, theme: str, width: int) -> None:
    content = AXE.read_bytes()
    assert hashlib.sha256(content).hexdigest() == AXE_SHA256
    visit = Visit(
        browser, file, bypass_csp=True, color_scheme=theme, viewport={"width": width, "height": width * 6 // 10}
    )
    visit.page.add_script_tag(content=content.decode("utf-8"))
    for step in ("table", "reasons"):
        if step == "reasons":
            visit.page.get_by_role("button", name="Why: W-0001").click()
        found = visit.page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        bad = [(v["id"], [n["html"][:90] for n in v["nodes"]][:3]) for v in found["violations"]]
        assert bad == [], json.dumps(bad, indent=1)
    visit.context.close()


def test_nothing_is_lost_at_200_percent_zoom(browser: Any, file: Path) -> None:
    visit = Visit(browser, file, viewport={"width": 512, "height": 300})
    wide = visit.page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"the page is {wide} pixels wider than the window"
    visit.page.locator("#play").scroll_into_view_if_needed()
    assert visit.page.locator("#play").is_visible()
    visit.context.close()


def test_targets_are_at_least_24_pixels(visit: Visit) -> None:
    small = visit.page.evaluate(
        """() => [...document.querySelectorAll('button, select, input[type=search]')].filter(x => x.offsetParent)
        .filter(x => x.offsetHeight < 24 || x.offsetWidth < 24).map(x => x.outerHTML.slice(0, 80))"""
    )
    assert small == []


def test_without_scripts_the_summary_and_the_table_can_be_read(browser: Any, file: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    assert "apparent flights" in page.locator("#headline").inner_text()
    assert page.locator("#table tbody tr").count() == OVERFLIGHTS + 3
    assert "Without scripts" in page.locator("footer").inner_text()
    context.close()
