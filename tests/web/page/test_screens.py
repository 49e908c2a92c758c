"""What each screen shows, and what it makes of hostile texts."""

import json
import re

import pytest

from mockbatch.scenarios import catalogue
from mockbatch.world.keys import key_digest
from tests.support.caller import KEY, VALIDATING, Caller, create_message_batch, lines
from tests.support.receivers import answers, receiving
from tests.web.page.conftest import Tab

HOSTILE = '<img src=x onerror="alert(1)">\u202egnp.exe'
SHOWN = HOSTILE.replace("\u202e", "\\u202e")


def hostile_line(custom_id: str) -> bytes:
    """Return an input line that would do harm if it were read as HTML."""
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": HOSTILE}]}
    line = {"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": body}
    return json.dumps(line).encode() + b"\n"


def test_an_empty_world_says_how_to_begin(tab: Tab) -> None:
    """With the lines for a shell, a client, and an example."""
    page = tab.open()
    text = page.inner_text("main")
    assert f"export OPENAI_BASE_URL={tab.url}/v1" in text
    assert f"export OPENAI_API_KEY={tab.api.key}" in text
    code = page.get_by_label("client", exact=True).inner_text()
    assert len([line for line in code.splitlines() if line.strip()]) <= 9
    compile(code, "client.py", "exec")
    page.get_by_role("button", name="Make an example batch").click()
    page.get_by_role("table").wait_for()
    assert "validating" in page.inner_text("main")


@pytest.mark.slow
def test_the_key_leaves_the_address(tab: Tab) -> None:
    """It stays in the tab, and goes to the server in a header alone."""
    page = tab.open()
    assert tab.api.key not in page.url
    assert not [one.url for one in tab.requests if tab.api.key in one.url.partition("#")[0]]
    assert page.context.cookies() == []
    page.reload()
    page.wait_for_selector("h1")
    assert "No batches yet" in page.inner_text("main")


@pytest.mark.slow
def test_batches_show_past_and_future_in_words(tab: Tab) -> None:
    """The picture has a label, and the row a status and the next change."""
    tab.api.create(lines(4))
    tab.api.advance(VALIDATING)
    page = tab.open()
    [row] = page.get_by_role("row").all()[1:]
    label = row.get_by_role("img").get_attribute("aria-label")
    assert re.fullmatch(
        r"validating at [-\d: ]+, in progress at [-\d: ]+, finalizing planned for [-\d: ]+, "
        r"completed planned for [-\d: ]+",
        label,
    )
    assert "in progress" in row.inner_text()
    assert "0/4" in row.inner_text()
    assert "finalizing in 1 min" in row.inner_text()


@pytest.mark.slow
def test_every_scenario_can_be_looked_at(tab: Tab) -> None:
    """A world with a batch of each, at its end; fifty are on a page."""
    for name in catalogue():
        tab.api.post("/_mock/scenarios/active", {"name": name})
        tab.api.post("/v1/batches", tab.api.batch_request(lines(3)))
        tab.api.call("DELETE", "/_mock/scenarios/active")
        tab.api.call("PUT", "/_mock/quotas", json={})
    tab.api.advance(90_000)
    page = tab.open()
    assert page.get_by_role("row").count() == 51
    page.get_by_role("button", name="Older").click()
    page.wait_for_function("() => document.querySelectorAll('tbody tr').length < 50")
    ids = [one["id"] for one in tab.api.get("/_mock/batches?limit=100").json["data"]]
    for id in ids[::8]:
        tab.go(f"batch/{id}")
        page.get_by_text("The Batch object").wait_for()
        assert page.get_by_role("alert").count() == 0
    for screen in ("requests", "scenarios", "files", "webhooks", "worlds", "copy"):
        tab.go(screen)
        assert page.get_by_role("alert").count() == 0


def test_one_batch_has_its_lines_and_commands(tab: Tab) -> None:
    """Each request with its result; what is not possible says why."""
    tab.api.post("/_mock/scenarios/active", {"name": "some_failed", "params": {"fraction": 0.5}})
    id = tab.api.create(lines(4))["id"]
    tab.api.advance(86_400)
    page = tab.open(f"batch/{id}")
    text = page.inner_text("main")
    assert f"{id} is completed" in text
    assert text.count("error file") == 2
    assert text.count("Mock reply to: Hello") == 2
    hold = page.get_by_role("button", name="Hold", exact=True)
    assert hold.get_attribute("aria-disabled") == "true"
    assert "is completed and can no longer be held" in hold.get_attribute("title")


