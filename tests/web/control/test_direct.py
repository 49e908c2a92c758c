"""Calls of the control API by the process of the server itself, without a request."""

import json
import logging
from typing import Any

import pytest
from flask import Flask

from mockbatch import MockBatch
from mockbatch.client import ControlError
from mockbatch.client.transport import WsgiTransport
from mockbatch.web import wakeup
from mockbatch.web.control.direct import DIRECT_EXTENSION
from tests.support.caller import DAY, KEY, Caller, app_of

AUTHORIZATION = {"HTTP_AUTHORIZATION": f"Bearer {KEY}"}
CALLS = {
    "reset": ("POST", "/_mock/reset", {"owner": "a test", "pace": 2}),
    "advance": ("POST", "/_mock/clock/advance", {"seconds": DAY, "include": ["progress"]}),
    "until": ("POST", "/_mock/clock/advance", {"next_event": True}),
    "review": ("GET", "/_mock/requests?broken=true", None),
    "delete": ("DELETE", "/_mock/state", None),
}
BAD_CALLS = {
    "not JSON": ("POST", "/_mock/reset", b"{"),
    "no object": ("POST", "/_mock/reset", b"[]"),
    "unknown setting": ("POST", "/_mock/reset", b'{"speed": 2}'),
    "invalid clock": ("POST", "/_mock/reset", b'{"clock": "x0"}'),
    "backwards": ("POST", "/_mock/clock/advance", b'{"seconds": -1}'),
    "nothing": ("POST", "/_mock/clock/advance", b""),
    "two ways": ("POST", "/_mock/clock/advance", b'{"seconds": 1, "to": 2}'),
    "past": ("POST", "/_mock/clock/advance", b'{"to": 1}'),
}


def encoded(body: Any) -> bytes:
    """Return a body as a client sends it."""
    return b"" if body is None else json.dumps(body).encode()


def respond(
    app: Flask, method: str, path: str, data: bytes, headers: dict[str, str] = AUTHORIZATION
) -> Any:
    """Return the status and the JSON of a response without a request, None if there is none."""
    response = app.extensions[DIRECT_EXTENSION].respond(method, path, headers, data)
    return response and (response[0], json.loads(response[1]))


def request(app: Flask, method: str, path: str, data: bytes) -> Any:
    """Return the same of a response to a request."""
    response = app.test_client().open(
        path, method=method, data=data, headers={"Authorization": f"Bearer {KEY}"}
    )
    return response.status_code, response.get_json()


def app_with_batch() -> Flask:
    """Return an app with a world in which a batch is in progress; always the same."""
    app = app_of()
    Caller(app).create()
    return app


@pytest.mark.parametrize("name", CALLS)
def test_a_direct_call_does_and_says_what_a_request_does(name: str) -> None:
    """The response is the same, and so is the world afterwards."""
    method, path, body = CALLS[name]
    direct, over_http = app_with_batch(), app_with_batch()
    found = respond(direct, method, path, encoded(body))
    assert found == request(over_http, method, path, encoded(body))
    assert found[0] == 200
    state = ("GET", "/_mock/state", b"")
    assert unstamped(request(direct, *state)) == unstamped(request(over_http, *state))


def unstamped(state: Any) -> Any:
    """Return a state without the wall times of the journal, which differ from run to run."""
    status, body = state
    for entry in body.get("journal", {}).get("requests", ()):
        entry["wall"] = entry["duration_ms"] = 0
    return status, body


@pytest.mark.parametrize(("status", "code"), [("completed", 200), ("failed", 409)])
def test_the_next_webhook_is_scheduled_after_a_direct_call(
    monkeypatch: pytest.MonkeyPatch, status: str, code: int
) -> None:
    """Even after an advance that fails: it has moved the clock."""
    scheduled: list[str] = []
    monkeypatch.setattr(wakeup, "schedule_wakeup", lambda _, world: scheduled.append(world.name))
    app = app_of()
    document = {"batch": Caller(app).create()["id"], "status": status}
    scheduled.clear()
    assert respond(app, "POST", "/_mock/clock/advance", encoded(document))[0] == code
    assert scheduled == [KEY]


@pytest.mark.parametrize("name", BAD_CALLS)
def test_a_bad_direct_call_gets_the_error_of_a_request(name: str) -> None:
    """With its status."""
    app = app_with_batch()
    found = respond(app, *BAD_CALLS[name])
    assert found == request(app, *BAD_CALLS[name])
    assert found[0] >= 400


def test_the_key_of_a_removed_world_is_refused() -> None:
    """As it is for any request."""
    app = app_with_batch()
    respond(app, "POST", "/_mock/reset", encoded({"owner": "a test"}))
    respond(app, "DELETE", "/_mock/state", b"")
    status, body = respond(app, "POST", "/_mock/clock/advance", encoded({"seconds": 1}))
    assert (status, body["error"]["code"]) == (401, "no_world")


def test_only_accepted_keys_open_worlds() -> None:
    """If the server has a list of them."""
    app = app_of(server={"api_keys": frozenset({"sk-another-key-000000001"})})
    status, body = respond(app, "GET", "/_mock/requests?broken=true", b"")
    assert (status, body["error"]["code"]) == (401, "invalid_api_key")


@pytest.mark.parametrize(
    ("path", "data", "headers"),
    [
        ("/_mock/reset", b'{"all": true}', AUTHORIZATION),
        ("/_mock/reset", b"", {}),
        ("/_mock/reset", b"", {**AUTHORIZATION, "HTTP_X_MOCKBATCH_WORLD": "a digest"}),
        ("/_mock/clock", b'{"mode": "realtime"}', AUTHORIZATION),
        ("/_mock/clock/advance", b"", {**AUTHORIZATION, "HTTP_X_MOCKBATCH_DELIVERY": "wh_1"}),
    ],
)
def test_some_calls_are_always_requests(path: str, data: bytes, headers: dict[str, str]) -> None:
    """Those about other worlds, those of webhook receivers, and all that are rare."""
    assert respond(app_with_batch(), "POST", path, data, headers) is None


def test_a_call_that_is_logged_is_a_request(caplog: pytest.LogCaptureFixture) -> None:
    """So the log has the same lines for every way to call."""
    app = app_with_batch()
    with caplog.at_level(logging.INFO, "mockbatch.requests"):
        assert respond(app, "POST", "/_mock/reset", b"") is None
        WsgiTransport(app)("POST", "/_mock/reset", {"Authorization": f"Bearer {KEY}"}, b"")
    assert [record.getMessage() for record in caplog.records] == ["POST /_mock/reset 200"]


def test_a_world_of_this_process_is_moved_without_a_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So are its reset, review and end; errors are ControlErrors."""
    requests: list[str] = []
    with MockBatch() as mock:
        app: Any = mock._find_app()
        wsgi_app = app.wsgi_app

        def noted(environ: Any, start_response: Any) -> Any:
            requests.append(environ["PATH_INFO"])
            return wsgi_app(environ, start_response)

        monkeypatch.setattr(app, "wsgi_app", noted)
        before = mock.clock.now
        assert mock.clock.advance(hours=1).now == before + 3600
        with pytest.raises(ControlError, match="past"):
            mock.clock.advance_to(before)
        assert mock.review() == ([], False)
        mock.reset()
    assert "/_mock/clock" in requests
    assert not {"/_mock/clock/advance", "/_mock/reset", "/_mock/state"} & {*requests}
