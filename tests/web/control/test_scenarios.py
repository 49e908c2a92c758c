"""`/_mock/scenarios` and `mockbatch scenarios`: the catalogue, and choices from it."""

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mockbatch.client import WorldClient
from mockbatch.scenarios import catalogue, from_option, scenario
from mockbatch.typing import Json
from mockbatch.validation.schema import schema
from tests.support.caller import app_of, error_of, lines
from tests.support.slow_tests import mark_slow_except_each

if TYPE_CHECKING:
    from tests.support.caller import Caller


ROOT = Path(__file__).parents[3]
INDEX = "/_mock/scenarios"
ACTIVE = "/_mock/scenarios/active"
NAMES = sorted(catalogue())
VALIDATING = 62
OWN = {
    "name": "own",
    "summary": "A scenario of one's own.",
    "sees": "-",
    "parameters": {
        "seconds": {
            "summary": "seconds that validating lasts",
            "minimum": 0,
            "maximum": 100,
            "sets": ["stages", "validating"],
        },
        "code": {
            "summary": "the code of the error",
            "choices": ["invalid_url", "empty_file"],
            "sets": ["validation", "error"],
        },
    },
    "stages": {"validating": 10},
    "validation": {"error": "invalid_url"},
}


def choose(api: "Caller", **body: Json) -> list[dict[str, Json]]:
    """Queue a scenario, and return the queue."""
    return api.good(api.post(ACTIVE, body))["active"]


def active(api: "Caller") -> list[dict[str, Json]]:
    """Return the queue."""
    return api.good(api.get(INDEX))["active"]


def scenario_of_new_batch(api: "Caller", **fields: Json) -> str:
    """Create a batch and return its scenario."""
    batch = api.create(lines(10), **fields)
    return api.good(api.get(f"/_mock/batches/{batch['id']}/timeline"))["scenario"]


def own(**changes: Json) -> dict[str, Json]:
    """Return a custom scenario with changes; the value ... removes a member."""
    return {name: value for name, value in {**OWN, **changes}.items() if value is not ...}


class TestReading:
    """The catalogue over HTTP."""

    def test_get_lists_the_whole_catalogue(self, api: "Caller") -> None:
        """GET lists the documents of all scenarios."""
        assert api.good(api.get(INDEX))["scenarios"] == list(catalogue().values())

    def test_the_queue_is_empty_at_first(self, api: "Caller") -> None:
        """A new world has nothing queued."""
        assert active(api) == []

    @pytest.mark.parametrize("name", mark_slow_except_each(9, NAMES))
    def test_one_is_its_document(self, api: "Caller", name: str) -> None:
        """GET of a name is the document of the catalogue."""
        assert api.good(api.get(f"{INDEX}/{name}")) == catalogue()[name]

    @pytest.mark.parametrize(
        ("name", "near"),
        [("hapy", "happy"), ("expired_partal", "expired_partial"), ("line_492", "line_429")],
    )
    def test_an_unknown_name_gets_suggestions(self, api: "Caller", name: str, near: str) -> None:
        """GET of a misspelt name is a 400 that lists similar names."""
        message = api.get(f"{INDEX}/{name}").json["error"]["message"]
        assert re.search(rf"Did you mean: .*\b{near}\b", message)

    @pytest.mark.parametrize("name", ["zzzzzzz", "x" * 5000, "%ff", "HAPPY.json", "%00"])
    def test_an_unknown_one_is_a_400(self, api: "Caller", name: str) -> None:
        """GET of any other name is a 400 that says it is the name."""
        assert error_of(api.get(f"{INDEX}/{name}")) == (400, "unknown_scenario", "name")

    def test_a_page_elsewhere_is_refused(self, api: "Caller") -> None:
        """A web page cannot read or choose scenarios."""
        answer = api.get(INDEX, headers={"Origin": "https://example.com"})
        assert answer.status_code == 403