@pytest.mark.slow
def test_an_end_has_its_date_unless_it_was_today(tab: Tab) -> None:
    """A time alone would be taken for one of today."""
    tab.api.create(lines(1))
    tab.api.advance(3600)
    page = tab.open()
    page.get_by_role("cell", name="ended 17:55:24", exact=True).wait_for()
    tab.api.advance(86_400)
    page.get_by_role("cell", name="ended 2024-04-23 17:55", exact=True).wait_for()


@pytest.mark.slow
def test_times_of_other_days_have_their_date(tab: Tab) -> None:
    """Requests of yesterday, and an attempt to deliver that is planned for tomorrow."""
    tab.api.post("/_mock/webhooks/endpoints", {"url": "http://127.0.0.1:9/hook"})
    tab.api.create(lines(1))
    tab.api.get("/v1/batchs")
    tab.api.advance(86_400)
    tab.api.get("/v1/models")
    page = tab.open("requests")
    newest, *_, oldest = page.locator("tbody tr td:first-child").all_inner_texts()
    assert (newest, oldest) == ("17:53:20", "2024-04-23 17:53")
    tab.go("requests/unmatched")
    page.get_by_role("cell", name="2024-04-23 17:53").wait_for()
    tab.go("webhooks")
    [row] = page.get_by_role("row").filter(has_text="batch.completed").filter(has_text="next").all()
    assert re.search(r" at 1\d:\d\d:\d\d, next at 2024-04-25 \d\d:\d\d", row.inner_text())


@pytest.mark.slow
def test_an_ended_batch_is_drawn_around_its_end(tab: Tab) -> None:
    """Weeks later its stages are as far apart as they were on the day."""
    id = tab.api.create(lines(4))["id"]
    tab.api.advance(200)
    page = tab.open(f"batch/{id}")
    picture = page.locator("svg.line")
    marks = page.locator("svg.axis text")
    assert picture.locator("line.now").count() == 1
    assert [marks.get_by_text(text, exact=True).count() for text in ("end", "now")] == [1, 1]
    tab.api.advance(20 * 86_400)
    picture.locator("line.now").wait_for(state="detached")
    assert [marks.get_by_text(text, exact=True).count() for text in ("end", "now")] == [1, 0]
    assert picture.locator("line.now").count() == 0
    first, second = picture.locator("circle").nth(0), picture.locator("circle").nth(1)
    assert second.bounding_box()["x"] - first.bounding_box()["x"] > 100


@pytest.mark.slow
def test_lines_beyond_the_first_part_of_a_file_are_not_called_missing(tab: Tab) -> None:
    """The output has them in another order, so that the result of a line may be further on."""
    id = tab.api.create(lines(2000))["id"]
    tab.api.advance(86_400)
    page = tab.open(f"batch/{id}")
    page.get_by_text("The first part of the files only.").wait_for()
    assert page.get_by_text("not in the input").count() == 0
    assert page.get_by_role("cell", name="none", exact=True).count() == 0


@pytest.mark.slow
def test_repeated_events_are_one_row(tab: Tab) -> None:
    """The attempts of a webhook that nobody accepts, from the first to the last."""
    tab.api.post("/_mock/webhooks/endpoints", {"url": "http://127.0.0.1:9/hook"})
    id = tab.api.create(lines(1))["id"]
    tab.api.advance(3600)
    page = tab.open(f"batch/{id}")
    [row] = page.get_by_role("row").filter(has_text="webhook failed").all()
    assert re.search(r"×\d+ .* to ", row.inner_text().replace("\t", " "))


