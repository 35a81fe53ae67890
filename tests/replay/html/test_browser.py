"""The report in a real browser: it shows, opens, loads nothing, complains of nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.peer


@pytest.fixture
def opened(chromium: Any, page: str, tmp_path: Path) -> Any:
    """The report in the browser."""
    path = tmp_path / "report.html"
    path.write_text(page, "utf-8")
    chromium.get_log("browser"), chromium.get_log("performance")
    chromium.get(path.as_uri())
    return chromium


def asked(browser: Any) -> list[str]:
    """The addresses that were asked for since the last look."""
    rows = (json.loads(row["message"])["message"] for row in browser.get_log("performance"))
    sent = (row for row in rows if row["method"] == "Network.requestWillBeSent")
    return [row["params"]["request"]["url"] for row in sent]


def find(browser: Any, selector: str) -> Any:
    return browser.find_element("css selector", selector)


def test_nothing_is_loaded_and_nothing_is_complained_of(opened: Any) -> None:
    urls = [url for url in asked(opened) if not url.startswith("data:")]
    assert urls == [opened.current_url]
    assert opened.get_log("browser") == []


def test_the_answer_comes_first_and_the_timeline_shows(opened: Any) -> None:
    assert find(opened, "h1").text == "1 of 2 known good users would have been blocked"
    served, blocked = (find(opened, f".lane.{which}") for which in ("up", "down"))
    assert served.rect["width"] > 500 and served.rect["height"] > 50
    paths = {name: find(opened, f".lane path.{name}") for name in ("passed", "blocked", "good")}
    assert all(path.rect["width"] > 5 and path.rect["height"] > 2 for path in paths.values())
    fills = {path.value_of_css_property("fill") for path in paths.values()}
    assert len(fills) == 3
    assert blocked.rect["y"] > served.rect["y"]


def test_rows_open_to_their_verdicts_by_mouse_and_by_key(opened: Any) -> None:
    rows = opened.find_elements("css selector", "details.source")
    assert [row.get_attribute("open") for row in rows] == [None] * 3
    tables = [row.find_element("css selector", "table") for row in rows]
    assert not tables[0].is_displayed()
    rows[0].find_element("css selector", "summary").click()
    assert tables[0].is_displayed() and "429 blocked" in tables[0].text
    summary = rows[1].find_element("css selector", "summary")
    opened.execute_script("arguments[0].focus()", summary)
    summary.send_keys("\n")
    assert tables[1].is_displayed()


def test_a_verdict_leads_to_its_line_of_the_cfg(opened: Any) -> None:
    find(opened, "#people td a").click()
    line = find(opened, "tr:target")
    assert 'sl_send_reply("429", "No");' in line.text and "429 × 50" in line.text
    assert line.location_once_scrolled_into_view["y"] >= 0


def test_hostile_names_are_texts(opened: Any) -> None:
    """No element came of them, and no dialog is open."""
    assert opened.find_elements("css selector", "img, script, main iframe") == []
    names = [one.text for one in opened.find_elements("css selector", "#sources bdi")]
    assert "198.51.100.66" in names
    for row in opened.find_elements("css selector", "details.source > summary"):
        row.click()
    names = [one.text for one in opened.find_elements("css selector", "#sources bdi")]
    assert "<script>alert('boo')</script>" in names
    assert any(name.startswith('"><img src=x onerror=alert(1)>') for name in names)


@pytest.mark.parametrize("width", [360, 768, 1600])
def test_it_fits_any_width(opened: Any, width: int) -> None:
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    opened.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        found = opened.execute_script("return document.documentElement.scrollWidth")
    finally:
        opened.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert found <= width


def test_dark_and_light_differ_and_both_can_be_read(opened: Any) -> None:
    seen = {}
    for scheme in ("light", "dark"):
        feature = {"name": "prefers-color-scheme", "value": scheme}
        opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        body = find(opened, "body")
        ink, paper = (
            brightness(body.value_of_css_property(name)) for name in ("color", "background-color")
        )
        assert abs(ink - paper) > 500
        seen[scheme] = paper
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert seen["light"] > 700 and seen["dark"] < 150


def brightness(color: str) -> int:
    """The sum of red, green and blue of `rgba(1, 2, 3, 1)`."""
    return sum(int(part) for part in color.partition("(")[2].split(",")[:3])


def test_it_prints(opened: Any) -> None:
    printed = opened.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    assert len(printed["data"]) > 10_000


CONTRASTS = """
const parts = text => text.match(/[\\d.]+/g).map(Number);
const over = (top, below) => {
  const alpha = top.length > 3 ? top[3] : 1;
  return [0, 1, 2].map(i => top[i] * alpha + below[i] * (1 - alpha));
};
const paper = element => {
  if (!element) return [255, 255, 255];
  const own = parts(getComputedStyle(element).backgroundColor);
  return own.length > 3 && own[3] === 0
    ? paper(element.parentElement) : over(own, paper(element.parentElement));
};
const light = color => {
  const [r, g, b] = color.map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const seen = {};
for (const element of document.querySelectorAll("body *")) {
  if (element.closest("svg")) continue;
  if (![...element.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
  const behind = paper(element), ink = over(parts(getComputedStyle(element).color), behind);
  const [high, low] = [light(ink), light(behind)].sort((a, b) => b - a);
  const found = (high + 0.05) / (low + 0.05);
  const name = element.tagName + "." + element.className + " " + element.textContent.slice(0, 30);
  if (found < 4.5) seen[name] = found;
}
return seen;
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(opened: Any, scheme: str) -> None:
    """At least 4.5 to 1, as WCAG 2.2 asks for (success criterion 1.4.3)."""
    feature = {"name": "prefers-color-scheme", "value": scheme}
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    try:
        assert opened.execute_script(CONTRASTS) == {}
    finally:
        opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
