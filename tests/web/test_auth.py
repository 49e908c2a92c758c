"""The key of a request, and the world it opens."""

from base64 import b64encode

import pytest
from werkzeug.test import create_environ, run_wsgi_app

from mockbatch.faults.request_record import RequestRecord
from mockbatch.limits import Limits
from mockbatch.web.wakeup import PATH
from tests.support.caller import (
    KEY,
    START,
    Caller,
    app_of,
    count_batches_and_files,
    error_of,
    upload_form,
)

OTHER = "sk-somebody-else-0001"


def count_created(api: Caller) -> int:
    """Return how many batches were created in the only world of an app."""
    keyless = Caller(api.app, None)
    journal = keyless.good(keyless.get("/_mock/requests"))
    return sum(
        entry["path"] == "/v1/batches" and entry["method"] == "POST"
        for entry in journal["requests"]
    )


class TestWorlds:
    """Which world a request is about."""

    def test_each_key_has_its_own(self, api: Caller) -> None:
        """Files, batches and clock are separate."""
        other = Caller(api.app, OTHER)
        api.create()
        api.advance(100)
        assert count_batches_and_files(other) == (0, 0)
        assert other.clock()["now"] == START

    def test_reading_creates_none(self, api: Caller) -> None:
        """A caller without a key still gets the only world."""
        api.create()
        Caller(api.app, OTHER).get("/v1/batches")
        Caller(api.app, OTHER).get("/_mock/clock")
        Caller(api.app, OTHER).post("/v1/nowhere")
        for method in ("HEAD", "OPTIONS"):
            Caller(api.app, OTHER).call(method, "/v1/batches")
        assert count_created(api) == 1

    def test_writing_creates_one(self, api: Caller) -> None:
        """Then a caller without a key has to choose one."""
        api.create()
        Caller(api.app, OTHER).upload()
        answer = Caller(api.app, None).get("/_mock/clock")
        assert error_of(answer) == (400, "which_world", None)

    @pytest.mark.parametrize("key", [OTHER, "secret", "sk"])
    def test_choice_tells_nothing_of_the_keys(self, api: Caller, key: str) -> None:
        """It counts the worlds."""
        api.create()
        Caller(api.app, key).upload()
        message = Caller(api.app, None).get("/_mock/clock").json["error"]["message"]
        assert message.startswith("This server has 2 worlds.")
        assert key[:4] not in message.split()
        assert KEY[:4] not in message

    def test_caller_without_a_key_gets_the_owners_world_if_there_is_no_other(self) -> None:
        """It is the world of the key that `serve` prints."""
        app = app_of()
        keyless = Caller(app, None)
        keyless.good(keyless.post("/_mock/reset", {"start_time": 7}))
        assert Caller(app, "sk-mockbatch").clock()["now"] == 7

    def test_reading_without_a_key_creates_none(self) -> None:
        """After a look at the clock, the first real key still has the only world."""
        app = app_of()
        keyless, first = Caller(app, None), Caller(app)
        keyless.good(keyless.get("/_mock/clock"))
        first.good(first.post("/_mock/reset", {"start_time": 7}))
        assert keyless.clock()["now"] == 7

    @pytest.mark.parametrize("key", ["", "undefined", "null"])
    def test_unset_key_is_refused_by_the_control_api_too(self, api: Caller, key: str) -> None:
        """It counts as a wrong key, not as a missing one."""
        answer = Caller(api.app, key).get("/_mock/clock")
        assert error_of(answer) == (401, "invalid_api_key", None)

    def test_world_can_be_deleted(self, api: Caller) -> None:
        """After DELETE /_mock/state it no longer counts."""
        api.create()
        api.good(api.delete("/_mock/state"))
        Caller(api.app, OTHER).upload()
        assert count_batches_and_files(Caller(api.app, OTHER)) == (0, 1)
        assert count_created(api) == 0
        assert count_batches_and_files(api) == (0, 0)

    def test_one_key_too_many_is_refused(self) -> None:
        """No other key loses what it has; reading an empty world is allowed."""
        app = app_of(limits=Limits(worlds=2))
        first, second, third = (Caller(app, f"sk-number-{n}-0000") for n in range(3))
        first.upload()
        second.upload()
        refused = third.call("POST", "/v1/files", **upload_form())
        assert error_of(refused) == (429, "too_many_worlds", None)
        assert refused.headers["x-should-retry"] == "false"
        callers = (first, second, third)
        assert [count_batches_and_files(one) for one in callers] == [(0, 1), (0, 1), (0, 0)]
        first.good(first.delete("/_mock/state"))
        third.upload()

    def test_one_world_for_all_keys(self) -> None:
        """With `--worlds one`, all keys share a world."""
        app = app_of(server={"is_single_world": True})
        Caller(app).create()
        assert count_batches_and_files(Caller(app, OTHER)) == (1, 1)
        assert count_created(Caller(app)) == 1

    def test_only_allowed_keys_open_worlds(self) -> None:
        """With `--api-key`, other keys are refused."""
        app = app_of(server={"api_keys": frozenset({KEY, OTHER})})
        assert Caller(app).get("/_mock/clock").status_code == 200
        assert Caller(app, OTHER).get("/v1/files").status_code == 200
        stranger = Caller(app, "sk-stranger-00001")
        assert error_of(stranger.get("/_mock/clock")) == (401, "invalid_api_key", None)
        assert error_of(stranger.call("POST", "/v1/files", **upload_form()))[0] == 401


