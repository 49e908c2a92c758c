"""Every screen for everybody: its roles and names, its contrast, and no meaning by colour alone."""

import os
import re
from pathlib import Path
from typing import Literal

import pytest

from tests.support.caller import VALIDATING, Caller, lines
from tests.web.page.conftest import Tab

pytestmark = pytest.mark.slow

SNAPSHOTS = Path(__file__).parent / "snapshots"
#: Set it to write the snapshots anew, and look at what has changed.
WRITE_VARIABLE = "MOCKBATCH_WRITE_SNAPSHOTS"
SCREENS = (
    "batches",
    "batch",
    "requests",
    "requests/unmatched",
    "request",
    "scenarios",
    "files",
    "file",
    "webhooks",
    "worlds",
    "copy",
)
# What differs between two runs: the order of the tests and how long a request took.
_VARYING = (
    (re.compile(r"\b(batch)_[0-9a-f…]{6,}"), r"\1-ID"),
    (re.compile(r"\b(file)-[0-9A-Za-z…]{6,}"), r"\1-ID"),
    (re.compile(r"\b(wh_secret|whd|evt|we|req)_\w+"), r"\1-ID"),
    (re.compile(r"sk-page-\w+|sk-\.\.\.\d+"), "KEY"),
    (re.compile(r"whsec_\S+?(?=[\s\"]|$)"), "SECRET"),
    (re.compile(r"[\d.]+ ms"), "N ms"),
    (re.compile(r"127\.0\.0\.1:\d{4,}"), "HOST"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f-]{27}\b"), "UUID"),
)
# Returns the texts, lines and shapes that stand out too little; WCAG 2.2, 1.4.3 and 1.4.11.
CONTRAST = """
() => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const luminance = (color) => {
    const [r, g, b] = numbers(color).slice(0, 3).map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const isClear = (color) => numbers(color)[3] === 0;
  const ground = (node) => {
    for (let one = node; one; one = one.parentElement) {
      const color = getComputedStyle(one).backgroundColor;
      if (!isClear(color)) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const ratio = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const found = [];
  for (const node of document.querySelectorAll("body *")) {
    const style = getComputedStyle(node);
    const isShape = node.matches(".dot, line, rect.progress");
    const hasText = [...node.childNodes].some((one) => one.nodeType === 3 && one.data.trim());
    if (!isShape && (!hasText || !node.checkVisibility())) continue;
    if (node.matches("title, noscript, option")) continue;
    const color = isShape ? (node.matches("rect.progress") ? style.fill : style.stroke)
      : node.matches("svg text") ? style.fill : style.color;
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const wanted = isShape || isLarge ? 3 : 4.5;
    const reached = ratio(color, ground(node));
    if (reached < wanted) {
      const text = node.textContent.trim().slice(0, 30);
      found.push(`${node.nodeName} .${node.getAttribute("class")} ${text}: ${reached.toFixed(2)}`);
    }
  }
  return found;
}
"""


@pytest.fixture
def addresses(tab: Tab) -> dict[str, str]:
    """Fill a world with something for each screen; return where each screen is."""
    # The key and the seed decide which lines fail.
    tab.api = api = Caller(tab.api.app, "sk-page-accessibility")
    api.good(api.post("/_mock/reset", {"seed": 1}))
    api.good(api.post("/_mock/webhooks/endpoints", {"url": "http://127.0.0.1:9/hook"}))
    names = ("some_failed", "missing_lines", "validation_failed", "expired_partial")
    ids = []
    for name in names:
        api.good(api.post("/_mock/scenarios/active", {"name": name}))
        ids.append(api.create(lines(10))["id"])
        api.advance(90_000 if name != "expired_partial" else VALIDATING)
    api.good(api.post("/_mock/faults", {"preset": "poll_429"}))
    for count in range(4):
        headers = {"x-stainless-retry-count": str(count)}
        api.get(f"/v1/batches/{ids[-1]}", headers=headers)
    api.get("/v1/batchs")
    file = api.get("/_mock/files").json["data"][0]["id"]
    return {
        "batch": f"batch/{ids[1]}",
        "request": f"requests/{api.get('/_mock/requests').json['requests'][0]['id']}",
        "file": f"files/{file}",
    }


