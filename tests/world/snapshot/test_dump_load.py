"""A world as JSON: moved to another server it answers as it would have, and nothing else loads."""

import copy
import gc
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from mockbatch.batch import commands
from mockbatch.batch.create import BatchRequest
from mockbatch.errors import ApiError
from mockbatch.files.content import Content
from mockbatch.limits import MAX_PACE, MIN_PACE, Quotas
from mockbatch.typing import Json
from mockbatch.web.app import create_app
from mockbatch.world.settings import ServerSettings, WorldSettings
from mockbatch.world.snapshot.dump import dump
from mockbatch.world.snapshot.load import load, load_from_file
from mockbatch.world.snapshot.snapshot import Snapshot
from mockbatch.world.world import World
from tests.support.examples import examples
from tests.support.slow_tests import mark_slow_except_each

if TYPE_CHECKING:
    from tests.conftest import Make

ROOT = Path(__file__).parents[3]
START = 1_713_894_800
DAY = 24 * 3600
VALIDATING, IN_PROGRESS, CANCELLING = 62, 61, 605  # seconds, at pace 1
CHAT = "/v1/chat/completions"
FORMAT = "mockbatch state 1"
MEGABYTE = 1 << 20


class Api:
    """One key's client of an app, which fails the test when an answer is no success."""

    def __init__(self, app: Flask, key: str = "sk-tests-of-states-0001") -> None:
        self._client = app.test_client(use_cookies=False)
        self._headers = {"Authorization": f"Bearer {key}"}

    def ask(self, method: str, path: str, **options: Any) -> TestResponse:
        """Send a request."""
        return self._client.open(path, method=method, headers=self._headers, **options)

    def call(self, method: str, path: str, body: Json = None) -> Json:
        """Send a request that has to succeed, and return the JSON of its answer."""
        # Not the client's own way to send JSON, which sorts the members.
        response = self.ask(method, path, data=b"" if body is None else json.dumps(body))
        assert response.status_code == 200, response.text
        return response.json

    def upload(self, data: bytes, purpose: str = "batch", **fields: str) -> str:
        """Upload a file and return its id."""
        parts = {"purpose": purpose, **fields}
        lines = [
            f'--b\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n'
            for n, v in parts.items()
        ]
        head = (
            '--b\r\nContent-Disposition: form-data; name="file"; filename="ä \\"1\\".jsonl"\r\n\r\n'
        )
        body = "".join([*lines, head]).encode() + data + b"\r\n--b--\r\n"
        kind = "multipart/form-data; boundary=b"
        return str(self.ask("POST", "/v1/files", data=body, content_type=kind).json["id"])

    def create(self, file: str, scenario: str = "happy", **fields: Json) -> str:
        """Create a batch and return its id."""
        return str(self.call("POST", "/v1/batches", batch_body(file, scenario, **fields))["id"])

    def command(self, id: str, verb: str) -> None:
        """Do something to a batch."""
        self.call("POST", f"/{'v1' if verb == 'cancel' else '_mock'}/batches/{id}/{verb}", {})

    def advance(self, seconds: float) -> None:
        """Move the clock."""
        self.call("POST", "/_mock/clock/advance", {"seconds": seconds})

    def state(self) -> dict[str, Json]:
        """Return the world's document, without what depends on real time."""
        state: dict[str, Json] = self.call("GET", "/_mock/state")
        for request in state["journal"]["requests"]:
            del request["wall"], request["duration_ms"]
        return state

    def everything(self) -> dict[str, Json]:
        """Return the answer to each GET that there is to ask."""
        batches = self.call("GET", "/v1/batches?limit=100")
        files = self.call("GET", "/v1/files")
        paths = ["/_mock/clock", "/v1/batches?limit=3", "/v1/files?order=asc&purpose=batch"]
        for batch in batches["data"]:
            paths += [f"/v1/batches/{batch['id']}", f"/_mock/batches/{batch['id']}/timeline"]
        for file in files["data"]:
            paths += [f"/v1/files/{file['id']}", f"/v1/files/{file['id']}/content"]
        return {
            "batches": batches,
            "files": files,
            **{path: self.ask("GET", path).data for path in paths},
        }


def batch_body(file: str, scenario: str, **fields: Json) -> Json:
    """Return the body that creates a batch."""
    return {
        "input_file_id": file,
        "endpoint": CHAT,
        "completion_window": "24h",
        "metadata": {"mockbatch_scenario": scenario},
        **fields,
    }


def loose_file() -> Json:
    """Return a file of a state whose content is named `c`."""
    return {
        "id": "file-1",
        "purpose": "user_data",
        "filename": "f",
        "created_at": START,
        "expires_at": None,
        "content": "c",
    }


def app_of(beginning: Json = None, **world: Any) -> Flask:
    """Make an app whose clock stands still, and whose worlds begin with a state if one is given."""
    chosen = WorldSettings(**{"clock": "manual", "start_time": START, **world})
    state = None if beginning is None else load(beginning, chosen)
    return create_app(ServerSettings(world=chosen), state)


def lines(count: int) -> bytes:
    """Return an input file."""
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hellö \u2028"}]}
    made = (
        {"custom_id": f"line-{n}", "method": "POST", "url": CHAT, "body": body}
        for n in range(count)
    )
    return b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in made)


def page() -> Json:
    """Return the state of the page's world."""
    return json.loads((ROOT / "fixtures/worlds/portkey-page.json").read_bytes())


