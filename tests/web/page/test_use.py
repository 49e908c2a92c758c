"""Moving time, by mouse and keyboard; what a look costs and must not change; foreign pages."""

import json
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from textwrap import indent
from threading import Thread
from typing import TYPE_CHECKING, Any, Literal

import pytest

from mockbatch.http_server.server import HttpServer
from mockbatch.testing.mock_batch import MockBatch
from tests.support.caller import FINALIZING, IN_PROGRESS, START, VALIDATING, Caller, app_of, lines
from tests.web.page.conftest import Tab

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

SCREENS = ("batches", "requests", "requests/unmatched", "scenarios", "files", "webhooks", "copy")
SNAPSHOT = """\
- heading "Batches" [level=1]
- table "The newest first; time near now is stretched":
  - caption: The newest first; time near now is stretched
  - rowgroup:
    - row "Batch Status Lines Timeline Scenario Next":
      - columnheader "Batch"
      - columnheader "Status"
      - columnheader "Lines"
      - columnheader "Timeline":
        - img "Timeline": now −1 min +1 min
      - columnheader "Scenario"
      - columnheader "Next"
"""
SET_VISIBILITY = """
state => {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}
"""


def test_next_event_moves_the_clock_the_row_and_the_strip(tab: Tab) -> None:
    """What happened is said at once."""
    tab.api.create(lines(4))
    page = tab.open()
    page.get_by_role("button", name="Next event").click()
    strip = page.get_by_role("status")
    strip.wait_for()
    assert "1 event: batch_" in strip.inner_text()
    assert "in progress" in strip.inner_text()
    assert "17:54:22 UTC" in page.locator(".time").inner_text()
    page.get_by_role("cell", name="in progress", exact=True).wait_for()
    assert tab.api.clock()["now"] == START + VALIDATING


def test_a_batch_is_held_and_run_to_its_end(tab: Tab) -> None:
    """And a command that was possible is not possible any more."""
    id = tab.api.create(lines(4))["id"]
    page = tab.open(f"batch/{id}")
    page.get_by_role("button", name="Hold", exact=True).click()
    page.get_by_text("(held)").wait_for()
    page.get_by_role("button", name="Resume").click()
    page.get_by_text("(held)").wait_for(state="detached")
    page.get_by_role("button", name="Run to the end").click()
    page.get_by_text("this is final").wait_for()
    assert tab.api.clock()["now"] == START + VALIDATING + IN_PROGRESS + FINALIZING
    before = tab.api.clock()["now"]
    page.get_by_role("button", name="Run to the end").click(force=True)
    page.get_by_role("status").filter(has_text="The batch has ended.").wait_for()
    page.get_by_role("button", name="Hold", exact=True).press("Enter")
    page.get_by_role("status").filter(has_text="can no longer be held").wait_for()
    assert tab.api.clock()["now"] == before
    assert page.get_by_role("alert").count() == 0


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("Cancel", "cancelling"),
        ("Expire", "expired"),
        ("Fail", "failed"),
        ("Complete", "completed"),
    ],
)
def test_a_command_takes_effect_at_once(tab: Tab, name: str, status: str) -> None:
    """Time stands still."""
    id = tab.api.create(lines(4))["id"]
    before = tab.api.clock()["now"]
    page = tab.open(f"batch/{id}")
    page.get_by_role("button", name=name, exact=True).click()
    page.get_by_role("heading", name=status).wait_for()
    page.get_by_role("status").filter(has_text=f"{name}: done.").wait_for()
    assert tab.api.get(f"/_mock/batches/{id}").json["status"] == status
    assert tab.api.clock()["now"] == before


def test_a_refusal_is_said(tab: Tab) -> None:
    """In the words of the API."""
    page = tab.open()
    page.get_by_label("Advance to (UTC)").fill("1999-01-01T00:00:00")
    page.get_by_role("button", name="Go", exact=True).click()
    page.get_by_role("alert").wait_for()
    assert "only moves forward" in page.get_by_role("alert").inner_text()
    page.get_by_role("link", name="Files").click()
    page.get_by_role("heading", name="Files").wait_for()
    assert page.get_by_role("alert").count() == 0


