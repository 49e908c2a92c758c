"""What a seed decides alone, and what only a seed and a start time decide together."""

import json
from pathlib import Path

import pytest

from mockbatch.cli.serve import serve
from mockbatch.files.content import Content
from mockbatch.world.settings import WorldSettings
from mockbatch.world.world import World
from tests.support.caller import DAY, START, Caller, app_of, form, lines

UPLOAD = {"filename": "a", "purpose": "assistants", "bytes": 1, "mime_type": "text/plain"}
PYTEST_PAGE = Path(__file__).parents[2] / "docs/pytest.md"


def ids(start_time: int) -> tuple[dict[str, str], dict[str, str]]:
    """Return the ids without and with a second in them, of a world that begins then."""
    api = Caller(app_of(seed="fixed", start_time=start_time))
    upload = api.good(api.post("/v1/uploads", UPLOAD))
    data = ('name="data"; filename="a"', b"a")
    part = api.good(api.call("POST", f"/v1/uploads/{upload['id']}/parts", **form(data)))
    video = api.good(api.post("/v1/videos", {"model": "sora-2", "prompt": "a"}))
    chat = api.good(api.post("/v1/chat/completions", json.loads(lines(1))["body"]))
    batch = api.create(lines(1))
    api.advance(DAY)
    shown = api.get(f"/v1/batches/{batch['id']}")
    output = shown.json["output_file_id"]
    line = json.loads(api.get(f"/v1/files/{output}/content").text)
    alone = {
        "file": batch["input_file_id"],
        "output file": output,
        "request": shown.headers["x-request-id"],
        "request of a line": line["response"]["request_id"],
        "completion of a line": line["response"]["body"]["id"],
        "chat completion": chat["id"],
    }
    stamped = {
        "batch": batch["id"],
        "upload": upload["id"],
        "part": part["id"],
        "video": video["id"],
        "line": line["id"],
    }
    return alone, stamped


def test_with_a_start_time_all_ids_repeat() -> None:
    """On a clock that only the client moves."""
    assert ids(START) == ids(START)


def test_a_seed_alone_repeats_the_ids_without_a_second() -> None:
    """Those with a second differ if the second does, and in nothing else."""
    alone, stamped = ids(START)
    alone_later, stamped_later = ids(START + 1)
    assert alone == alone_later
    for name, id in stamped.items():
        assert id != stamped_later[name]
        prefix, _, rest = id.rpartition("_")
        assert rest[8:] == stamped_later[name].removeprefix(f"{prefix}_")[8:]


@pytest.mark.parametrize("word", ["batches", "uploads", "output lines", "contain the time"])
def test_the_promise_is_no_larger(word: str) -> None:
    """`--help` and the page on pytest say which ids need a start time, too."""
    [described] = [option.help for option in serve.params if option.name == "seed"]
    assert "--start-time" in described
    assert word in described
    paragraphs = PYTEST_PAGE.read_text(encoding="utf-8").split("\n\n")
    [paragraph] = [text for text in paragraphs if "same `seed`" in text]
    assert "`start_time`" in paragraph
    assert word in paragraph


def test_the_world_of_a_test_has_the_same_ids_with_any_key() -> None:
    """Its owner takes the place of the key, which differs from run to run."""

    def file_id(key: str, owner: str) -> str:
        world = World(key, WorldSettings(owner=owner), "org-1")
        return world.upload(Content.of(b"a"), "a", "assistants", None).id

    assert file_id("sk-1", "test_a") == file_id("sk-2", "test_a") != file_id("sk-1", "test_b")