def fill(api: Api) -> Api:
    """Fill a world with batches in every state, and with odd files."""
    api.call("PUT", "/_mock/state", page())
    file = api.upload(lines(10))
    api.upload(bytes(range(256)), "user_data")
    api.upload(
        lines(1), **{"expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"}
    )
    api.create(
        file, "expired_partial", output_expires_after={"anchor": "created_at", "seconds": DAY}
    )
    api.create(file, "expired_empty")
    api.advance(DAY)
    gone = api.upload(lines(3))
    held_and_lost = api.create(gone)
    api.command(held_and_lost, "hold")
    api.create(gone)
    api.call("DELETE", f"/v1/files/{gone}")
    api.create(api.upload(b'{"a": 1}\n{\n'))
    running, cancelled = api.create(file), api.create(file, "some_failed")
    failed = api.create(file)
    api.command(failed, "fail")
    done = [api.create(file, name) for name in ("happy", "some_failed", "all_failed")]
    for id in done:
        api.command(id, "complete")
    api.call("DELETE", f"/v1/files/{api.call('GET', f'/v1/batches/{done[0]}')['output_file_id']}")
    api.advance(VALIDATING + 20)
    api.command(running, "hold")
    api.command(cancelled, "cancel")
    api.advance(CANCELLING)
    finalizing = api.create(file)
    api.advance(VALIDATING + IN_PROGRESS)
    api.command(finalizing, "hold")
    cancelling = api.create(file)
    api.advance(VALIDATING + 7)
    api.command(cancelling, "cancel")
    api.create(
        file,
        "expired_partial",
        metadata={"a": "ü", "mockbatch_fraction": "0.3", "mockbatch_scenario": "expired_partial"},
    )
    api.create(file, "all_failed")
    api.advance(30)  # both are validating
    return api


def move(api: Api, **world: Any) -> Api:
    """Return a client of another server, into which the world was put."""
    other = Api(app_of(**{"seed": 7, "pace": 3, "start_time": 5, **world}), "sk-another-key-0002")
    other.call("PUT", "/_mock/state", json.loads(json.dumps(api.call("GET", "/_mock/state"))))
    return other


@pytest.fixture
def original() -> Api:
    """Make a world that holds a bit of everything."""
    return fill(Api(app_of()))


@pytest.fixture(scope="module")
def document() -> Json:
    """Return the state of such a world; not to be changed."""
    return fill(Api(app_of())).call("GET", "/_mock/state")


@pytest.fixture
def state(document: Json) -> Json:
    """Return such a state to be changed."""
    return copy.deepcopy(document)


# --- moved


@pytest.mark.parametrize(
    "seconds",
    mark_slow_except_each(5, [0, 1, 20, 32, 33, 61, 94, 605, DAY - 700, DAY, 31 * DAY]),
)
def test_moved_world_gives_the_same_answers(original: Api, seconds: int) -> None:
    """Each GET has the same answer in both, now and later."""
    other = move(original)
    for api in (original, other):
        api.advance(seconds)
    assert other.everything() == original.everything()


SCENARIOS = sorted(path.stem for path in (ROOT / "mockbatch/scenarios/catalogue").glob("*.json"))


@pytest.mark.parametrize("name", mark_slow_except_each(10, SCENARIOS))
def test_batch_of_any_scenario_moves(name: str) -> None:
    """What happens to a batch happens to its copy, too; another one is being cancelled."""
    api = Api(app_of())
    file = api.upload(lines(6))
    for _ in range(2):
        response = api.ask("POST", "/v1/batches", data=json.dumps(batch_body(file, name)))
    api.advance(VALIDATING + 20)
    api.ask("POST", f"/v1/batches/{response.json.get('id')}/cancel")
    other = move(api)
    for one in (api, other):
        one.advance(2 * DAY)
    assert other.everything() == api.everything()


def test_moved_world_has_batches_under_way(original: Api) -> None:
    """All eight statuses are among those that moved."""
    batches = move(original).call("GET", "/v1/batches?limit=100")["data"]
    assert len({batch["status"] for batch in batches}) == 8


def test_moved_world_is_dumped_the_same(original: Api) -> None:
    """Nothing is lost on the way, so it can be moved again."""
    assert move(original).state() == original.state()


def test_same_creates_make_the_same_ids(original: Api) -> None:
    """The seed and the counters move too."""
    both = [original, move(original)]
    made = [api.create(api.upload(lines(2))) for api in both]
    assert made[0] == made[1]


@pytest.mark.parametrize(
    "verb",
    mark_slow_except_each(6, ["cancel", "hold", "resume", "expire", "fail", "complete"]),
)
def test_same_commands_have_the_same_effect(original: Api, verb: str) -> None:
    """Each batch takes a command, or refuses it, as it would have."""
    other = move(original)
    where = "v1" if verb == "cancel" else "_mock"
    for batch in original.call("GET", "/v1/batches?limit=100")["data"]:
        path = f"/{where}/batches/{batch['id']}/{verb}"
        assert other.ask("POST", path).data == original.ask("POST", path).data
    for api in (original, other):
        api.advance(DAY)
    assert other.everything() == original.everything()


def test_held_batches_go_on(original: Api) -> None:
    """What was put aside by a hold moves too."""
    other = move(original)
    held = [
        batch["id"]
        for batch in original.call("GET", "/_mock/state")["batches"]
        if batch["held"] is not None
    ]
    assert len(held) == 3
    for api in (original, other):
        for id in held:
            api.command(id, "resume")
        api.advance(200)
    assert other.everything() == original.everything()


def test_lost_input_stays_lost(original: Api) -> None:
    """A batch whose input was deleted fails over there, though another has that content."""
    other = move(original)
    other.advance(DAY)
    ended = other.call("GET", "/v1/batches?limit=100")["data"]
    lost = [
        batch
        for batch in ended
        if (batch["errors"] or {"data": [{}]})["data"][0].get("line", 0) is None
    ]
    assert {batch["status"] for batch in lost} == {"failed"}


def test_deleted_output_stays_deleted(original: Api) -> None:
    """A file that was deleted is not made again."""
    before, after = (api.call("GET", "/v1/files")["data"] for api in (original, move(original)))
    assert [file["id"] for file in after] == [file["id"] for file in before]


def test_bytes_that_are_no_text_move(original: Api) -> None:
    """They are written in base64 and come back as they were."""
    other = move(original)
    files = other.call("GET", "/v1/files?purpose=user_data")["data"]
    content = other.ask("GET", f"/v1/files/{files[0]['id']}/content").data
    assert content == bytes(range(256))


def test_each_content_is_written_once(document: Json) -> None:
    """Files and batches refer to the same one."""
    texts = [json.dumps(content) for content in document["contents"].values()]
    assert len(set(texts)) == len(texts)