# Headers that hold no key at all.
BROKEN_HEADERS = [
    *("Bearer", "Basic", "Basic !!!!", "Basic a", "Basic \xe9\xe9\xe9\xe9", "Basic gICAgA=="),
    *("Digest x", "sk-tests-of-the-web-0001", "Bearer sk-a sk-b", "Basic Og=="),
]
# Calls of the control API: of each module, of no route, and with a wrong method.
CONTROL_CALLS = [
    *(("GET", "/_mock/clock"), ("POST", "/_mock/clock/advance"), ("POST", "/_mock/reset")),
    *(("GET", "/_mock/state"), ("PUT", "/_mock/state"), ("DELETE", "/_mock/state")),
    *(("GET", "/_mock/faults"), ("GET", "/_mock/requests"), ("GET", "/_mock/nowhere")),
    *(("POST", "/_mock/webhooks/alarm"), ("PATCH", "/_mock/clock"), ("GET", "/_mock")),
    *(("GET", "/_mock/batches/batch_1/timeline"), ("GET", "/_mock/models")),
]


class TestKeys:
    """With `--api-key`, nothing happens without an accepted key."""

    @pytest.mark.parametrize(("method", "path"), CONTROL_CALLS)
    def test_control_api_needs_a_key(self, method: str, path: str) -> None:
        """It answers with 401, even if there is just one world or no such route."""
        app = app_of(server={"api_keys": frozenset({KEY})})
        Caller(app).create()
        assert error_of(Caller(app, None).call(method, path))[0] == 401
        assert error_of(Caller(app, "sk-stranger-00001").call(method, path))[0] == 401
        assert count_batches_and_files(Caller(app)) == (1, 1)

    @pytest.mark.parametrize("path", ["/_mock/clock", "/v1/files", "/v1/nowhere"])
    @pytest.mark.parametrize("header", BROKEN_HEADERS)
    @pytest.mark.parametrize("keys", [frozenset[str](), frozenset({KEY})])
    def test_broken_header_is_refused(self, path: str, header: str, keys: frozenset[str]) -> None:
        """A header without a key is a 401, and never opens the only world; a 404 remains one."""
        app = app_of(server={"api_keys": keys})
        Caller(app).create()
        answer = Caller(app, None).get(path, headers={"Authorization": header})
        assert error_of(answer)[0] == (404 if path == "/v1/nowhere" else 401)

    def test_internal_requests_need_none(self) -> None:
        """The server itself delivers due webhooks."""
        app = app_of(server={"api_keys": frozenset({KEY})})
        world = app.extensions["mockbatch"].worlds.open(KEY, is_read_only=False)
        environ = RequestRecord(due_world=world).added_to(create_environ(PATH, method="POST"))
        _, status, _ = run_wsgi_app(app, environ)
        assert status == "200 OK"

    @pytest.mark.parametrize("header", ["api-key", "x-api-key"])
    @pytest.mark.parametrize("keys", [frozenset[str](), frozenset({KEY})])
    def test_headers_of_other_providers_hold_the_key_too(
        self, header: str, keys: frozenset[str]
    ) -> None:
        """`api-key` and `x-api-key` open the same world as a Bearer key."""
        app = app_of(server={"api_keys": keys})
        batch = Caller(app).create()
        for path in (f"/v1/batches/{batch['id']}", "/_mock/clock"):
            assert Caller(app, None).get(path, headers={header: KEY}).status_code == 200
        journal = Caller(app).good(Caller(app).get("/_mock/requests"))
        assert journal["requests"][-1]["path"] == f"/v1/batches/{batch['id']}"

    @pytest.mark.parametrize("header", ["api-key", "x-api-key"])
    def test_wrong_key_in_another_header_is_refused(self, header: str) -> None:
        """It is a wrong key, and an empty one is, too."""
        app = app_of(server={"api_keys": frozenset({KEY})})
        for key in ("sk-stranger-00001", ""):
            answer = Caller(app, None).get("/v1/files", headers={header: key})
            assert error_of(answer) == (401, "invalid_api_key", None)

    def test_authorization_takes_precedence(self, api: Caller) -> None:
        """A gateway may add it to a request that has another key already."""
        api.create()
        seen = api.good(api.get("/v1/batches", headers={"api-key": OTHER}))
        assert len(seen["data"]) == 1

    def test_fault_meets_a_request_with_any_header(self, api: Caller) -> None:
        """The world of the key has the fault."""
        api.create()
        api.good(api.post("/_mock/faults", {"match": {}, "fault": {"status": 503}}))
        answer = Caller(api.app, None).get("/v1/batches", headers={"x-api-key": KEY})
        assert answer.status_code == 503

    def test_basic_user_is_a_key(self) -> None:
        """As with the service, `curl -u KEY:` works."""
        app = app_of(server={"api_keys": frozenset({KEY})})
        header = "Basic " + b64encode(f"{KEY}:".encode()).decode()
        for path in ("/_mock/clock", "/v1/files"):
            answer = Caller(app, None).get(path, headers={"Authorization": header})
            assert answer.status_code == 200