class TestChoosing:
    """POST and DELETE of the queue."""

    def test_it_applies_to_the_next_batch(self, api: "Caller") -> None:
        """The next accepted batch has the scenario."""
        choose(api, name="all_failed")
        assert scenario_of_new_batch(api) == "all_failed"

    def test_post_returns_the_queue(self, api: "Caller") -> None:
        """POST returns what GET does; `times` is 1 by default."""
        assert choose(api, name="all_failed") == [{"name": "all_failed", "times": 1, "batches": 0}]

    def test_it_applies_to_one_batch_only(self, api: "Caller") -> None:
        """The batch after the next one has the default again."""
        choose(api, name="all_failed")
        assert [scenario_of_new_batch(api), scenario_of_new_batch(api)] == ["all_failed", "happy"]

    @pytest.mark.parametrize("times", [1, 2, 5])
    def test_times_limits_the_number_of_batches(self, api: "Caller", times: int) -> None:
        """`times` is the number of batches."""
        choose(api, name="all_failed", times=times)
        found = [scenario_of_new_batch(api) for _ in range(times + 1)]
        assert found == ["all_failed"] * times + ["happy"]

    def test_get_shows_the_remaining_times(self, api: "Caller") -> None:
        """GET counts down."""
        choose(api, name="all_failed", times=3)
        scenario_of_new_batch(api)
        assert active(api) == [{"name": "all_failed", "times": 2, "batches": 1}]

    def test_null_applies_to_all_batches(self, api: "Caller") -> None:
        """`times: null` applies from now on."""
        choose(api, name="all_failed", times=None)
        scenario_of_new_batch(api)
        scenario_of_new_batch(api)
        assert active(api) == [{"name": "all_failed", "times": None, "batches": 2}]

    def test_they_apply_in_the_order_of_the_queue(self, api: "Caller") -> None:
        """The scenario that was queued first applies first."""
        choose(api, name="all_failed")
        choose(api, name="some_failed")
        assert [scenario_of_new_batch(api), scenario_of_new_batch(api)] == [
            "all_failed",
            "some_failed",
        ]

    def test_parameters_are_filled_in(self, api: "Caller") -> None:
        """`params` are those of the scenario."""
        choose(api, name="expired_partial", params={"fraction": 0.7})
        batch = api.create(lines(10))
        api.advance(24 * 3600)
        assert api.batch(batch["id"])["request_counts"]["completed"] == 7

    def test_a_parameter_may_be_a_text(self, api: "Caller") -> None:
        """As in metadata, a number may come as its text."""
        choose(api, name="expired_partial", params={"fraction": "0.7"})
        assert active(api) == [{"name": "expired_partial", "times": 1, "batches": 0}]

    @pytest.mark.parametrize("line", [3, 3.0, "3", "3.0"])
    def test_a_whole_number_is_an_integer(self, api: "Caller", line: Json) -> None:
        """A line number is shown as an integer, however it was written."""
        choose(api, name="validation_failed", params={"line": line})
        batch = api.create()
        api.advance(VALIDATING)
        [error] = api.batch(batch["id"])["errors"]["data"]
        assert json.dumps(error["line"]) == "3"

    def test_a_refused_request_uses_nothing_up(self, api: "Caller") -> None:
        """Only accepted batches count."""
        choose(api, name="all_failed")
        api.post("/v1/batches", api.batch_request(endpoint="/v1/nope"))
        assert scenario_of_new_batch(api) == "all_failed"

    def test_a_batch_with_a_scenario_of_its_own_uses_nothing_up(self, api: "Caller") -> None:
        """The queue waits for a batch that names no scenario."""
        choose(api, name="all_failed")
        scenario_of_new_batch(api, metadata={"mockbatch_scenario": "some_failed"})
        assert scenario_of_new_batch(api) == "all_failed"

    def test_a_running_batch_is_left_alone(self, api: "Caller") -> None:
        """The queue does not apply to existing batches."""
        batch = api.create()
        choose(api, name="all_failed", times=None)
        found = api.good(api.get(f"/_mock/batches/{batch['id']}/timeline"))
        assert found["scenario"] == "happy"

    def test_delete_removes_all(self, api: "Caller") -> None:
        """After DELETE the queue is empty."""
        choose(api, name="all_failed", times=None)
        assert api.good(api.delete(ACTIVE))["active"] == []

    def test_delete_of_an_empty_queue_is_no_error(self, api: "Caller") -> None:
        """It returns the empty queue."""
        assert api.delete(ACTIVE).status_code == 200

    def test_a_reset_removes_all(self, api: "Caller") -> None:
        """A world that starts over has nothing queued."""
        choose(api, name="all_failed", times=None)
        api.good(api.post("/_mock/reset", {}))
        assert active(api) == []

    def test_another_world_has_its_own(self, api: "Caller") -> None:
        """Each key has its own queue."""
        other = type(api)(api.app, "sk-another-of-the-tests")
        choose(api, name="all_failed", times=None)
        assert scenario_of_new_batch(other) == "happy"

    @pytest.mark.parametrize("times", [1, 7, 19])
    def test_two_clients_at_once_do_not_get_more(self, api: "Caller", times: int) -> None:
        """However many clients create batches, only `times` of them have the scenario."""
        choose(api, name="all_failed", times=times)
        file = api.upload()["id"]

        def create(_: int) -> str:
            mine = type(api)(api.app)
            return mine.create(input_file_id=file)["id"]

        with ThreadPoolExecutor(4) as pool:
            ids = list(pool.map(create, range(20)))
        found = [api.good(api.get(f"/_mock/batches/{id}/timeline"))["scenario"] for id in ids]
        assert (found.count("all_failed"), active(api)) == (times, [])