def test_recorded_batch_moves_key_for_key(original: Api) -> None:
    """A batch from a page stays as it was printed."""
    batch = move(original).call("GET", "/v1/batches/batch_abc123")
    assert batch == page()["recorded"][0]


@pytest.mark.parametrize("mode", ["manual", "on-poll", "x60", "realtime"])
def test_clock_moves(mode: str) -> None:
    """The other world's clock goes on in the same mode."""
    api = Api(app_of())
    api.call("POST", "/_mock/clock", {"mode": mode})
    assert move(api).call("GET", "/_mock/clock")["mode"] == mode


def test_fraction_of_a_second_moves() -> None:
    """Instants are numbers, not only whole ones."""
    api = Api(app_of())
    api.advance(0.25)
    assert move(api).call("GET", "/_mock/clock")["now"] == START + 0.25


def test_settings_move() -> None:
    """New batches over there have the pace and the scenario of this world."""
    api = Api(app_of())
    api.call("POST", "/_mock/reset", {"scenario": "all_failed", "pace": 61})
    other = move(api)
    for one in (api, other):
        one.create(one.upload(lines(2)), metadata=None)
        one.advance(3)
    assert other.everything() == api.everything()


def test_world_that_was_there_is_gone(original: Api) -> None:
    """A state replaces a world, it is not added to it."""
    other = Api(app_of())
    other.create(other.upload(lines(1)))
    other.call("PUT", "/_mock/state", original.call("GET", "/_mock/state"))
    assert other.everything() == original.everything()


def test_other_worlds_stay() -> None:
    """A state is put into the world of its request's key."""
    app = app_of()
    mine, yours = Api(app, "sk-mine-0001"), Api(app, "sk-yours-0002")
    id = yours.create(yours.upload(lines(1)))
    mine.call("PUT", "/_mock/state", page())
    assert yours.call("GET", f"/v1/batches/{id}")["id"] == id


def test_big_state_is_put() -> None:
    """A world with a file of 20 MB moves."""
    api = Api(app_of())
    id = api.upload(b"x" * (20 * MEGABYTE), "user_data")
    other = move(api)
    assert other.call("GET", f"/v1/files/{id}")["bytes"] == 20 * MEGABYTE


def test_answer_counts_what_was_put(document: Json) -> None:
    """It tells how many files and batches the world now has."""
    loaded = Api(app_of()).call("PUT", "/_mock/state", document)
    batches = len(document["batches"]) + len(document["recorded"])
    assert loaded == {"files": len(document["files"]), "batches": batches}


def test_deleted_files_stand_in_order() -> None:
    """Two dumps of one world are the same text, however a set is walked through."""
    ids = [f"file-{number:02}" for number in range(30)]
    state = Snapshot(WorldSettings(), deleted_file_ids=frozenset(ids[::-1]))
    assert dump(state)["deleted"] == ids


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
def test_recorded_batches_and_own_ones_are_paged_together(limit: int) -> None:
    """A client that follows the cursor gets each once, newest first, recorded ones last."""
    api = Api(app_of(page()))
    file = api.upload(lines(1))
    ids = [api.create(file) for _ in range(3)][::-1]
    other = move(api)
    found: list[str] = []
    after = ""
    while True:
        answer = other.call("GET", f"/v1/batches?limit={limit}{after}")
        found += [batch["id"] for batch in answer["data"]]
        if not answer["has_more"]:
            break
        after = f"&after={answer['last_id']}"
    assert found == [*ids, "batch_abc123"]


@pytest.mark.parametrize(
    "verb", mark_slow_except_each(5, ["cancel", "resume", "expire", "fail", "complete"])
)
@pytest.mark.parametrize("pause", [0, 10])
def test_batch_that_was_held_moves_after_any_command(verb: str, pause: int) -> None:
    """Commanded on the second of its hold or later, it can be loaded, and goes on the same."""
    api = Api(app_of())
    id = api.create(api.upload(lines(10)))
    api.advance(5)
    api.command(id, "hold")
    api.advance(pause)
    api.command(id, verb)
    other = move(api)
    for one in (api, other):
        one.advance(2 * DAY)
    assert other.everything() == api.everything()


@pytest.mark.parametrize("held_at", [5, VALIDATING + 20])
def test_batch_that_expired_while_it_was_held_moves(held_at: int) -> None:
    """What it was held from is written down, and loaded, though it cannot go on with it."""
    api = Api(app_of())
    id = api.create(api.upload(lines(10)))
    api.advance(held_at)
    api.command(id, "hold")
    api.advance(DAY)
    other = move(api)
    assert other.everything() == api.everything()
    assert other.state() == api.state()


def test_quotas_and_poll_limit_move() -> None:
    """The limits of this world hold over there."""
    api = Api(app_of(poll_limit=3, quotas=Quotas({"*": 7}, 5)))
    settings = move(api).call("GET", "/_mock/state")["settings"]
    assert settings["quotas"] == {"enqueued_tokens": {"*": 7}, "batches_per_hour": 5}
    assert settings["poll_limit"] == 3


def test_requests_after_a_state_without_numbers_have_ids_of_their_own(make: "Make") -> None:
    """Requests are counted on from those of the world that the state replaces."""
    world = make.world()
    before = [world.request_ids.next() for _ in range(3)]
    present = world.snapshot()
    document = {name: value for name, value in dump(present).items() if name != "numbers"}
    world.restore(load(document, world.settings, present=present))
    assert world.request_ids.next() not in before


def test_quotas_that_were_set_later_move() -> None:
    """What is written down are the limits that hold now, not those of the beginning."""
    world = World("sk-test", WorldSettings(clock="manual", start_time=START), "org-test")
    world.set_quotas(Quotas({"*": 7}))
    assert dump(world.snapshot())["settings"]["quotas"]["enqueued_tokens"] == {"*": 7}


@pytest.mark.parametrize("metadata", [None, {}, {"a": "b"}])
def test_metadata_moves_as_it_was_sent(metadata: Json) -> None:
    """No metadata and empty metadata stay what they are."""
    api = Api(app_of())
    id = api.create(api.upload(lines(1)), metadata=metadata)
    assert move(api).call("GET", f"/v1/batches/{id}")["metadata"] == metadata