@pytest.mark.slow
def test_a_batch_that_is_gone_is_said(tab: Tab) -> None:
    """In place of what was there; the rest of the page goes on."""
    page = tab.open(f"batch/{tab.api.create(lines(1))['id']}")
    tab.api.post("/_mock/reset")
    page.get_by_role("alert").filter(has_text="No batch found").wait_for()
    assert page.get_by_role("button", name="Hold", exact=True).count() == 0
    page.get_by_role("link", name="Batches").click()
    page.get_by_role("heading", name="No batches yet").wait_for()
    assert page.get_by_role("alert").count() == 0


@pytest.mark.slow
def test_batches_of_other_providers_are_marked(tab: Tab) -> None:
    """With their own words for a status, and their requests and results."""
    id = create_message_batch(tab.api)
    page = tab.open()
    [row] = page.get_by_role("row").all()[1:]
    assert "anthropic" in row.inner_text()
    assert "ended in 1 min" in row.inner_text()
    label = row.get_by_role("img").get_attribute("aria-label")
    assert re.fullmatch(r"in progress at [-\d: ]+, ended: completed planned for [-\d: ]+", label)
    tab.api.advance(86_400)
    page.get_by_role("cell", name="ended: completed").wait_for()
    tab.go(f"batch/{id}")
    events = page.get_by_role("table", name="Past and planned events").locator("tbody tr")
    names = [event.split("\t")[1] for event in events.all_inner_texts()]
    assert names == ["in progress", "ended: completed"]
    cells = page.get_by_role("row").filter(has_text="line-1").inner_text()
    assert "Hello" in cells
    assert "Mock reply to: Hello" in cells


@pytest.mark.slow
def test_requests_show_faults_retries_and_bodies(tab: Tab) -> None:
    """And those that no route knows, with the nearest one."""
    id = tab.api.create()["id"]
    tab.api.post("/_mock/faults", {"preset": "poll_429"})
    tab.api.get(f"/v1/batches/{id}", headers={"x-stainless-retry-count": "1"})
    tab.api.get("/v1/batchs")
    page = tab.open("requests")
    row = page.get_by_role("row").filter(has_text="retry 1")
    assert "429" in row.inner_text()
    assert "poll_429" in row.inner_text()
    page.get_by_label("Path contains").fill("a" * 600)
    page.get_by_text("No request matches.").wait_for()
    tab.go("requests/unmatched")
    assert "GET /v1/batches" in page.get_by_role("row").last.inner_text()
    tab.go("requests")
    assert page.get_by_label("Path contains").input_value() == "a" * 99
    page.get_by_label("Path contains").fill("")
    page.get_by_role("link", name="POST /v1/batches").click()
    page.get_by_role("heading", name="Response").wait_for()
    assert "completion_window" in page.inner_text("main")


def test_scenarios_and_faults_are_chosen_with_a_click(tab: Tab) -> None:
    """With parameters; what is active stands on top, with how often it was met."""
    page = tab.open("scenarios")
    cards = page.get_by_role("article").count()
    card = page.get_by_role("article", name="expired_partial")
    card.get_by_role("spinbutton").fill("0.25")
    card.get_by_role("button", name="expired_partial for the next batch").click()
    page.get_by_role("cell", name="batches: the next one; so far: 0").wait_for()
    page.get_by_role("button", name="poll_429 for 3 requests").click()
    page.get_by_role("cell", name="met 0 of 3").wait_for()
    batch = tab.api.create(lines(4))
    assert tab.api.get(f"/v1/batches/{batch['id']}").status_code == 429
    page.get_by_role("cell", name="met 1 of 3").wait_for()
    assert page.get_by_role("article").count() == cards
    tab.api.advance(86_400)
    shown = tab.api.get(f"/_mock/batches/{batch['id']}").json
    assert (shown["status"], shown["request_counts"]["completed"]) == ("expired", 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "reply"),
    [
        ("content", {"content": "No."}),
        ("refusal", {"refusal": "No."}),
        ("error", {"error": {"code": "server_error", "message": "No."}}),
    ],
)
def test_a_reply_is_scripted_in_a_form(tab: Tab, kind: str, reply: dict[str, object]) -> None:
    """For some custom_ids and prompts; the field that stays empty selects nothing."""
    page = tab.open("scenarios")
    page.get_by_label("Prompt contains").fill("Hello")
    page.get_by_label("Reply with").select_option(kind)
    page.get_by_label("Text", exact=True).fill("No.")
    page.get_by_role("button", name="Add reply").click()
    page.get_by_role("cell", name="Reply", exact=True).wait_for()
    [added] = tab.api.get("/_mock/replies").json["replies"]
    unused = {"lines": 0, "live_calls": 0}
    assert added == {"match": {"contains": "Hello"}, "reply": reply, **unused}