class TestOrderOfChoice:
    """Metadata over the queue over the default of the world."""

    METADATA = {"mockbatch_scenario": "line_500"}  # noqa: RUF012 - a constant

    @pytest.fixture
    def world(self, api: "Caller") -> "Caller":
        """Return a client of a world whose default is not `happy`."""
        return type(api)(app_of(scenario=scenario("some_failed", {})))

    def test_the_default_comes_last(self, world: "Caller") -> None:
        """Without another choice a batch has the server's default."""
        assert scenario_of_new_batch(world) == "some_failed"

    def test_the_queue_comes_before_the_default(self, world: "Caller") -> None:
        """A queued scenario replaces the default."""
        choose(world, name="all_failed")
        assert scenario_of_new_batch(world) == "all_failed"

    def test_metadata_comes_before_the_queue(self, world: "Caller") -> None:
        """A batch's own metadata has the highest priority."""
        choose(world, name="all_failed")
        assert scenario_of_new_batch(world, metadata=self.METADATA) == "line_500"

    def test_metadata_without_a_scenario_decides_nothing(self, world: "Caller") -> None:
        """Other metadata does not matter."""
        assert scenario_of_new_batch(world, metadata={"scenario": "line_500"}) == "some_failed"


class TestBadInput:
    """An error names the parameter, and changes nothing."""

    BAD: tuple[Any, ...] = (
        ({}, "invalid_value", "body"),
        ({"name": "happy", "document": OWN}, "invalid_value", "body"),
        ({"name": "hapy"}, "unknown_scenario", "name"),
        ({"name": ""}, "unknown_scenario", "name"),
        ({"name": None}, "invalid_type", "name"),
        ({"name": 5}, "invalid_type", "name"),
        ({"name": ["happy"]}, "invalid_type", "name"),
        ({"name": "happy", "odd": 1}, "unknown_parameter", "odd"),
        ({"name": "happy", "times": 0}, "integer_below_min_value", "times"),
        ({"name": "happy", "times": -1}, "integer_below_min_value", "times"),
        ({"name": "happy", "times": 1.5}, "invalid_type", "times"),
        ({"name": "happy", "times": "1"}, "invalid_type", "times"),
        ({"name": "happy", "times": True}, "invalid_type", "times"),
        ({"name": "happy", "times": 10**9}, "integer_above_max_value", "times"),
        ({"name": "happy", "params": []}, "invalid_type", "params"),
        ({"name": "happy", "params": None}, "invalid_type", "params"),
        ({"name": "happy", "params": {"fraction": 1}}, "unknown_parameter", "fraction"),
        ({"name": "some_failed", "params": {"fraction": 2}}, "invalid_value", "fraction"),
        ({"name": "some_failed", "params": {"fraction": -0.1}}, "invalid_value", "fraction"),
        ({"name": "some_failed", "params": {"fraction": "half"}}, "invalid_type", "fraction"),
        ({"name": "some_failed", "params": {"fraction": None}}, "invalid_type", "fraction"),
        ({"name": "some_failed", "params": {"fraction": {}}}, "invalid_type", "fraction"),
        ({"name": "validation_failed", "params": {"code": "nope"}}, "invalid_value", "code"),
        ({"name": "validation_failed", "params": {"code": []}}, "invalid_value", "code"),
        ({"document": []}, "invalid_type", "document"),
        ({"document": {}}, "missing_required_parameter", "scenario.name"),
        ({"document": own(name="Bad Name")}, "invalid_value", "scenario.name"),
        ({"document": own(summary=...)}, "missing_required_parameter", "scenario.summary"),
        ({"document": own(odd=1)}, "unknown_parameter", "scenario.odd"),
        ({"document": own(executed=2)}, "decimal_above_max_value", "scenario.executed"),
        ({"document": own(stages={"done": 1})}, "unknown_parameter", "scenario.stages.done"),
        (
            {"document": own(validation={"error": "nope"})},
            "invalid_value",
            "scenario.validation.error",
        ),
        ({"document": OWN, "params": {"fraction": 1}}, "unknown_parameter", "fraction"),
        ({"document": OWN, "params": {"seconds": 101}}, "invalid_value", "seconds"),
        ({"document": OWN, "params": {"code": "nope"}}, "invalid_value", "code"),
    )

    @pytest.mark.parametrize(("body", "code", "param"), BAD)
    def test_an_invalid_choice_is_named(
        self, api: "Caller", body: Json, code: str, param: str
    ) -> None:
        """It is a 400 that names the parameter."""
        assert error_of(api.post(ACTIVE, body)) == (400, code, param)

    @pytest.mark.parametrize(("body", "code", "param"), BAD)
    def test_an_invalid_choice_changes_nothing(
        self, api: "Caller", body: Json, code: str, param: str
    ) -> None:
        """After an error the queue is unchanged."""
        before = choose(api, name="all_failed", times=3)
        api.post(ACTIVE, body)
        assert active(api) == before

    @pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"3", b"\xff", b"[" * 9999])
    def test_a_body_that_is_not_an_object_is_refused(self, api: "Caller", data: bytes) -> None:
        """A body that is no JSON object is a 400."""
        assert api.call("POST", ACTIVE, data=data).status_code == 400

    @pytest.mark.parametrize(
        ("parameter", "param"),
        [
            ({"summary": "-", "sets": ["executed"]}, "minimum"),
            ({"summary": "-", "sets": ["executed"], "minimum": 0}, "maximum"),
            ({"summary": "-", "sets": ["executed"], "maximum": 1}, "minimum"),
            ({"summary": "-", "sets": ["name", "x"], "minimum": 0, "maximum": 1}, "sets"),
            ({"summary": "-", "sets": ["name", 0], "minimum": 0, "maximum": 1}, "sets"),
            ({"summary": "-", "sets": ["object", 5], "minimum": 0, "maximum": 1}, "sets"),
            ({"summary": "-", "sets": ["object", "x"], "minimum": 0, "maximum": 1}, "sets"),
            ({"summary": "-", "sets": [0, 0], "minimum": 0, "maximum": 1}, "sets"),
        ],
    )
    def test_a_parameter_that_leads_nowhere_is_named(
        self, api: "Caller", parameter: Json, param: str
    ) -> None:
        """A custom parameter without a range, or for a missing place, is a 400."""
        document = own(object=[{}], parameters={"x": parameter})
        answer = error_of(api.post(ACTIVE, {"document": document, "params": {"x": 1}}))
        assert (answer[0], answer[2]) == (400, f"scenario.parameters.x.{param}")

    def test_an_unknown_name_gets_suggestions(self, api: "Caller") -> None:
        """The error for a misspelt name says what was meant."""
        message = api.post(ACTIVE, {"name": "stuck_finalising"}).json["error"]["message"]
        assert "Did you mean: stuck_finalizing" in message

    @pytest.mark.parametrize(
        ("metadata", "param"),
        [
            ({"mockbatch_scenario": "hapy"}, "metadata.mockbatch_scenario"),
            ({"mockbatch_fraction": "0.4"}, "metadata.mockbatch_scenario"),
            (
                {"mockbatch_scenario": "some_failed", "mockbatch_fraction": "2"},
                "metadata.mockbatch_fraction",
            ),
            ({"mockbatch_scenario": "some_failed", "mockbatch_odd": "2"}, "metadata.mockbatch_odd"),
        ],
    )
    def test_invalid_metadata_is_named(self, api: "Caller", metadata: Json, param: str) -> None:
        """A batch with an unknown scenario is refused, and never silently `happy`."""
        answer = error_of(api.post("/v1/batches", api.batch_request(metadata=metadata)))
        assert (answer[0], answer[2]) == (400, param)

    def test_a_refused_batch_is_not_there(self, api: "Caller") -> None:
        """After the error there is no batch in the list."""
        api.post("/v1/batches", api.batch_request(metadata={"mockbatch_scenario": "hapy"}))
        assert api.good(api.get("/v1/batches"))["data"] == []