# --- what a state may leave out


def test_smallest_state_is_an_empty_world() -> None:
    """The format alone is a state."""
    api = Api(app_of())
    api.upload(lines(1))
    api.call("PUT", "/_mock/state", {"format": FORMAT})
    assert api.call("GET", "/v1/files")["data"] == []


def test_clock_left_out_is_as_at_the_start() -> None:
    """Time is then what it was when the world began."""
    api = Api(app_of())
    api.advance(DAY)
    api.call("PUT", "/_mock/state", {"format": FORMAT})
    assert api.call("GET", "/_mock/clock")["now"] == START


def test_counters_left_out_begin_after_what_is_there(state: Json) -> None:
    """A new file does not take the id of one that was loaded."""
    api = Api(app_of())
    api.call("PUT", "/_mock/state", {**state, "numbers": {}})
    count = len(api.call("GET", "/v1/files")["data"])
    api.create(api.upload(lines(1)))
    assert len(api.call("GET", "/v1/files")["data"]) == count + 1


@pytest.mark.parametrize("pace", [MIN_PACE, MAX_PACE])
def test_both_bounds_of_the_pace_are_allowed(state: Json, pace: float) -> None:
    """A batch may have the slowest pace that there is, and the fastest."""
    state["batches"][0]["pace"] = pace
    assert Api(app_of()).call("PUT", "/_mock/state", state)


def test_half_a_character_in_a_text_is_replaced() -> None:
    """What JSON can say and UTF-8 cannot becomes a question mark."""
    state = load(
        {"format": FORMAT, "contents": {"c": {"text": "a\ud800b"}}, "files": [loose_file()]},
        WorldSettings(),
    )
    assert state.files[0].content.read(0, 9) == b"a?b"


def test_settings_left_out_are_those_of_the_world() -> None:
    """A state that says nothing of pace, quotas and scenario changes none of them."""
    settings = WorldSettings(pace=7, poll_limit=3, quotas=Quotas({"*": 7}), start_time=START)
    assert load({"format": FORMAT}, settings).settings == settings


def test_counters_left_out_count_what_is_there(state: Json) -> None:
    """Recorded batches count as batches."""
    del state["numbers"]
    numbers = load(state, WorldSettings()).numbers
    assert numbers["batch"] == len(state["batches"]) + len(state["recorded"])
    assert numbers["file"] == len(state["files"])


def test_counters_may_say_more_than_is_there(state: Json) -> None:
    """A state whose files were deleted goes on counting from where it was."""
    state["numbers"] = {"batch": 100, "file": 200, "live": 3}
    numbers = load(state, WorldSettings()).numbers
    assert (numbers["batch"], numbers["file"], numbers["live"]) == (100, 200, 3)


def test_counter_of_exactly_its_own_batches_is_enough(state: Json) -> None:
    """Recorded batches have ids of their own, that no new batch can get."""
    state["numbers"]["batch"] = len(state["batches"])
    assert load(state, WorldSettings()).numbers["batch"] == len(state["batches"])


@pytest.mark.parametrize("deleted", [0, 1])
def test_a_new_file_takes_no_id_where_counters_are_left_out(deleted: int) -> None:
    """With a file deleted before, the other one stays, and a batch finds the new one."""
    chosen = WorldSettings(clock="manual", start_time=START)
    world = World("sk-test", chosen, "org-test")
    ids = [world.upload(Content.of(lines(1)), "f", "batch", None).id for _ in range(2)]
    world.delete_file(ids[deleted])
    other = World("sk-test", chosen, "org-test")
    other.restore(load({**dump(world.snapshot()), "numbers": {}}, chosen))
    new = other.upload(Content.of(lines(1)), "f", "batch", None).id
    assert new not in ids
    assert other.file(ids[1 - deleted]).filename == "f"
    assert other.create_batch(BatchRequest(new, CHAT, None, None, None)).input.errors == ()


def test_comment_may_stand_in_it() -> None:
    """A state written by hand may say what it is."""
    assert Api(app_of()).call("PUT", "/_mock/state", {"format": FORMAT, "$comment": "x"})


def with_points(value: Json) -> Json:
    """Return a value in which every number is written with a point."""
    if isinstance(value, dict):
        return {name: with_points(item) for name, item in value.items()}
    if isinstance(value, list):
        return [with_points(item) for item in value]
    return float(value) if type(value) is int else value


def test_whole_numbers_may_have_a_point(document: Json, original: Api) -> None:
    """Some tools write 3.0 for 3; what the state holds goes on all the same."""
    # What is recorded, and what time it is, is shown as it stands there.
    as_it_stands = {name: document[name] for name in ("recorded", "clock")}
    own = {**with_points(document), **as_it_stands}
    other = Api(app_of(), "sk-another-key-0002")
    other.call("PUT", "/_mock/state", own)
    for api in (original, other):
        api.advance(DAY)
    assert other.everything() == original.everything()


# --- random histories