@pytest.mark.slow
def test_a_reply_shows_how_often_it_has_applied(tab: Tab) -> None:
    """To lines of batches and to live calls; the request shows which reply it got."""
    page = tab.open("scenarios")
    tab.api.post("/_mock/replies", {"match": {"model": "gpt-*"}, "reply": "No."})
    page.get_by_role("cell", name="lines: 0, live calls: 0").wait_for()
    tab.api.create(lines(4))
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}
    tab.api.good(tab.api.post("/v1/chat/completions", body))
    page.get_by_role("cell", name="lines: 4, live calls: 1").wait_for()
    tab.go("requests").get_by_role("link", name="POST /v1/chat/completions").click()
    page.get_by_text('reply for { "model": "gpt-*" }').wait_for()


@pytest.mark.slow
def test_of_many_replies_the_first_are_shown(tab: Tab) -> None:
    """With how many more there are."""
    for number in range(52):
        tab.api.post("/_mock/replies", {"match": {"custom_id": f"{number}"}, "reply": "No."})
    tab.open("scenarios").get_by_role("cell", name="2 more").wait_for()


@pytest.mark.slow
def test_files_are_previewed_and_downloaded(tab: Tab) -> None:
    """Byte for byte."""
    id = tab.api.upload(lines(3))["id"]
    page = tab.open("files")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download in.jsonl").click()
    assert download.value.path().read_bytes() == lines(3)
    tab.go(f"files/{id}")
    assert page.locator("pre.file").inner_text() == lines(3).decode()
    assert page.locator("pre.file span").count() == 3


@pytest.mark.slow
def test_a_large_file_is_read_part_by_part(tab: Tab) -> None:
    """The rest on request."""
    id = tab.api.upload(lines(1000))["id"]
    page = tab.open(f"files/{id}")
    parts, more = page.locator("pre.file"), page.get_by_role("button", name="Show more")
    assert parts.count() == 1
    for shown in (1, 2):
        more.click()
        parts.nth(shown).wait_for()
    assert more.count() == 0
    assert "".join(parts.all_inner_texts()) == lines(1000).decode()


@pytest.mark.slow
def test_webhooks_show_their_attempts(tab: Tab) -> None:
    """In words, too; an endpoint is added by its URL."""
    page = tab.open("webhooks")
    page.get_by_label("Send events to").fill("http://127.0.0.1:9/hook")
    page.get_by_role("button", name="Add endpoint").click()
    page.get_by_role("cell", name="http://127.0.0.1:9/hook").wait_for()
    tab.api.create(lines(1))
    tab.api.advance(200)
    row = page.get_by_role("row").filter(has_text="batch.completed").filter(has_text="pending")
    row.wait_for()
    label = row.get_by_role("img").get_attribute("aria-label")
    assert re.fullmatch(r"attempts: \d, successful: 0", label)


@pytest.mark.slow
def test_a_delivery_is_sent_again(tab: Tab) -> None:
    """What the receiver answers is said at once."""
    with receiving(answers(503)) as receiver:
        tab.api.post("/_mock/webhooks/endpoints", {"url": receiver.url})
        tab.api.create(lines(1))
        tab.api.advance(124)
        page = tab.open("webhooks")
        page.get_by_role("img", name="attempts: 1, successful: 0").wait_for()
        page.get_by_role("button", name="Send again").click()
        page.get_by_role("status").filter(has_text="Sent again: 503.").wait_for()
        assert len(receiver.requests) == 2


