"""What other mocks get wrong is right here: a check for each row of the table in the docs."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.support.caller import DAY, app_of
from tests.web.providers.conftest import HELLO, AnthropicCaller, requests_of

PAGE = Path(__file__).parents[3] / "docs" / "providers.md"
BATCHES = "/v1/messages/batches"
CHECKS: dict[str, Callable[[AnthropicCaller], None]] = {}
Check = Callable[[AnthropicCaller], None]


def row(name: str) -> Callable[[Check], Check]:
    """Name the row of the table that a check is for; most are about Anthropic."""

    def add(check: Check) -> Check:
        CHECKS[name] = check
        return check

    return add


def ended_batch(anthropic: AnthropicCaller) -> str:
    """Return the id of a Message Batch with a good and a bad line that has ended."""
    id: str = anthropic.create_batch({}, {"model": "x"})["id"]
    anthropic.advance(DAY)
    return id


def post_status(anthropic: AnthropicCaller, *ids: str) -> int:
    """Return the status of a create with these custom_ids."""
    requests = [{"custom_id": id, "params": HELLO} for id in ids]
    return anthropic.post(BATCHES, {"requests": requests}).status_code


@row("`/openai/batches?api-version=…` with AzureOpenAI")
def check_azure_path(anthropic: AnthropicCaller) -> None:
    """Check that there is a list of Azure's own."""
    answer = anthropic.get("/openai/batches?api-version=2024-10-21")
    assert (answer.status_code, answer.json["has_more"]) == (200, False)


@row("`/openai/v1/batches`")
def check_shared_path(anthropic: AnthropicCaller) -> None:
    """Check that each provider reports an unknown batch in its own envelope."""
    path = "/openai/v1/batches/batch_x"
    azure = anthropic.get(path).json["error"]
    groq = anthropic.call("GET", path, headers={"User-Agent": "Groq/Python 1"}).json["error"]
    assert set(azure) == {"code", "message"}
    assert groq["type"] == "invalid_request_error"


@row("time")
def check_time(anthropic: AnthropicCaller) -> None:
    """Check that the clock stands still until it is moved."""
    anthropic.create()
    before = anthropic.good(anthropic.get("/_mock/clock"))["now"]
    assert anthropic.good(anthropic.get("/_mock/clock"))["now"] == before
    anthropic.advance(60)
    assert anthropic.good(anthropic.get("/_mock/clock"))["now"] == before + 60


@row("invalid input lines")
def check_invalid_lines(anthropic: AnthropicCaller) -> None:
    """Check that the batch fails, and says where."""
    line = '{"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": {}}\n'
    body = {"input": line * 2, "endpoint": "/v1/chat/completions"}
    id = anthropic.good(anthropic.post("/_mock/batches", body))["id"]
    anthropic.advance(DAY)
    batch = anthropic.good(anthropic.get(f"/v1/batches/{id}"))
    assert batch["status"] == "failed"
    assert batch["errors"]["data"][0]["line"] == 1


@row("paging")
def check_paging(anthropic: AnthropicCaller) -> None:
    """Check that the last page says so."""
    ids = [anthropic.create()["id"] for _ in range(3)]
    page = anthropic.good(anthropic.get(f"/v1/batches?limit=2&after={ids[1]}"))
    assert ([one["id"] for one in page["data"]], page["has_more"]) == ([ids[0]], False)


@row("Anthropic: `results_url` of a new batch")
def check_results_url(anthropic: AnthropicCaller) -> None:
    """Check that there is no address yet."""
    assert anthropic.create_batch({})["results_url"] is None


@row("Anthropic: members of a new batch")
def check_members(anthropic: AnthropicCaller) -> None:
    """Check that all are there, and the window is a day."""
    batch = anthropic.create_batch({})
    assert len(batch) == 10
    created, expires = (
        datetime.fromisoformat(batch[name]) for name in ("created_at", "expires_at")
    )
    assert expires - created == timedelta(days=1)


@row("Anthropic: times")
def check_times(anthropic: AnthropicCaller) -> None:
    """Check that times have six decimals and an offset."""
    assert re.fullmatch(r".*\.\d{6}\+00:00", anthropic.create_batch({})["created_at"])


@row("Anthropic: end of a batch")
def check_end(anthropic: AnthropicCaller) -> None:
    """Check that the end comes when simulated time has passed."""
    id = anthropic.create_batch({})["id"]
    assert anthropic.message_batch(id)["processing_status"] == "in_progress"
    anthropic.advance(DAY)
    assert anthropic.message_batch(id)["processing_status"] == "ended"


@row("Anthropic: `results()` of the SDK")
def check_results(anthropic: AnthropicCaller) -> None:
    """Check that the address in the object is that of the results."""
    url = anthropic.message_batch(ended_batch(anthropic))["results_url"]
    assert anthropic.get(url.removeprefix("http://localhost")).status_code == 200


@row("Anthropic: `list()` of the SDK")
def check_list(anthropic: AnthropicCaller) -> None:
    """Check that the newest come first, and the last page ends it."""
    ids = [anthropic.create_batch({})["id"] for _ in range(3)]
    first = anthropic.good(anthropic.get(f"{BATCHES}?limit=2"))
    assert [one["id"] for one in first["data"]] == ids[:0:-1]
    last = anthropic.good(anthropic.get(f"{BATCHES}?limit=2&after_id={first['last_id']}"))
    assert ([one["id"] for one in last["data"]], last["has_more"]) == (ids[:1], False)