class Player:
    """Does to a world what a list of numbers says."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._files: list[str] = []

    def play(self, step: tuple[int, int, int]) -> None:
        """Do one thing; what is refused is refused."""
        what, first, second = step
        with suppress(ApiError):
            self._do(what, first, second)

    def _do(self, what: int, first: int, second: int) -> None:
        ids = [batch.id for batch in self.world.batches(100, None).items]
        if what == 0:
            data = lines(second) if second else b"{}\n"
            self._files.append(self.world.upload(Content.of(data), "f", "batch", None).id)
        elif what == 1 and self._files:
            file = self._files[first % len(self._files)]
            self.world.create_batch(BatchRequest(file, CHAT, None, None, None))
        elif what == 2:
            self.world.advance.by(first * 7)
        elif what == 3 and self._files:
            self.world.delete_file(self._files[first % len(self._files)])
        elif what > 3 and ids:
            verbs = ("cancel", "hold", "resume", "complete", "expire")
            verb = getattr(commands, verbs[second % len(verbs)])
            self.world.command(ids[first % len(ids)], verb)


STEPS = st.lists(
    st.tuples(st.integers(0, 7), st.integers(0, 20), st.integers(0, 6)), min_size=1, max_size=25
)


def read_all(world: World) -> Json:
    """Return all that a client can read of a world."""
    now = world.now()
    batches = [world.batch_json(batch) for batch in world.batches(100, None).items]
    files = world.files(None, 1000, None, newest_first=True).items
    contents = [(file.as_json(), file.content.read(0, file.content.size)) for file in files]
    return now, batches, contents


@examples(60, deadline=None, suppress_health_check=list(HealthCheck))
@given(before=STEPS, after=STEPS)
def test_any_history_can_be_moved(before: list[Any], after: list[Any]) -> None:
    """Whatever happened before, a moved world goes on as the original does."""
    chosen = WorldSettings(clock="manual", start_time=START)
    first = Player(World("one", chosen, "org-test"))
    for step in before:
        first.play(step)
    second = Player(World("two", chosen, "org-test"))
    second.world.restore(load(json.loads(json.dumps(dump(first.world.snapshot()))), chosen))
    second._files = list(first._files)
    for step in after:
        first.play(step)
        second.play(step)
    assert read_all(second.world) == read_all(first.world)


# --- refused

Change = Callable[[Json], Any]


def put(*path: Any, value: Json) -> Change:
    """Return what puts a value at a place of a state."""

    def change(state: Json) -> None:
        for step in path[:-1]:
            state = state[step]
        state[path[-1]] = value

    return change


def without(*path: Any) -> Change:
    """Return what takes a member out of a state."""

    def change(state: Json) -> None:
        for step in path[:-1]:
            state = state[step]
        del state[path[-1]]

    return change


def duplicate_first(name: str) -> Change:
    """Return what has the first of something stand there twice."""
    return lambda state: state[name].append(copy.deepcopy(state[name][0]))


HELD = 2  # the batch that is held, with its input lost
DONE = 8  # the batch that was completed at once
LINE = ("batches", DONE, "timeline")
TRANSITIONS = (*LINE, "transitions")
HELD_REST = ("batches", HELD, "held", "rest")
END = START + DAY  # of the batch that was completed at once
# What is wrong, and the param with which it is refused.
FAULTS: Mapping[str, tuple[Change, str]] = {
    "no format": (without("format"), "state.format"),
    "another format": (put("format", value="mockbatch state 3"), "state.format"),
    "an unknown member": (put("file", value=[]), "state.file"),
    "an unknown clock": (put("clock", "mode", value="x0"), "state.clock.mode"),
    "a clock without an instant": (without("clock", "now"), "state.clock.now"),
    "an instant before 1970": (put("clock", "now", value=-1), "state.clock.now"),
    "an instant after 2106": (put("clock", "now", value=2**32), "state.clock.now"),
    "an instant in words": (put("clock", "now", value="now"), "state.clock.now"),
    "no pace": (put("settings", "pace", value=0), "state.settings.pace"),
    "a scenario without a name": (
        without("settings", "scenario", "name"),
        "state.settings.scenario.name",
    ),
    "a seed that is no hex": (put("seed", value="x" * 32), "state.seed"),
    "a short seed": (put("seed", value="00"), "state.seed"),
    "a negative counter": (put("numbers", "file", value=-1), "state.numbers.file"),
    "a counter of fewer batches": (put("numbers", "batch", value=1), "state.numbers.batch"),
    "files that are no list": (put("files", value={}), "state.files"),
    "a file without an id": (without("files", 1, "id"), "state.files[1].id"),
    "a file of another id": (put("files", 1, "id", value="x"), "state.files[1].id"),
    "a file of an unknown purpose": (
        put("files", 1, "purpose", value="x"),
        "state.files[1].purpose",
    ),
    "a file of no content": (
        put("files", 1, "content", value="content 99"),
        "state.files[1].content",
    ),
    "a file twice": (duplicate_first("files"), "state.files"),
    "a content of two kinds": (
        put("contents", "content 1", "base64", value="eA=="),
        "state.contents.content 1",
    ),
    "a content of no kind": (put("contents", "content 1", value={}), "state.contents.content 1"),
    "a content that is no base64": (
        put("contents", "content 1", value={"base64": "x"}),
        "state.contents.content 1",
    ),
    **{
        f"a content of base64 and {name}": (
            put("contents", "content 1", value={"base64": text}),
            "state.contents.content 1",
        )
        for name, text in {
            "rubbish": "eA==!",
            "rubbish within": "e?A==",
            "a line end": "eA==\n",
            "no padding": "eA",
        }.items()
    },
    "a content in a file": (
        put("contents", "content 1", value={"path": "x"}),
        "state.contents.content 1",
    ),
    "a batch of another id": (put("batches", 0, "id", value="batch_x"), "state.batches[0].id"),
    "a batch without its input": (
        without("batches", 0, "content"),
        "state.batches[0].content",
    ),
    "a batch of an unknown content": (
        put("batches", 0, "content", value="x"),
        "state.batches[0].content",
    ),
    "a batch of an unknown endpoint": (
        put("batches", 0, "endpoint", value="/v1/x"),
        "state.batches[0].endpoint",
    ),
    "a batch of an endless pace": (
        put("batches", 0, "pace", value=1e-300),
        "state.batches[0].pace",
    ),
    "a batch of a pace that is too slow": (
        put("batches", 0, "pace", value=MIN_PACE * 0.99),
        "state.batches[0].pace",
    ),
    "a batch of a pace that is too fast": (
        put("batches", 0, "pace", value=MAX_PACE * 1.01),
        "state.batches[0].pace",
    ),
    "a batch of an impossible scenario": (
        put("batches", 0, "scenario", "executed", value=2),
        "state.batches[0].scenario.executed",
    ),
    "metadata of a number": (
        put("batches", 0, "metadata", value={"a": 1}),
        "state.batches[0].metadata.a",
    ),
    "an error without a code": (
        put("batches", 0, "errors", value=[{"message": "m", "param": None, "line": 1}]),
        "state.batches[0].errors[0].code",
    ),
    "a batch twice": (duplicate_first("batches"), "state.batches"),
    "no history": (put(*TRANSITIONS, value=[]), f"state.batches[{DONE}].timeline.transitions"),
    "a history of another beginning": (
        put(*TRANSITIONS, 0, "status", value="in_progress"),
        f"state.batches[{DONE}].timeline.transitions",
    ),
    "a beginning before the creation": (
        put(*TRANSITIONS, 0, "at", value=START),
        f"state.batches[{DONE}].timeline.transitions",
    ),
    "an unknown status": (
        put(*TRANSITIONS, 1, "status", value="running"),
        f"state.batches[{DONE}].timeline.transitions[1].status",
    ),
    "a history out of order": (
        put(*TRANSITIONS, 1, "at", value=2**32 - 1),
        f"state.batches[{DONE}].timeline.transitions",
    ),
    "a history with a gap": (
        without("batches", 14, "timeline", "transitions", 1),
        "state.batches[14].timeline.transitions[1]",
    ),
    "a history after the end": (
        lambda state: state["batches"][DONE]["timeline"]["transitions"].append(
            {"at": 2**32 - 1, "status": "in_progress"}
        ),
        f"state.batches[{DONE}].timeline.transitions[4]",
    ),
    "an end before all is done": (
        put(*LINE, "marks", value=[]),
        f"state.batches[{DONE}].timeline.transitions[3]",
    ),
    "lines done before the first": (
        put(*LINE, "marks", 0, "done", value=1),
        f"state.batches[{DONE}].timeline.marks",
    ),
    "more lines done than there are": (
        put(*LINE, "marks", 1, "done", value=11),
        f"state.batches[{DONE}].timeline.marks",
    ),
    "progress backwards": (
        put(*LINE, "marks", value=[{"at": START, "done": 2}, {"at": START, "done": 1}]),
        f"state.batches[{DONE}].timeline.marks",
    ),
    "progress backwards on the way": (
        put(*LINE, "marks", value=[{"at": END, "done": done} for done in (0, 5, 3, 10)]),
        f"state.batches[{DONE}].timeline.marks",
    ),
    "marks out of order": (
        put(*LINE, "marks", value=[{"at": END, "done": 0}, {"at": END - 1, "done": 10}]),
        f"state.batches[{DONE}].timeline.marks",
    ),
    "held progress backwards": (
        put(*HELD_REST, "marks", value=[{"at": END, "done": done} for done in (0, 5, 3, 10)]),
        f"state.batches[{HELD}].held.rest.marks",
    ),
    "a hold without what is held": (
        without("batches", HELD, "held", "rest"),
        f"state.batches[{HELD}].held.rest",
    ),
    "a hold that cannot go on": (
        put("batches", HELD, "held", "rest", "transitions", 0, "status", value="completed"),
        f"state.batches[{HELD}].held.rest.transitions[1]",
    ),
    "a hold of what has ended": (
        lambda state: state["batches"][DONE].update(held=state["batches"][HELD]["held"]),
        f"state.batches[{DONE}].held",
    ),
    "a recorded batch that has not ended": (
        put("recorded", 0, "status", value="in_progress"),
        "state.recorded[0].status",
    ),
    "a recorded batch without counts": (
        without("recorded", 0, "request_counts"),
        "state.recorded[0].request_counts",
    ),
    "a recorded batch twice": (duplicate_first("recorded"), "state.batches"),
    "a batch of a recorded one's id": (
        lambda state: state["recorded"][0].update(id=state["batches"][0]["id"]),
        "state.batches",
    ),
    "a hold before the batch": (
        put("batches", HELD, "held", "at", value=START - 1),
        f"state.batches[{HELD}].held.at",
    ),
    "a hold of what went on": (
        lambda state: state["batches"][HELD]["timeline"]["transitions"].__setitem__(
            1, {"at": state["batches"][HELD]["held"]["at"] + 1, "status": "failed"}
        ),
        f"state.batches[{HELD}].held.at",
    ),
    "a future before its hold": (
        put("batches", HELD, "held", "rest", "transitions", 0, "at", value=START - 1),
        f"state.batches[{HELD}].held.rest",
    ),
    "a match of a line without a reply": (
        put("batches", DONE, "matches", value=[{"match": {}, "lines": [9]}]),
        f"state.batches[{DONE}].matches[0].lines[0]",
    ),
    "a match that matches no line": (
        put("batches", DONE, "matches", value=[{"match": {"line": 0}, "lines": []}]),
        f"state.batches[{DONE}].matches[0].match.line",
    ),
    "a reply to a line after the last": (
        put("batches", DONE, "replies", value={"10": {"content": "Hi"}}),
        f"state.batches[{DONE}].replies.10",
    ),
    "lines that cannot run": (
        lambda state: (
            state["contents"].update(bad={"text": "{}\n"}),
            state["batches"][DONE].update(content="bad"),
        ),
        f"state.batches[{DONE}].content",
    ),
    "a counter that no JSON reader can count on": (
        put("numbers", "file", value=2**53),
        "state.numbers.file",
    ),
    "a reply to no line": (
        put("batches", 0, "replies", value={"x": {}}),
        "state.batches[0].replies",
    ),
    "a reply that says nothing known": (
        put("batches", 0, "replies", value={"0": {"odd": 1}}),
        "state.batches[0].replies.0.odd",
    ),
    "an unknown setting": (put("settings", "odd", value=1), "state.settings.odd"),
    "a negative quota": (
        put("settings", "quotas", "batches_per_hour", value=-1),
        "state.settings.quotas.batches_per_hour",
    ),
    # No part of a state: it would be lost without a word.
    "a script": (put("script", value=[]), "state.script"),
}


@pytest.mark.parametrize("name", mark_slow_except_each(8, FAULTS))
def test_an_error_is_reported_with_its_place(state: Json, name: str) -> None:
    """A state that is not whole is refused, and the param says where it is not."""
    change, place = FAULTS[name]
    change(state)
    response = Api(app_of()).ask("PUT", "/_mock/state", json=state)
    assert (response.status_code, response.json["error"]["param"]) == (400, place)


@pytest.mark.parametrize("name", mark_slow_except_each(8, FAULTS))
def test_refused_state_changes_nothing(document: Json, state: Json, name: str) -> None:
    """The world stays what it was."""
    api = Api(app_of())
    api.call("PUT", "/_mock/state", document)
    FAULTS[name][0](state)
    api.ask("PUT", "/_mock/state", json=state)
    assert api.call("GET", "/_mock/state") == document


@pytest.mark.parametrize(
    "foreign", [[], "x", 1, None, {}, {"object": "list", "data": []}, {"version": 1, "state": {}}]
)
def test_foreign_document_is_refused(foreign: Json) -> None:
    """What is JSON and no state is a 400."""
    assert Api(app_of()).ask("PUT", "/_mock/state", json=foreign).status_code == 400


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b'{"format": NaN}', b"PK\x03\x04"])
def test_what_is_no_json_is_refused(data: bytes) -> None:
    """What cannot be read is a 400."""
    assert Api(app_of()).ask("PUT", "/_mock/state", data=data).status_code == 400


def test_state_without_its_fault_is_put(state: Json) -> None:
    """What the tests above begin with is whole."""
    assert Api(app_of()).call("PUT", "/_mock/state", state)


# --- from a file


def write(folder: Path, state: Json, name: str = "state.json") -> str:
    """Write a state to a file and return its path."""
    path = folder / name
    path.write_text(json.dumps(state))
    return str(path)


def referring(path: str) -> Json:
    """Return a state whose one file has its content elsewhere."""
    return {"format": FORMAT, "contents": {"c": {"path": path}}, "files": [loose_file()]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder beside which, and in which, there is a file."""
    (tmp_path / "secret").write_text("secret")
    inner = tmp_path / "inner"
    (inner / "deeper").mkdir(parents=True)
    (inner / "deeper" / "data").write_bytes(b"\x00data")
    return inner