@pytest.mark.slow
def test_older_deliveries_are_shown_on_request(tab: Tab) -> None:
    """A hundred more at a time; on the screen of a batch, only its own."""
    tab.api.post("/_mock/webhooks/endpoints", {"url": "http://127.0.0.1:9/hook"})
    input_file_id = tab.api.upload(lines(1))["id"]
    first, *_ = [tab.api.create(input_file_id=input_file_id)["id"] for _ in range(101)]
    tab.api.advance(130)
    page = tab.open("webhooks")
    rows = page.get_by_role("table", name="Each event with its attempts").locator("tbody tr")
    assert rows.count() == 100
    page.get_by_role("button", name="Show more").click()
    rows.nth(100).wait_for()
    assert page.get_by_role("button", name="Show more").get_attribute("title")
    tab.go(f"batch/{first}")
    page.get_by_text("The Batch object").wait_for()
    assert rows.count() == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "screen", ["batch", "requests", "requests/1", "files", "batches", "webhooks", "scenarios"]
)
def test_hostile_texts_are_shown_as_they_are(tab: Tab, screen: str) -> None:
    """Prompts, custom_ids, names and paths are text, and hidden characters show."""
    api = tab.api
    endpoint = {"url": "http://127.0.0.1:9/hook", "name": HOSTILE}
    api.good(api.post("/_mock/webhooks/endpoints", endpoint))
    api.good(api.post("/_mock/replies", {"match": {"contains": HOSTILE}, "reply": HOSTILE}))
    api.call("POST", "/v1/files", **_form(b"x" * 1_000_000))
    batch = api.create(hostile_line(HOSTILE), metadata={"name": HOSTILE})
    api.get("/v1/" + HOSTILE.replace("\u202e", "%E2%80%AE"))
    api.advance(86_400)
    page = tab.open(f"batch/{batch['id']}" if screen == "batch" else screen)
    page.wait_for_timeout(300)
    assert page.locator("img").count() == 0
    assert page.locator("main :text('\u202e')").count() == 0
    if screen in ("batch", "webhooks"):
        assert SHOWN in page.inner_text("main")


def _form(data: bytes) -> dict[str, object]:
    from tests.support.caller import upload_form

    return upload_form(data, name="<img src=x>\u202e.txt", purpose="user_data")


@pytest.mark.slow
def test_the_owner_sees_all_worlds_and_opens_them(tab: Tab) -> None:
    """Others see their own."""
    tab.api.create(lines(2))
    page = tab.open("worlds")
    assert "shows the world of your key" in page.inner_text("main")
    owner = Caller(tab.api.app, KEY)
    [digest] = [
        one["digest"]
        for one in owner.get("/_mock/worlds").json["worlds"]
        if one["key"] == f"sk-...{tab.api.key[-2:]}" and one["batches"] == 1
    ][-1:]
    page.get_by_label("API key").fill(KEY)
    page.get_by_role("button", name="Open its world").click()
    page.wait_for_selector("h1")
    tab.go("worlds")
    row = page.get_by_role("row").filter(has_text=f"sk-...{tab.api.key[-2:]}").last
    row.get_by_role("button").click()
    page.get_by_role("link", name="batch_").first.wait_for()
    assert page.evaluate("sessionStorage.getItem('world')") == digest


@pytest.mark.slow
def test_an_empty_world_of_another_key_does_not_name_the_owners(tab: Tab) -> None:
    """A client with that key would be in another world."""
    tab.api.good(tab.api.post("/_mock/faults", {"preset": "poll_429"}))
    world = key_digest(tab.api.key)
    tab.api.key = KEY
    page = tab.open()
    page.evaluate("world => sessionStorage.setItem('world', world)", world)
    page.reload()
    page.get_by_role("heading", name="No batches yet").wait_for()
    text = page.inner_text("main")
    assert "export OPENAI_API_KEY=KEY_OF_THIS_WORLD" in text
    assert KEY not in text


@pytest.mark.slow
def test_a_key_that_is_not_encoded_is_taken_as_it_is(tab: Tab) -> None:
    """A person may type it into the address."""
    tab.api.key = "sk-%zz-100%"
    page = tab.open()
    assert "export OPENAI_API_KEY=sk-%zz-100%" in page.inner_text("main")


@pytest.mark.slow
def test_a_wrong_key_is_said(tab: Tab) -> None:
    """And another one is sent."""
    tab.api.key = "undefined"
    page = tab.open()
    assert page.get_by_role("alert").is_visible()
    assert page.get_by_role("heading", name="Which world?").is_visible()