def show(tab: Tab, addresses: dict[str, str], screen: str) -> None:
    """Open a screen; of the scenarios only some."""
    page = tab.open(addresses.get(screen, screen))
    if screen == "scenarios":
        page.get_by_label("Search").fill("expired_partial")
        page.get_by_role("article").nth(1).wait_for(state="detached")
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("screen", SCREENS)
def test_a_screen_has_its_roles_and_names(tab: Tab, addresses: dict[str, str], screen: str) -> None:
    """As assistive technology gets them; the files in `snapshots` are written by a variable."""
    show(tab, addresses, screen)
    # All screens have the same header.
    part = "body" if screen == "batches" else "main"
    text = tab.page.locator(part).aria_snapshot() + "\n"
    for pattern, word in _VARYING:
        text = pattern.sub(word, text)
    path = SNAPSHOTS / f"{screen.replace('/', '_')}.yaml"
    if os.environ.get(WRITE_VARIABLE):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_stands_out(
    tab: Tab, addresses: dict[str, str], scheme: Literal["light", "dark"]
) -> None:
    """Texts by 4.5 to 1 from what is behind them, shapes and large texts by 3 to 1."""
    tab.page.emulate_media(color_scheme=scheme)
    found = {}
    for screen in SCREENS:
        show(tab, addresses, screen)
        if screen == "batches":
            tab.page.get_by_label("Advance to (UTC)").fill("1999-01-01T00:00:00")
            tab.page.get_by_role("button", name="Go", exact=True).click()
            tab.page.get_by_role("alert").wait_for()
        found[screen] = sorted(set(tab.page.evaluate(CONTRAST)))
    assert {screen: problems for screen, problems in found.items() if problems} == {}


def test_a_bad_end_has_a_shape_of_its_own(tab: Tab, addresses: dict[str, str]) -> None:
    """A square, where a good one is round; what is planned is hollow."""
    show(tab, addresses, "batches")
    page = tab.page
    assert page.locator("rect.dot.was.failed").count() == 1
    assert page.locator("rect.dot.will.expired").count() == 1
    assert page.locator("circle.dot.was.completed").count() == 2
    ground = page.locator("rect.dot.will").evaluate("one => getComputedStyle(one).fill")
    past = page.locator("rect.dot.was").evaluate("one => getComputedStyle(one).fill")
    assert ground != past


def test_scripted_and_distorted_lines_are_marked(tab: Tab, addresses: dict[str, str]) -> None:
    """Beside their output, in words."""
    tab.open(addresses["batch"])
    tab.page.get_by_text("distorted").first.wait_for()
    assert tab.page.get_by_role("row").filter(has_text="distorted").count() == 2
    [newest, *_, first] = tab.api.get("/_mock/batches").json["data"]
    tab.go(f"batch/{first['id']}")
    tab.page.get_by_text("scripted").first.wait_for()
    rows = tab.page.get_by_role("row").filter(has_text="scripted")
    assert rows.count() == 2
    assert rows.first.get_by_text("error file").count() == 1
    assert newest["id"] != first["id"]


def test_the_attempts_of_a_call_stand_in_one_row(tab: Tab, addresses: dict[str, str]) -> None:
    """Each of them opens its own request."""
    show(tab, addresses, "requests")
    row = tab.page.get_by_role("row").filter(has_text="retry 3")
    statuses = "429, then 429 (retry 1), then 429 (retry 2), then 200 (retry 3)"
    assert row.get_by_text(statuses).count() == 1
    row.get_by_role("link", name="429 (retry 1)").click()
    tab.page.get_by_text("status 429").wait_for()
    assert "retry 1" in tab.page.inner_text("main")


def test_no_screen_scrolls_sideways(tab: Tab, addresses: dict[str, str]) -> None:
    """On 320 pixels."""
    tab.page.set_viewport_size({"width": 320, "height": 640})
    widths = {}
    for screen in SCREENS:
        show(tab, addresses, screen)
        widths[screen] = tab.page.evaluate("document.documentElement.scrollWidth")
    assert widths == dict.fromkeys(SCREENS, 320)