class TestOnesOwn:
    """A document in the catalogue's format can be used wherever a name can."""

    def test_it_can_be_chosen(self, api: "Caller") -> None:
        """POST accepts a document."""
        assert choose(api, document=OWN) == [{"name": "own", "times": 1, "batches": 0}]

    def test_it_applies_to_the_next_batch(self, api: "Caller") -> None:
        """The next batch ends as the document says."""
        choose(api, document=OWN)
        batch = api.create()
        api.advance(10)
        [error] = api.batch(batch["id"])["errors"]["data"]
        assert error["code"] == "invalid_url"

    def test_its_parameters_are_its_own(self, api: "Caller") -> None:
        """`params` are filled in as for those of the catalogue."""
        choose(api, document=OWN, params={"seconds": 3, "code": "empty_file"})
        batch = api.create()
        api.advance(3)
        [error] = api.batch(batch["id"])["errors"]["data"]
        assert error["code"] == "empty_file"

    @pytest.mark.parametrize("name", mark_slow_except_each(9, NAMES))
    def test_a_shipped_one_is_such_a_document(self, api: "Caller", name: str) -> None:
        """Each document of the catalogue can be sent back."""
        document = api.good(api.get(f"{INDEX}/{name}"))
        assert choose(api, document=document) == [{"name": name, "times": 1, "batches": 0}]

    def test_a_world_can_begin_with_it(self, api: "Caller") -> None:
        """Reset accepts a document where it accepts a name."""
        api.good(api.post("/_mock/reset", {"scenario": OWN}))
        assert scenario_of_new_batch(api) == "own"

    def test_it_survives_a_move(self, api: "Caller") -> None:
        """A batch with a custom scenario can be dumped and loaded."""
        choose(api, document=OWN)
        batch = api.create()
        state = api.good(api.get("/_mock/state"))
        other = type(api)(api.app, "sk-another-of-the-tests")
        other.good(other.call("PUT", "/_mock/state", json=state))
        other.advance(10)
        assert other.batch(batch["id"])["status"] == "failed"

    def test_a_missing_member_is_not_null(self, api: "Caller") -> None:
        """A distortion of null members does not add missing members."""
        choose(api, document=own(validation=..., object=[{"null_to": {"nope": 1}}]))
        assert "nope" not in api.create()

    def test_distortions_go_by_the_undistorted_status(self, api: "Caller") -> None:
        """A status set by one distortion does not trigger the next one."""
        first = {"when": ["validating"], "set": {"status": "in_progress"}}
        second = {"when": ["in_progress"], "set": {"status": "completed"}}
        choose(api, document=own(validation=..., object=[first, second]))
        assert api.create()["status"] == "in_progress"

    def test_the_status_itself_can_be_dropped(self, api: "Caller") -> None:
        """Distortions after one that drops the status still work."""
        gone = [{"set": {"status": None}}, {"drop_nulls": True}]
        last = {"when": ["validating"], "set": {"last": 1}}
        choose(api, document=own(validation=..., object=[*gone, last]))
        batch = api.create()
        assert ("status" in batch, batch["last"]) == (False, 1)

    def test_serve_takes_a_file(self, tmp_path: Path) -> None:
        """`--scenario FILE` is the default of each world."""
        path = tmp_path / "own.json"
        path.write_text(json.dumps(OWN))
        with subprocess.Popen(
            [sys.executable, "-m", "mockbatch", "serve", "--port=0", f"--scenario={path}"],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process:
            try:
                assert process.stdout is not None
                url = process.stdout.readline().split()[-1]
                assert served_scenario(url) == "own"
            finally:
                process.terminate()

    def test_a_file_is_read_as_a_document(self, tmp_path: Path) -> None:
        """The option accepts the same document as POST."""
        path = tmp_path / "own.json"
        path.write_text(json.dumps(OWN))
        assert from_option(str(path)).name == "own"


def environment() -> dict[str, str]:
    """Return this process's environment without mockbatch's options."""
    return {name: text for name, text in os.environ.items() if not name.startswith("MOCKBATCH_")}


def served_scenario(url: str) -> str:
    """Create a batch on a server in another process, and return its scenario."""
    from mockbatch.testing.servers import RemoteServer

    remote = RemoteServer(url)
    mock = WorldClient(url, "sk-of-a-test-0001", remote.transport())
    client = mock.client
    try:
        file = client.files.create(file=("in.jsonl", lines()), purpose="batch")
        batch = client.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
        )
        return str(mock.timeline(batch)["scenario"])
    finally:
        mock.close()