@row("Anthropic: `before_id`")
def check_before_id(anthropic: AnthropicCaller) -> None:
    """Check that the cursor leads to newer batches."""
    old, new = (anthropic.create_batch({})["id"] for _ in range(2))
    page = anthropic.good(anthropic.get(f"{BATCHES}?before_id={old}"))
    assert [one["id"] for one in page["data"]] == [new]


@row("Anthropic: a `limit` of 0")
def check_limit(anthropic: AnthropicCaller) -> None:
    """Check that such a page is refused."""
    assert anthropic.get(f"{BATCHES}?limit=0").status_code == 400


@row("Anthropic: DELETE")
def check_delete(anthropic: AnthropicCaller) -> None:
    """Check that only what has ended is deleted."""
    running = anthropic.create_batch({})["id"]
    assert anthropic.delete(f"{BATCHES}/{running}").status_code == 400
    deleted = anthropic.good(anthropic.delete(f"{BATCHES}/{ended_batch(anthropic)}"))
    assert deleted["type"] == "message_batch_deleted"


@row("Anthropic: cancel")
def check_cancel(anthropic: AnthropicCaller) -> None:
    """Check that a cancel takes its time."""
    id = anthropic.create_batch({})["id"]
    canceled = anthropic.good(anthropic.post(f"{BATCHES}/{id}/cancel"))
    assert canceled["processing_status"] == "canceling"
    anthropic.advance(DAY)
    assert anthropic.message_batch(id)["processing_status"] == "ended"


@row("Anthropic: a second cancel")
def check_second_cancel(anthropic: AnthropicCaller) -> None:
    """Check that a second cancel changes nothing."""
    id = anthropic.create_batch({})["id"]
    calls = [anthropic.post(f"{BATCHES}/{id}/cancel") for _ in range(2)]
    assert [one.status_code for one in calls] == [200, 200]


@row("Anthropic: a bad, long or repeated `custom_id`")
def check_custom_ids(anthropic: AnthropicCaller) -> None:
    """Check that such an id refuses the whole batch."""
    statuses = [post_status(anthropic, *ids) for ids in (["a b"], ["x" * 65], ["a", "a"])]
    assert statuses == [400, 400, 400]


@row("Anthropic: no requests")
def check_no_requests(anthropic: AnthropicCaller) -> None:
    """Check that there is no empty batch."""
    assert post_status(anthropic) == 400


@row("Anthropic: a body that is no JSON")
def check_no_json(anthropic: AnthropicCaller) -> None:
    """Check that the body is a 400 like all other invalid requests."""
    assert anthropic.call("POST", BATCHES, data=b"{").status_code == 400


@row("Anthropic: an unknown model")
def check_unknown_model(anthropic: AnthropicCaller) -> None:
    """Check that one line is errored, the other is not."""
    counts = anthropic.message_batch(ended_batch(anthropic))["request_counts"]
    assert (counts["succeeded"], counts["errored"]) == (1, 1)


@row("Anthropic: results before the end")
def check_early_results(anthropic: AnthropicCaller) -> None:
    """Check that there are no results."""
    id = anthropic.create_batch({})["id"]
    assert anthropic.get(f"{BATCHES}/{id}/results").status_code == 404


@row("Anthropic: content type of results")
def check_content_type(anthropic: AnthropicCaller) -> None:
    """Check that the type is the recorded one."""
    answer = anthropic.get(f"{BATCHES}/{ended_batch(anthropic)}/results")
    assert answer.content_type == "application/x-jsonl"


@row("Anthropic: `Retry-After`, `request-id`, snapshots, `service_tier`")
def check_details(anthropic: AnthropicCaller) -> None:
    """Check that each of the four is there."""
    id = anthropic.good(anthropic.post(BATCHES, requests_of({})))["id"]
    headers = anthropic.get(f"{BATCHES}/{id}").headers
    assert (headers["retry-after"], headers["request-id"][:4]) == ("10", "req_")
    anthropic.advance(DAY)
    text = anthropic.get(f"{BATCHES}/{id}/results").text
    assert '"model":"claude-haiku-4-5-20251001"' in text
    assert '"service_tier":"batch"' in text


@row("Anthropic: a missing key")
def check_missing_key(anthropic: AnthropicCaller) -> None:
    """Check that a call without a key is a 401."""
    assert anthropic.get(BATCHES).status_code == 200
    assert AnthropicCaller(app_of(), None).get(BATCHES).status_code == 401


@pytest.mark.parametrize("name", CHECKS)
def test_it_is_right_here(name: str) -> None:
    """Each row holds."""
    CHECKS[name](AnthropicCaller(app_of()))


def test_the_table_has_these_rows() -> None:
    """None is claimed without a check."""
    section = PAGE.read_text().split("## What other mocks get wrong")[1].split("\n## ")[0]
    rows = re.findall(r"^\| ([^|]+?) \|", section, re.MULTILINE)
    assert rows[2:] == list(CHECKS)