def test_content_below_the_folder_is_read(folder: Path) -> None:
    """A path is looked for below the folder of the state."""
    state = load_from_file(write(folder, referring("deeper/data")), WorldSettings())
    assert state.files[0].content.read(0, 9) == b"\x00data"


def test_content_stays_when_its_file_changes(folder: Path) -> None:
    """It is read once, at the start."""
    state = load_from_file(write(folder, referring("deeper/data")), WorldSettings())
    (folder / "deeper" / "data").write_bytes(b"changed")
    assert state.files[0].content.read(0, 9) == b"\x00data"


def test_file_of_a_content_is_closed(folder: Path, recwarn: pytest.WarningsRecorder) -> None:
    """No file stays open that would never be closed."""
    load_from_file(write(folder, referring("deeper/data")), WorldSettings())
    gc.collect()
    assert [warning for warning in recwarn if warning.category is ResourceWarning] == []


def outside(folder: Path) -> Iterator[str]:
    """Yield paths that lead out of a folder, or to no file."""
    (folder / "link").symlink_to(folder.parent / "secret")
    yield from (
        "../secret",
        str(folder.parent / "secret"),
        "deeper/../../secret",
        "link",
        "/etc/passwd",
    )
    yield from ("deeper", "missing", "", ".")


@pytest.mark.parametrize("number", range(9))
def test_content_elsewhere_is_refused(folder: Path, number: int) -> None:
    """Only files below the folder are read."""
    path = list(outside(folder))[number]
    with pytest.raises(ValueError, match=r"state\.contents\.c"):
        load_from_file(write(folder, referring(path)), WorldSettings())