def command(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run `mockbatch scenarios` with arguments."""
    return subprocess.run(
        [sys.executable, "-m", "mockbatch", "scenarios", *arguments],
        env=environment(),
        capture_output=True,
        timeout=30,
        check=False,
    )


class TestCommand:
    """`mockbatch scenarios` and the page that it makes."""

    def test_it_lists_one_scenario_per_line(self) -> None:
        """Without a name, each line below a group has a scenario and its summary."""
        lines = command().stdout.decode().splitlines()
        listed = [re.split(" {2,}", line)[1:] for line in lines if line.startswith("  ")]
        summaries = {name: summary.partition(" (")[0] for name, summary in listed}
        assert summaries == {
            name: document["summary"].partition(" (")[0] for name, document in catalogue().items()
        }

    def test_it_describes_one_scenario(self) -> None:
        """With a name, it prints summary, visible effects, advice, parameters and sources."""
        text = command("expired_partial").stdout.decode()
        one = catalogue()["expired_partial"]
        texts = [one["summary"], one["sees"], one["advice"]]
        expected = [*texts, *one["parameters"], *one["sources"], "from 0 to 1"]
        assert [word for word in expected if word not in text] == []

    def test_choices_are_listed(self) -> None:
        """A parameter with choices lists them."""
        text = command("validation_failed").stdout.decode()
        assert "one of invalid_json_line, missing_required_parameter," in text

    def test_an_unknown_name_is_one_line(self) -> None:
        """A misspelt name is an error of one line that suggests similar names."""
        done = command("hapy")
        assert (done.returncode, done.stdout, done.stderr.decode().count("\n")) == (2, b"", 1)
        assert b"Did you mean: happy" in done.stderr

    def test_the_page_is_what_it_prints(self) -> None:
        """docs/scenarios.md is the output of --markdown, byte for byte."""
        assert command("--markdown").stdout == (ROOT / "docs" / "scenarios.md").read_bytes()

    @pytest.mark.parametrize("name", mark_slow_except_each(9, NAMES))
    def test_a_source_is_a_repository_or_a_thread(self, name: str) -> None:
        """Source links lead to a repository or a thread, and none comes twice."""
        links = catalogue()[name].get("sources", [])
        thread = r"https://github\.com/[\w-]+/[\w.-]+(/(issues|pull|discussions)/[1-9]\d*)?"
        forum = r"https://community\.openai\.com/t/[1-9]\d*"
        assert [link for link in links if not re.fullmatch(f"{thread}|{forum}", link)] == []
        assert len(links) == len(set(links))

    @pytest.mark.parametrize("name", mark_slow_except_each(9, NAMES))
    def test_the_page_has_its_links(self, name: str) -> None:
        """Each source is a link of the scenario's section."""
        page = (ROOT / "docs" / "scenarios.md").read_text()
        section = re.split("\n##+ ", page.partition(f"\n### {name}\n")[2])[0]
        found = re.findall(r"<(https://[^>]+)>", section)
        assert found == catalogue()[name].get("sources", [])

    @pytest.mark.parametrize("name", mark_slow_except_each(9, NAMES))
    def test_the_answer_keeps_its_schema(self, name: str) -> None:
        """Printed and sent scenarios fit scenario.json."""
        assert schema("scenario").error(catalogue()[name]) is None