def test_an_error_goes_when_the_server_is_back(tab: Tab) -> None:
    """Even if nothing has changed meanwhile."""
    tab.api.create(lines(1))
    page, look = tab.open(), "**/_mock/page*"
    refusal = json.dumps({"error": {"message": "The store cannot be reached."}})
    page.route(look, lambda route: route.fulfill(status=503, body=refusal))
    page.get_by_role("alert").filter(has_text="cannot be reached").wait_for()
    page.unroute(look)
    page.get_by_role("alert").wait_for(state="detached")


def press_tab_until(page: "Page", selector: str) -> None:
    """Move the focus forward, as a person without a mouse does, to an element of this kind."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    pytest.fail(f"40 presses of Tab do not lead to {selector}")


def test_it_is_used_by_keyboard_alone(tab: Tab) -> None:
    """From the first tab stop to a batch, and time moves by a key."""
    tab.api.create(lines(2))
    page = tab.open()
    page.keyboard.press("n")
    page.get_by_role("cell", name="in progress", exact=True).wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    press_tab_until(page, "tbody a")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="The Batch object").wait_for()
    press_tab_until(page, ".actions button")
    page.keyboard.press("Space")
    page.get_by_text("(held)").wait_for()
    assert page.evaluate("document.activeElement.textContent") == "Hold"  # focus stays


def test_a_redraw_keeps_what_was_typed(tab: Tab) -> None:
    """A batch that comes meanwhile moves no focus."""
    page = tab.open("scenarios")
    page.get_by_label("Search").fill("expired")
    tab.api.post("/_mock/scenarios/active", {"name": "all_failed"})
    page.get_by_role("cell", name="all_failed").wait_for()
    assert page.get_by_label("Search").input_value() == "expired"
    assert page.evaluate("document.activeElement.id") == "search"


def test_batches_are_read_as_a_table(tab: Tab) -> None:
    """Names and roles, as assistive technology gets them."""
    tab.api.create(lines(2))
    page = tab.open()
    page.get_by_role("table").wait_for()
    assert indent(SNAPSHOT, "  ") in page.locator("main").aria_snapshot()
    assert page.get_by_role("navigation").first.locator("[aria-current=page]").inner_text()


def test_what_was_done_is_copied_as_a_test(tab: Tab) -> None:
    """The copy is Python that passes."""
    page = tab.open("scenarios")
    page.get_by_role("button", name="all_failed for the next batch").click()
    page.get_by_role("cell", name="batches: the next one; so far: 0").wait_for()
    tab.go("batches")
    page.get_by_role("button", name="Make an example batch").click()
    page.get_by_role("button", name="+24 h").click()
    page.get_by_role("cell", name="completed", exact=True).wait_for()
    tab.go("copy")
    text = page.get_by_label("the test", exact=True).inner_text()
    scope: dict[str, Any] = {}
    exec(compile(text, "test_copied.py", "exec"), scope)
    with MockBatch() as mock:
        scope["test_batch"](mock)
    assert 'mockbatch.scenario("all_failed", times=1)' in text
    assert "mockbatch.clock.advance(86400)" in text
    assert 'assert batch.status == "completed"' in text
    assert "curl -X POST" in page.get_by_label("the commands", exact=True).inner_text()


def test_a_copy_advances_by_as_much(tab: Tab) -> None:
    """The clock of a test starts at another time."""
    page = tab.open()
    page.get_by_role("button", name="Make an example batch").click()
    page.get_by_label("Advance to (UTC)").fill("2024-04-23T17:54:30")
    page.get_by_role("button", name="Go", exact=True).click()
    page.get_by_role("cell", name="in progress", exact=True).wait_for()
    assert tab.api.clock()["now"] == START + 70
    tab.go("copy")
    scope: dict[str, Any] = {}
    exec(page.get_by_label("the test", exact=True).inner_text(), scope)
    with MockBatch() as mock:
        scope["test_batch"](mock)


def test_a_copy_has_the_parameters_of_a_scenario(tab: Tab) -> None:
    """Even one that is called as what says for how many batches it is."""
    page = tab.open("scenarios")
    card = page.get_by_role("article", name="webhook_receiver_fails")
    card.get_by_label("times").fill("2")
    card.get_by_role("button").first.click()
    page.get_by_role("cell", name="webhook_receiver_fails").wait_for()
    tab.go("copy")
    scope: dict[str, Any] = {}
    text = page.get_by_label("the test", exact=True).inner_text()
    exec(text.partition("    assert")[0], scope)
    with MockBatch() as mock:
        scope["test_batch"](mock)
        [sent] = mock.call("GET", "/_mock/requests?path=/v1/batches")["requests"]
        assert sent["status"] == 200
        [batch] = mock.call("GET", "/_mock/batches")["data"]
        assert batch["scenario"] == "webhook_receiver_fails"


def test_a_copy_ends_as_on_a_clock_that_ran(tab: Tab) -> None:
    """What passed by itself is in no call, and the clock of a test stands still."""
    tab.api.post("/_mock/clock", {"mode": "x3600"})
    page = tab.open()
    page.get_by_role("button", name="Make an example batch").click()
    page.get_by_role("cell", name="completed", exact=True).wait_for()
    tab.go("copy")
    scope: dict[str, Any] = {}
    exec(page.get_by_label("the test", exact=True).inner_text(), scope)
    with MockBatch() as mock:
        scope["test_batch"](mock)


def test_the_copies_run_in_another_world(tab: Tab) -> None:
    """With the ids of that world, and without what only this one has."""
    tab.api.post("/_mock/webhooks/endpoints", {"url": "http://127.0.0.1:9/hook"})
    page = tab.open("webhooks")
    page.get_by_role("button", name="Rotate secret").click()
    page.get_by_role("status").wait_for()
    tab.api.post("/_mock/reset")
    tab.go("batches")
    page.get_by_role("button", name="Make an example batch").click()
    page.get_by_role("link", name="batch_").first.click()
    for name, shown in {
        "Hold": "(held)",
        "Resume": "it becomes",
        "Cancel": "is cancelling",
    }.items():
        page.get_by_role("button", name=name, exact=True).click()
        page.get_by_text(shown).first.wait_for()
    page.get_by_role("button", name="Run to the end").click()
    page.get_by_text("this is final").wait_for()
    tab.go("copy")
    scope: dict[str, Any] = {}
    exec(page.get_by_label("the test", exact=True).inner_text(), scope)
    with MockBatch() as mock:
        scope["test_batch"](mock)
    commands = page.get_by_label("the commands", exact=True).inner_text()
    commands = commands.replace("curl -X", "curl --fail -X").partition("rotate_secret")[2]
    commands = commands[commands.index("batch0=$(") :]
    tab.api.post("/_mock/reset")
    subprocess.run(["bash", "-e", "-o", "pipefail", "-c", commands], check=True)
    assert [one["status"] for one in tab.api.get("/_mock/batches").json["data"]] == ["cancelled"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_narrow_window(tab: Tab, scheme: Literal["light", "dark"]) -> None:
    """320 pixels, in both schemes, without scrolling sideways."""
    tab.api.create(lines(2))
    page = tab.open()
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 320, "height": 640})
    for screen in SCREENS:
        tab.page.evaluate("hash => { location.hash = hash }", f"#/{screen}")
        page.wait_for_timeout(150)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, screen


def test_an_idle_page_costs_next_to_nothing(tab: Tab) -> None:
    """A request each second, answered by 304."""
    tab.api.create(lines(2))
    page = tab.open()
    page.wait_for_timeout(500)
    statuses: list[int] = []
    page.on("response", lambda response: statuses.append(response.status))
    page.wait_for_timeout(5_000)
    assert len(statuses) <= 6
    assert set(statuses) == {304}


def test_a_hidden_page_requests_nothing(tab: Tab) -> None:
    """And looks at once when it is visible again."""
    page = tab.open()
    page.evaluate(SET_VISIBILITY, "hidden")
    page.wait_for_load_state("networkidle")
    before = len(tab.requests)
    page.wait_for_timeout(3_000)
    assert len(tab.requests) == before
    tab.api.create(lines(2))
    page.evaluate(SET_VISIBILITY, "visible")
    page.get_by_role("table").wait_for()


def test_looking_moves_no_clock_and_is_in_no_journal(tab: Tab) -> None:
    """Not even one that moves by polls."""
    tab.api.post("/_mock/clock", {"mode": "on-poll"})
    id = tab.api.create(lines(2))["id"]
    before = tab.api.clock(), tab.api.get("/_mock/requests").data
    page = tab.open()
    for screen in (*SCREENS, f"batch/{id}", "worlds"):
        tab.page.evaluate("hash => { location.hash = hash }", f"#/{screen}")
        page.wait_for_timeout(200)
    assert (tab.api.clock(), tab.api.get("/_mock/requests").data) == before


def test_a_reset_of_the_world_is_seen_on_a_later_page(tab: Tab) -> None:
    """The batch after which it began is gone."""
    id = tab.api.upload(lines(1))["id"]
    for _ in range(51):
        tab.api.create(input_file_id=id)
    page = tab.open()
    page.get_by_role("button", name="Older").click()
    page.wait_for_function("() => document.querySelectorAll('tbody tr').length === 1")
    tab.api.post("/_mock/reset")
    page.get_by_role("heading", name="No batches yet").wait_for()
    assert page.get_by_role("alert").count() == 0


class TestForeignPage:
    """A page from elsewhere, in the same browser."""

    @pytest.fixture
    def foreign(self, tab: Tab) -> Iterator[str]:
        """Serve a page on a name that is not loopback's, and return its address."""
        frame = f"<iframe src='{tab.url}/_mock/'></iframe>"
        body = f"<h1>Foreign</h1>{frame}<form method=post enctype=text/plain></form>".encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}/"
            server.shutdown()

    def test_can_do_nothing(self, tab: Tab, foreign: str) -> None:
        """Neither read nor change the world, nor frame the page."""
        tab.api.create(lines(1))
        before = tab.api.clock(), tab.api.get("/_mock/requests").data
        page = tab.page
        page.goto(foreign)
        fetched = page.evaluate(
            """async (url) => {
              const tries = [["GET", "/_mock/clock"], ["POST", "/_mock/clock/advance"]];
              return Promise.all(tries.map(([method, path]) =>
                fetch(url + path, { method, ...(method === "POST" && { body: "{}" }) })
                  .then((response) => response.text(), () => "refused")));
            }""",
            tab.url,
        )
        assert fetched == ["refused", "refused"]
        assert "mockbatch" not in (page.frames[1].title() if len(page.frames) > 1 else "")
        page.evaluate(
            """(url) => {
              const form = document.querySelector("form");
              form.action = url + "/_mock/clock/advance";
              form.submit();
            }""",
            tab.url,
        )
        page.wait_for_url("**/advance")
        assert "Cross-origin request" in page.inner_text("body")
        assert (tab.api.clock(), tab.api.get("/_mock/requests").data) == before
        # What the browser itself says of the rejected calls, and the foreign page.
        tab.problems.clear()
        tab.requests.clear()


def test_first_rows_come_fast_among_many(tab: Tab) -> None:
    """A thousand batches: fifty are shown."""
    api = Caller(app_of(), tab.api.key)
    server = HttpServer(api.app, "127.0.0.1", 0)
    server.start()
    try:
        id = api.upload(lines(1))["id"]
        for _ in range(1000):
            api.create(input_file_id=id)
        tab.url, tab.api = server.url, api
        page = tab.open()
        page.get_by_role("table").wait_for()
        assert page.get_by_role("row").count() == 51
        page.get_by_role("button", name="Older").click()
        page.get_by_role("button", name="Newer").and_(
            page.locator(":not([aria-disabled])")
        ).wait_for()
    finally:
        server.stop()