def test_path_with_a_nul_is_refused(folder: Path) -> None:
    """No file has such a name."""
    with pytest.raises(ValueError, match="null"):
        load_from_file(write(folder, referring("a\0b")), WorldSettings())


def test_fault_in_a_file_is_one_line(folder: Path) -> None:
    """It names the file, the place and the fault."""
    path = write(folder, {"format": FORMAT, "files": [{}]})
    with pytest.raises(ValueError, match=r"^.*state\.json at state\.files\[0\]\.id: .*$") as caught:
        load_from_file(path, WorldSettings())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_file_that_is_no_json_is_one_line(folder: Path, data: bytes) -> None:
    """A file that is not a dump is named in the error."""
    (folder / "x").write_bytes(data)
    with pytest.raises(ValueError, match=r"^.*x: .*$"):
        load_from_file(str(folder / "x"), WorldSettings())


def test_missing_file_is_reported() -> None:
    """The system's own words for it."""
    with pytest.raises(OSError, match="missing"):
        load_from_file("/missing", WorldSettings())


# --- what each world begins with


def test_each_new_world_begins_with_it() -> None:
    """Every key finds it."""
    app = app_of(page())
    found = [Api(app, f"sk-key-000{number}").call("GET", "/v1/batches") for number in range(3)]
    assert [answer["data"][0]["id"] for answer in found] == ["batch_abc123"] * 3


def test_worlds_that_begin_with_it_are_apart() -> None:
    """What one does to its world, another does not see."""
    app = app_of(page())
    mine, yours = Api(app, "sk-mine-0001"), Api(app, "sk-yours-0002")
    mine.call("DELETE", "/v1/files/file-xyz789")
    assert yours.call("GET", "/v1/files/file-xyz789")["bytes"] == 666


def test_reset_puts_it_back() -> None:
    """A world begins anew with what it began with."""
    api = Api(app_of(page()))
    api.call("DELETE", "/v1/files/file-xyz789")
    api.create(api.upload(lines(1)))
    api.call("POST", "/_mock/reset", {})
    batches, files = api.call("GET", "/v1/batches"), api.call("GET", "/v1/files")
    assert ([one["id"] for one in batches["data"]], len(files["data"])) == (["batch_abc123"], 2)


def test_reset_forgets_what_was_put() -> None:
    """A state that was put is no beginning."""
    api = Api(app_of())
    api.call("PUT", "/_mock/state", page())
    api.call("POST", "/_mock/reset", {})
    assert api.call("GET", "/v1/batches")["data"] == []


