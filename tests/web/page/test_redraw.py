"""A redraw leaves alone what a person is about to use."""

import pytest

from tests.support.caller import VALIDATING, Caller, lines
from tests.web.page.conftest import Tab

pytestmark = pytest.mark.slow

TYPED = "2030-01-02T03:04:05"
# Holds the answer to an advance back until the page has drawn what it changed, and looked again.
LATE_ANSWERS = """
const original = fetch;
let [isWaiting, isChanged, release] = [false, false, () => {}];
window.fetch = async (path, options) => {
  const isAdvance = path.endsWith("/clock/advance");
  const drawn = isAdvance && new Promise((resolve) => { [isWaiting, release] = [true, resolve]; });
  const response = await original(path, options);
  if (isWaiting && path.includes("/page?seen=")) {
    if (response.status === 200) isChanged = true;
    else if (isChanged) release();
  }
  if (isAdvance) await drawn;
  return response;
};
"""
# Keeps the time that the bar shows at the moment at which the strip appears.
TIME_BESIDE_STRIP = """
() => new MutationObserver(() => {
  if (!document.querySelector(".strip")) return;
  window.timeBesideStrip ??= document.querySelector(".time").textContent;
}).observe(document.getElementById("header"), { childList: true, subtree: true })
"""


def test_the_answer_is_said_after_a_look_has_shown_it(tab: Tab) -> None:
    """The page looks by itself, and may see a change before the answer to the click is there."""
    tab.page.add_init_script(LATE_ANSWERS)
    tab.api.create(lines(2))
    page = tab.open()
    page.get_by_role("button", name="Next event").click()
    page.get_by_role("status").wait_for()
    assert "1 event: batch_" in page.get_by_role("status").inner_text()


def test_what_happened_is_said_with_the_time_that_it_names(tab: Tab) -> None:
    """Not while the bar still shows the time before it."""
    tab.api.create(lines(2))
    page = tab.open()
    page.evaluate(TIME_BESIDE_STRIP)
    region = page.locator("[role=status]").element_handle()  # only a region is announced
    page.get_by_role("button", name="Next event").click()
    page.get_by_role("status").wait_for()
    assert page.evaluate("timeBesideStrip") == "2024-04-23 17:54:22 UTC"
    assert "1 event: batch_" in region.inner_text()


def test_a_redraw_keeps_an_instant_that_was_typed(tab: Tab) -> None:
    """The clock above it changes with the world, and its form stays the same element."""
    page = tab.open()
    field = page.get_by_label("Advance to (UTC)")
    field.fill(TYPED)
    button = page.get_by_role("button", name="Go", exact=True).element_handle()
    tab.api.create(lines(2))
    page.get_by_role("table").wait_for()
    tab.api.advance(VALIDATING)
    page.get_by_role("cell", name="in progress", exact=True).wait_for()
    assert field.input_value() == TYPED
    assert button.evaluate("button => button.isConnected")


def test_a_button_does_not_move_while_the_mouse_is_down_on_it(tab: Tab) -> None:
    """A row that comes above waits until the button is released, and then shows."""
    tab.api.post("/_mock/faults", {"preset": "poll_429"})
    page = tab.open("scenarios")
    clear = page.get_by_role("button", name="Clear faults")
    clear.hover()
    page.mouse.down()
    tab.api.post("/_mock/scenarios/active", {"name": "all_failed"})
    with page.expect_response(lambda one: "/page?seen=" in one.url and one.status == 200):
        pass
    page.wait_for_load_state("networkidle")
    assert page.get_by_role("cell", name="all_failed").count() == 0
    page.mouse.up()
    page.get_by_role("cell", name="all_failed").wait_for()
    page.get_by_role("cell", name="poll_429").wait_for(state="detached")
    assert tab.api.get("/_mock/faults").json["faults"] == []


def test_a_mode_that_another_client_sets_is_shown(tab: Tab) -> None:
    """Even one that a person has chosen before."""
    page = tab.open()
    page.locator("#mode").select_option("on-poll")
    shows(tab, "on-poll")
    for mode in ("manual", "on-poll"):
        set_mode(tab.api, mode)
        shows(tab, mode)
        assert page.locator("#mode").input_value() == mode


def shows(tab: Tab, mode: str) -> None:
    """Wait until the page has drawn a mode."""
    script = "mode => document.querySelector('#mode [selected]').value === mode"
    tab.page.wait_for_function(script, arg=mode)


def set_mode(api: Caller, mode: str) -> None:
    """Set the mode as another client would."""
    assert api.post("/_mock/clock", {"mode": mode}).status_code == 200