def test_put_state_goes_before_the_beginning() -> None:
    """It replaces what the world began with."""
    api = Api(app_of(page()))
    api.call("PUT", "/_mock/state", {"format": FORMAT})
    assert api.call("GET", "/v1/batches")["data"] == []


def test_forgotten_world_begins_anew() -> None:
    """A world that was let go begins with it again."""
    api = Api(app_of(page()))
    api.call("DELETE", "/v1/files/file-xyz789")
    api.call("DELETE", "/_mock/state")
    assert api.call("GET", "/v1/files/file-xyz789")["bytes"] == 666


def test_batches_are_created_beside_it() -> None:
    """A new batch has an id of its own, and is listed first."""
    api = Api(app_of(page()))
    id = api.create(api.upload(lines(1)))
    batches = api.call("GET", "/v1/batches")["data"]
    assert [batch["id"] for batch in batches] == [id, "batch_abc123"]


def test_beginning_goes_on_where_it_was_taken(original: Api) -> None:
    """A world that was kept in a file goes on at its own instant."""
    state = original.call("GET", "/_mock/state")
    assert Api(app_of(state, start_time=None)).everything() == original.everything()


def test_start_time_goes_before_the_instant_of_the_beginning(document: Json) -> None:
    """Who says when a world begins, is heard."""
    api = Api(app_of(document, start_time=START + 3 * DAY))
    assert api.call("GET", "/_mock/clock")["now"] == START + 3 * DAY


def test_mode_of_the_beginning_is_that_of_the_command_line(document: Json) -> None:
    """How fast time goes is not taken from the file."""
    api = Api(app_of(document, clock="on-poll", start_time=None))
    assert api.call("GET", "/_mock/clock")["mode"] == "on-poll"


def test_reset_goes_back_to_the_instant_of_the_beginning(document: Json) -> None:
    """A world begins anew when it began."""
    api = Api(app_of(document, start_time=None))
    api.advance(DAY)
    api.call("POST", "/_mock/reset", {})
    assert api.call("GET", "/_mock/clock")["now"] == document["clock"]["now"]


def test_recorded_batch_of_any_endpoint_is_shown() -> None:
    """A batch of the real service may name one that is not known here."""
    state = page()
    state["recorded"][0]["endpoint"] = "/v1/videos"
    batch = Api(app_of(state)).call("GET", "/v1/batches/batch_abc123")
    assert batch == state["recorded"][0]


@pytest.mark.parametrize("start", [0, START - 1, START + 100, START + DAY])
def test_recorded_batch_has_ended_at_any_time(start: int) -> None:
    """It cannot be cancelled, though by the clock it has not been created yet."""
    api = Api(app_of(page(), start_time=start))
    assert api.ask("POST", "/v1/batches/batch_abc123/cancel").status_code == 409


def test_recorded_stamps_may_be_in_any_order() -> None:
    """A batch that was completed before it began is shown so, and has ended."""
    state = page()
    state["recorded"][0]["completed_at"] = START - DAY
    api = Api(app_of(state))
    assert api.ask("POST", "/_mock/batches/batch_abc123/hold").status_code == 409
    assert api.call("GET", "/v1/batches/batch_abc123") == state["recorded"][0]


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"base64": "aGVsbG8=!"}, "state.contents.content 1"),
        ({"base64": "aGVs bG8="}, "state.contents.content 1"),
        ({"base64": "aGVsbG8"}, "state.contents.content 1"),
        ({"base64": "aGVsbG8é"}, "state.contents.content 1"),
    ],
)
def test_rubbish_in_base64_is_refused(state: Json, change: Json, param: str) -> None:
    """No character is skipped and no padding is guessed."""
    state["contents"]["content 1"] = change
    with pytest.raises(ApiError) as error:
        load(state, WorldSettings())
    assert (error.value.status, error.value.param) == (400, param)


@pytest.mark.parametrize("name", ["at", "done"])
def test_progress_that_goes_back_is_refused(state: Json, name: str) -> None:
    """Neither time nor the number of executed lines may fall from one point to the next."""
    timelines = [one["timeline"]["marks"] for one in state["batches"]]
    place, marks = next(
        (place, marks)
        for place, marks in enumerate(timelines)
        if len(marks) == 2 and marks[0][name] < marks[1][name]
    )
    marks[0][name], marks[1][name] = marks[1][name], marks[0][name]
    with pytest.raises(ApiError) as error:
        load(state, WorldSettings())
    assert error.value.param == f"state.batches[{place}].timeline.marks"


def test_lines_that_are_undone_on_the_way_are_refused(state: Json) -> None:
    """The number of executed lines may not fall between the first point and the last."""
    timelines = [one["timeline"]["marks"] for one in state["batches"]]
    place, marks = next((n, marks) for n, marks in enumerate(timelines) if len(marks) == 2)
    first, last = marks
    marks[1:] = [{"at": last["at"], "done": 2}, {"at": last["at"], "done": 1}]
    assert first["done"] == 0
    with pytest.raises(ApiError) as error:
        load(state, WorldSettings())
    assert error.value.param == f"state.batches[{place}].timeline.marks"


def test_deleted_ids_are_written_in_order() -> None:
    """Two states of one world are equal, whatever the order of a set."""
    api = Api(app_of())
    for id in [api.upload(lines(1)) for _ in range(8)]:
        api.call("DELETE", f"/v1/files/{id}")
    deleted = api.call("GET", "/_mock/state")["deleted"]
    assert len(deleted) == 8
    assert deleted == sorted(deleted)


def test_pages_go_on_behind_recorded_batches() -> None:
    """A cursor counts the recorded batches of a loaded world as well as its own."""
    api = Api(app_of())
    api.call("PUT", "/_mock/state", page())
    file = api.upload(lines(1))
    for _ in range(3):
        api.create(file)
    other = move(api)
    whole = [batch["id"] for batch in other.call("GET", "/v1/batches?limit=100")["data"]]
    found: list[str] = []
    while True:
        after = f"&after={found[-1]}" if found else ""
        part = other.call("GET", f"/v1/batches?limit=2{after}")
        found += [batch["id"] for batch in part["data"]]
        if not part["has_more"]:
            break
    assert found == whole
    assert len(whole) > 3
