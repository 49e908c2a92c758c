"""Portkey's gateway, as mockbatch plays it."""

import json
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from mockbatch.typing import Json
from tests.support.caller import (
    CANCELLING,
    DAY,
    KEY,
    START,
    VALIDATING,
    Caller,
    app_of,
    lines,
    talk,
    upload_form,
)
from tests.support.examples import examples

Address = tuple[str, int]

OPENAI = {"x-portkey-provider": "openai"}
HEADERS = (
    "x-portkey-cache-status",
    "x-portkey-last-used-option-index",
    "x-portkey-provider",
    "x-portkey-retry-attempt-count",
    "x-portkey-trace-id",
)
WENT_WRONG = {"status": "failure", "message": "Something went wrong"}
NOT_FOUND = {"message": "Not Found", "ok": False}
NO_CONFIG = (
    "Either x-portkey-provider needs to be passed. Or the x-portkey-config header should have a "
    "valid config with provider details in it."
)
INCOMPLETE = (
    "path: , message: Invalid configuration. It must have either 'provider' and 'api_key', or "
    "'strategy' and 'targets', or 'cache', or 'retry', or 'request_timeout'"
)
MODES = (
    "path: strategy,mode, message: Invalid 'mode' value. Must be one of: single, loadbalance, "
    "fallback, conditional"
)
MEGABYTE = 1 << 20


class Client(Caller):
    """A client that sends Portkey's headers."""

    def call(self, method: str, path: str, **options: Any) -> TestResponse:
        """Send a request with the provider's header, and with others over it."""
        headers = {**OPENAI, **options.pop("headers", {})}
        kept = {name: value for name, value in headers.items() if value is not None}
        return super().call(method, path, headers=kept, **options)


@pytest.fixture
def portkey(api: Caller) -> Client:
    """Return a client of the same world as `api` that sends Portkey's headers."""
    return Client(api.app)


@pytest.fixture
def keyless(api: Caller) -> Client:
    """Return a client of the same app without a key."""
    return Client(api.app, None)


def config(document: Json) -> dict[str, Any]:
    """Return the headers of a request that names its provider in a config."""
    return {"x-portkey-provider": None, "x-portkey-config": json.dumps(document)}


def key(text: str) -> dict[str, str]:
    """Return the config of a key."""
    return {"provider": "openai", "api_key": text}


def failure(message: str) -> dict[str, str]:
    """Return the body of a gateway error."""
    return {"status": "failure", "message": message}


def own_headers(response: TestResponse) -> dict[str, str]:
    """Return the headers of a response that the gateway adds."""
    found = {name.lower(): value for name, value in response.headers}
    return {name: value for name, value in found.items() if name.startswith("x-portkey-")}


# --- who is meant


@pytest.mark.parametrize("name", ["provider", "config", "api-key", "virtual-key", "trace-id", "x"])
def test_any_portkey_header_selects_the_gateway(api: Caller, name: str) -> None:
    """Any x-portkey header means that the client talks to a gateway."""
    assert api.get("/", headers={f"x-portkey-{name}": "x"}).text == "AI Gateway says hey!"


def test_header_names_are_case_insensitive(api: Caller) -> None:
    """Their case does not matter."""
    assert api.get("/", headers={"X-PORTKEY-PROVIDER": "x"}).status_code == 200


def test_without_such_a_header_it_is_openai(api: Caller) -> None:
    """A response without the gateway has no header of Portkey's."""
    assert own_headers(api.get("/v1/batches")) == {}


def test_gateway_option_demands_the_header() -> None:
    """With --gateway a request without it is refused as the gateway refuses it."""
    response = Caller(app_of(server={"gateway": True})).get("/v1/batches")
    assert response.json == failure(
        "Either x-portkey-config or x-portkey-provider header is required"
    )


def test_gateway_option_serves_requests_with_the_header() -> None:
    """With --gateway a request with the header is served."""
    assert Client(app_of(server={"gateway": True})).get("/v1/batches").status_code == 200


def test_gateway_option_does_not_affect_the_control_api() -> None:
    """With --gateway the control API needs no header of Portkey's."""
    caller = Caller(app_of(server={"gateway": True}))
    assert caller.get("/_mock/clock").status_code == 200


def test_control_api_ignores_the_header(portkey: Client) -> None:
    """The control API is no part of the gateway."""
    assert own_headers(portkey.get("/_mock/clock")) == {}


def test_both_roles_share_the_world(api: Caller, portkey: Client) -> None:
    """An object created without the header is found with it."""
    id = api.create()["id"]
    assert portkey.batch(id)["id"] == id


# --- what is refused

REFUSALS: Mapping[str, tuple[dict[str, Any], int, Json]] = {
    "no provider": (
        {"x-portkey-provider": None, "x-portkey-trace-id": "t"},
        400,
        failure("Either x-portkey-config or x-portkey-provider header is required"),
    ),
    "an empty provider": (
        {"x-portkey-provider": ""},
        400,
        failure("Either x-portkey-config or x-portkey-provider header is required"),
    ),
    "an unknown provider": (
        {"x-portkey-provider": "nosuch"},
        400,
        failure("Invalid provider passed"),
    ),
    "a provider in capitals": (
        {"x-portkey-provider": "OpenAI"},
        400,
        failure("Invalid provider passed"),
    ),
    "a slug": ({"x-portkey-provider": "@openai"}, 400, failure("Invalid provider passed")),
    "the provider portkey": (
        {"x-portkey-provider": "portkey"},
        500,
        failure("Provider portkey not found"),
    ),
    "a content type": (
        {"Content-Type": "text/plain"},
        400,
        failure("Invalid content type passed"),
    ),
    "a private host": (
        {"x-portkey-custom-host": "http://10.0.0.1/v1"},
        400,
        failure("Invalid custom host"),
    ),
    "a config that is no JSON": (
        {"x-portkey-config": "pc-slug"},
        400,
        failure("Invalid config passed. You need to pass a valid json"),
    ),
    "a config without a provider": (config({}), 400, failure(NO_CONFIG)),
    "a config of an old version": (
        config({**key("sk-x"), "options": []}),
        400,
        failure(
            "This version of config is not supported in this route. Please migrate to the latest "
            "version"
        ),
    ),
    "a config that is not whole": (
        config({"provider": "openai"}),
        400,
        {**failure("Invalid config passed"), "errors": [INCOMPLETE]},
    ),
    "a config with a wrong type": (
        config({**key("sk-x"), "weight": "1"}),
        400,
        {
            **failure("Invalid config passed"),
            "errors": ["path: weight, message: Expected number, received string"],
        },
    ),
    "a target that is wrong": (
        config({"strategy": {"mode": "single"}, "targets": [{"api_key": 1}]}),
        400,
        {
            **failure("Invalid config passed"),
            "errors": ["path: targets,0,api_key, message: Expected string, received number"],
        },
    ),
    "very many wrong targets": (
        config({"strategy": {"mode": "single"}, "targets": [1] * 1000}),
        400,
        {
            **failure("Invalid config passed"),
            "errors": [
                f"path: targets,{index}, message: Expected object, received number"
                for index in range(100)
            ],
        },
    ),
    "a retry without attempts": (
        config({**key("sk-x"), "retry": {}}),
        400,
        {
            **failure("Invalid config passed"),
            "errors": ["path: retry,attempts, message: Required"],
        },
    ),
    "an unknown strategy": (
        config({"strategy": {"mode": "x"}, "targets": [key("sk-x")]}),
        400,
        {
            **failure("Invalid config passed"),
            "errors": [
                MODES,
            ],
        },
    ),
    "a strategy without targets": (
        config({**key("sk-x"), "strategy": {"mode": "single"}}),
        500,
        WENT_WRONG,
    ),
    "conditional targets": (
        config({"strategy": {"mode": "conditional"}, "targets": [key("sk-x")]}),
        501,
        failure("mockbatch does not choose targets by conditions"),
    ),
    "a private host in a config": (
        config({**key("sk-x"), "custom_host": "http://192.168.0.1/v1"}),
        400,
        {
            **failure("Invalid config passed"),
            "errors": ["path: , message: Invalid custom host"],
        },
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusal_has_its_status_and_body(portkey: Client, name: str) -> None:
    """Each error has the gateway's own message."""
    headers, status, body = REFUSALS[name]
    response = portkey.get("/v1/batches", headers=headers)
    assert (response.status_code, response.json) == (status, body)


@pytest.mark.parametrize("name", [name for name in REFUSALS if name != "the provider portkey"])
def test_refusal_has_no_headers_of_the_gateway(portkey: Client, name: str) -> None:
    """The gateway's own errors do not have its five headers."""
    assert own_headers(portkey.get("/v1/batches", headers=REFUSALS[name][0])) == {}


def test_provider_portkey_is_an_exception(portkey: Client) -> None:
    """It is the only error that says so in a header."""
    response = portkey.get("/v1/batches", headers={"x-portkey-provider": "portkey"})
    assert own_headers(response) == {"x-portkey-gateway-exception": "true"}


def test_refusal_is_compact(portkey: Client) -> None:
    """Its errors are JSON without whitespace."""
    response = portkey.get("/v1/batches", headers={"x-portkey-provider": "x"})
    assert response.data == b'{"status":"failure","message":"Invalid provider passed"}'


@pytest.mark.parametrize(
    "kind",
    ["application/json", "application/json; charset=utf-8", "multipart/form-data", "audio/x"],
)
def test_content_type_is_accepted(portkey: Client, kind: str) -> None:
    """These types pass, whatever the body."""
    assert portkey.get("/v1/batches", headers={"Content-Type": kind}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "http://127.0.0.1:8787/v1",
        "http://localhost:8787/v1",
        "http://mock.localhost/v1",
        "http://mockbatch:8787/v1",
        "http://host.docker.internal:8787/v1",
        "http://2130706433/v1",
        "https://example.com/v1",
    ],
)
def test_custom_host_is_accepted(portkey: Client, host: str) -> None:
    """Loopback, the names of a container network and public names are accepted."""
    response = portkey.get("/v1/batches", headers={"x-portkey-custom-host": host})
    assert response.status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "http://[::1]:8787/v1",
        "http://127.0.0.2/v1",
        "http://169.254.169.254/v1",
        "http://mock.test/v1",
        "http://user@127.0.0.1/v1",
        "ftp://127.0.0.1/v1",
        "127.0.0.1:8787/v1",
        "http://127.0.0.1:99999/v1",
        "http://½.com/v1",
    ],
)
def test_custom_host_is_refused(portkey: Client, host: str) -> None:
    """Other loopback addresses, private names and invalid addresses are refused."""
    response = portkey.get("/v1/batches", headers={"x-portkey-custom-host": host.encode()})
    assert response.json == failure("Invalid custom host")


# --- routes


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS"])
def test_other_methods_are_not_found(portkey: Client, method: str) -> None:
    """These methods are a 404 on every route."""
    response = portkey.call(method, "/v1/batches")
    assert (response.status_code, response.json) == (404, NOT_FOUND)


@pytest.mark.parametrize("path", ["/foo", "/v1", "/v2/batches", "/v1x"])
def test_paths_outside_v1_are_not_found(portkey: Client, path: str) -> None:
    """The gateway serves `/` and what is below /v1."""
    response = portkey.get(path)
    assert (response.status_code, response.json) == (404, NOT_FOUND)


def test_unknown_route_is_forwarded_unchanged(portkey: Client) -> None:
    """The gateway passes OpenAI's own response back."""
    assert list(portkey.get("/v1/foo").json) == ["error"]


def test_unknown_route_keeps_its_indentation(portkey: Client) -> None:
    """A response that is passed back is not rewritten."""
    assert portkey.get("/v1/foo").text.startswith('{\n  "error"')


def test_unknown_route_has_the_headers(portkey: Client) -> None:
    """Every forwarded request gets the five headers."""
    assert sorted(own_headers(portkey.get("/v1/foo"))) == sorted(HEADERS)


def test_head_is_forwarded_as_get(portkey: Client) -> None:
    """The gateway calls its provider with GET."""
    response = portkey.call("HEAD", "/v1/batches")
    assert (response.status_code, response.data) == (200, b"")


def test_escaped_slash_is_not_a_separator(portkey: Client) -> None:
    """It is part of the id, so the gateway knows the route."""
    assert portkey.get("/v1/batches/batch_a%2Fb").json["provider"] == "openai"


# --- answers


@pytest.mark.parametrize("path", ["/v1/batches", "/v1/batches/batch_x", "/v1/batches/x/output"])
def test_response_has_the_five_headers(portkey: Client, path: str) -> None:
    """Successes and errors have the same five."""
    assert own_headers(portkey.get(path)) == {
        "x-portkey-cache-status": "DISABLED",
        "x-portkey-last-used-option-index": "config",
        "x-portkey-provider": "openai",
        "x-portkey-retry-attempt-count": "0",
        "x-portkey-trace-id": "",
    }


@pytest.mark.parametrize("path", ["/v1/batches", "/v1/batches/batch_x", "/v1/batches/x/output"])
def test_trace_id_is_returned(portkey: Client, path: str) -> None:
    """It is the one of the request."""
    response = portkey.get(path, headers={"x-portkey-trace-id": "trace 7"})
    assert response.headers["x-portkey-trace-id"] == "trace 7"


def test_headers_of_openai_stay(portkey: Client) -> None:
    """The gateway keeps its provider's headers."""
    assert portkey.get("/v1/batches").headers["x-request-id"].startswith("req_")


def test_error_has_a_prefix(portkey: Client) -> None:
    """The provider's name precedes the message."""
    error = portkey.get("/v1/batches/batch_x").json["error"]
    assert error["message"] == "openai error: No batch found with id 'batch_x'."


def test_error_names_the_provider(portkey: Client) -> None:
    """The provider's name is beside the error."""
    assert portkey.get("/v1/batches/batch_x").json["provider"] == "openai"


def test_error_has_four_members(portkey: Client) -> None:
    """They are OpenAI's, in this order."""
    error = portkey.get("/v1/batches/batch_x").json["error"]
    assert list(error) == ["message", "type", "param", "code"]


def test_members_beside_an_error_are_dropped(api: Caller, portkey: Client) -> None:
    """OpenAI repeats some errors beside `error`, and the gateway drops that."""
    refused = upload_form(b"no JSON\n")
    assert "detail" in api.call("POST", "/v1/files", **refused).json
    assert list(portkey.call("POST", "/v1/files", **refused).json) == ["error", "provider"]


@pytest.mark.parametrize("body", [{"note": "x"}, [], ["error"], [{"error": {"message": "x"}}]])
def test_body_that_is_not_an_error_is_unchanged(api: Caller, portkey: Client, body: Json) -> None:
    """Only an object with `error` gets the prefix, whatever the status."""
    fault = {"status": 500, "body": body}
    api.good(api.post("/_mock/faults", {"match": {"method": "GET"}, "fault": fault}))
    response = portkey.get("/v1/batches")
    assert (response.status_code, response.json) == (500, body)


def test_status_of_an_error_stays(portkey: Client) -> None:
    """The status is the provider's."""
    assert portkey.get("/v1/batches?limit=0").status_code == 400


def test_batch_is_unchanged(api: Caller, portkey: Client) -> None:
    """A batch has the same members with the same values in both roles."""
    id = api.create()["id"]
    assert portkey.batch(id) == api.batch(id)


def test_json_is_compact(portkey: Client) -> None:
    """The gateway rewrites JSON without whitespace."""
    assert portkey.get("/v1/batches").text.startswith('{"object":"list","data":[],')


def test_pretty_indents(portkey: Client) -> None:
    """`?pretty` indents, whatever its value."""
    assert portkey.get("/v1/batches?pretty=0").text.startswith('{\n  "object": "list"')


def test_lone_surrogate_is_written_as_an_escape(api: Caller, portkey: Client) -> None:
    """UTF-8 cannot encode it."""
    id = api.create(input_file_id="\ud800")["id"]
    assert b'"input_file_id":"\\ud800"' in portkey.get(f"/v1/batches/{id}").data


# --- keys


@pytest.mark.parametrize("written", [f"Bearer {KEY}", KEY])
def test_key_is_found(keyless: Client, written: str) -> None:
    """The scheme may be left out."""
    assert keyless.get("/v1/batches", headers={"Authorization": written}).status_code == 200


@pytest.mark.parametrize(
    "written", [None, "", f"bearer {KEY}", f"Bearer Bearer {KEY}", "Basic c2s6"]
)
def test_key_is_not_found(keyless: Client, written: str | None) -> None:
    """Another scheme becomes part of the key, and OpenAI refuses it."""
    assert keyless.get("/v1/batches", headers={"Authorization": written}).status_code == 401


def test_missing_key_is_undefined(keyless: Client) -> None:
    """The gateway sends JavaScript's word for a missing value."""
    message = keyless.get("/v1/batches").json["error"]["message"]
    assert message.startswith("openai error: Incorrect API key provided: undefined.")


def test_key_of_a_config_is_used(api: Caller, keyless: Client) -> None:
    """A config's key is sent, and opens its world."""
    id = api.create()["id"]
    assert keyless.get(f"/v1/batches/{id}", headers=config(key(KEY))).json["id"] == id


def test_key_of_a_config_comes_before_the_header(portkey: Client) -> None:
    """The request's own key is then ignored."""
    id = portkey.create()["id"]
    response = portkey.get(f"/v1/batches/{id}", headers=config(key("sk-somebody-else-0001")))
    assert response.status_code == 404


def test_target_is_named(portkey: Client) -> None:
    """The option's index says which target was used."""
    targets = config({"strategy": {"mode": "fallback"}, "targets": [key(KEY)]})
    response = portkey.get("/v1/batches", headers=targets)
    assert response.headers["x-portkey-last-used-option-index"] == "config.targets[0]"


def test_target_without_weight_is_skipped(portkey: Client) -> None:
    """The first target with a weight is used."""
    balanced = {
        "strategy": {"mode": "loadbalance"},
        "targets": [{**key("x"), "weight": 0}, key(KEY)],
    }
    response = portkey.get("/v1/batches", headers=config(balanced))
    assert response.headers["x-portkey-last-used-option-index"] == "config.targets[1]"


# --- creating and cancelling


def test_window_may_be_left_out(portkey: Client) -> None:
    """The gateway fills it in."""
    assert portkey.create(completion_window=...)["completion_window"] == "24h"


def test_five_fields_are_forwarded(portkey: Client) -> None:
    """These reach the provider."""
    file = portkey.upload()["id"]
    batch = portkey.create(
        input_file_id=file,
        metadata={"a": "b"},
        output_expires_after={"anchor": "created_at", "seconds": 3600},
    )
    portkey.advance(DAY)
    made = portkey.good(portkey.get("/v1/files?purpose=batch_output"))["data"]
    assert (batch["input_file_id"], batch["metadata"], made) == (file, {"a": "b"}, [])


def test_other_fields_are_dropped(portkey: Client) -> None:
    """OpenAI would refuse an unknown field, but never sees it."""
    assert portkey.create(model="gpt-4o", portkey_options={"x": 1})["status"] == "validating"


def test_immediate_window_is_refused_by_openai(portkey: Client) -> None:
    """Only Portkey's cloud accepts it."""
    response = portkey.post("/v1/batches", portkey.batch_request(completion_window="immediate"))
    assert response.json["error"]["param"] == "completion_window"


@pytest.mark.parametrize("body", [[], "x", 1, None])
def test_body_that_is_not_an_object_is_an_empty_one(portkey: Client, body: Json) -> None:
    """OpenAI then reports the first missing field."""
    response = portkey.post("/v1/batches", data=json.dumps(body), content_type="application/json")
    assert response.json["error"]["code"] == "missing_required_parameter"


@pytest.mark.parametrize("text", ["", "{", "{'a': 1}", "NaN", '{"a": NaN}', "[" * 100_000])
def test_invalid_json_is_an_internal_error(portkey: Client, text: str) -> None:
    """The gateway gives no reason."""
    response = portkey.post("/v1/batches", data=text, content_type="application/json")
    assert (response.status_code, response.json) == (500, WENT_WRONG)


def test_body_without_a_content_type_is_not_forwarded(portkey: Client) -> None:
    """The gateway reads it and forwards nothing."""
    response = portkey.post("/v1/batches", data=json.dumps(portkey.batch_request()))
    assert "could not parse the JSON body" in response.json["error"]["message"]


@pytest.mark.parametrize(
    "request_of", [{}, {"json": {}}, {"json": {"a": 1}}, {"data": b"{", "content_type": "audio/x"}]
)
def test_body_of_a_cancel_is_not_forwarded(portkey: Client, request_of: dict[str, Any]) -> None:
    """The batch is cancelled, whatever the body is."""
    id = portkey.create()["id"]
    response = portkey.call("POST", f"/v1/batches/{id}/cancel", **request_of)
    assert response.json["status"] == "cancelling"


def test_range_is_not_forwarded(portkey: Client) -> None:
    """The response has the whole file."""
    id = portkey.upload()["id"]
    response = portkey.get(f"/v1/files/{id}/content", headers={"Range": "bytes=0-1"})
    assert response.data == lines()


def test_range_is_forwarded_when_it_is_named(portkey: Client) -> None:
    """`x-portkey-forward-headers` lists further headers to forward."""
    id = portkey.upload()["id"]
    headers = {"Range": "bytes=0-1", "x-portkey-forward-headers": "a, Range"}
    assert portkey.get(f"/v1/files/{id}/content", headers=headers).data == lines()[:2]


# --- the output in one call


def run_to_the_end(portkey: Client, scenario: str = "happy") -> dict[str, Json]:
    """Return a batch that has ended as its scenario says."""
    id = portkey.create(metadata={"mockbatch_scenario": scenario})["id"]
    portkey.advance(DAY)
    return portkey.batch(id)


@pytest.mark.parametrize("scenario", ["happy", "some_failed", "expired_partial"])
def test_output_is_the_output_file(portkey: Client, scenario: str) -> None:
    """It is the file's content, byte for byte."""
    batch = run_to_the_end(portkey, scenario)
    content = portkey.get(f"/v1/files/{batch['output_file_id']}/content").data
    assert portkey.get(f"/v1/batches/{batch['id']}/output").data == content


def test_output_has_the_type_of_a_file(portkey: Client) -> None:
    """It has no parameters."""
    response = portkey.get(f"/v1/batches/{run_to_the_end(portkey)['id']}/output")
    assert response.headers["Content-Type"] == "application/octet-stream"


def test_output_of_a_cancelled_batch(portkey: Client) -> None:
    """It has the lines that were done before the cancel."""
    id = portkey.create(lines(20))["id"]
    portkey.advance(VALIDATING + 30)
    portkey.good(portkey.post(f"/v1/batches/{id}/cancel", {}))
    portkey.advance(CANCELLING)
    assert portkey.get(f"/v1/batches/{id}/output").status_code == 200


@pytest.mark.parametrize("seconds", [0, VALIDATING])
def test_output_of_an_unfinished_batch(portkey: Client, seconds: int) -> None:
    """The gateway requests the file `null`, and passes back OpenAI's response."""
    id = portkey.create()["id"]
    portkey.advance(seconds)
    response = portkey.get(f"/v1/batches/{id}/output")
    assert (response.status_code, response.json["error"]["message"]) == (
        404,
        "No such File object: null",
    )


def test_output_of_a_batch_of_failures(portkey: Client) -> None:
    """With only an error file there is no output."""
    response = portkey.get(f"/v1/batches/{run_to_the_end(portkey, 'all_failed')['id']}/output")
    assert response.json["error"]["message"] == "No such File object: null"


@pytest.mark.parametrize("id", ["batch_x", "x"])
def test_output_of_an_unknown_batch(portkey: Client, id: str) -> None:
    """The response to the batch request has no file, and is dropped."""
    response = portkey.get(f"/v1/batches/{id}/output")
    assert response.json["error"]["message"] == "No such File object: undefined"


def test_output_without_a_key(keyless: Client) -> None:
    """The second request is refused like the first."""
    assert keyless.get("/v1/batches/batch_x/output").status_code == 401


def test_output_of_a_failed_batch(portkey: Client) -> None:
    """Its errors are returned with a 200."""
    id = portkey.create(b"{}\n")["id"]
    portkey.advance(DAY)
    response = portkey.get(f"/v1/batches/{id}/output")
    assert (response.status_code, json.loads(response.text)) == (200, portkey.batch(id)["errors"])


def test_output_of_a_failed_batch_is_plain_text(portkey: Client) -> None:
    """JavaScript's Response sends a string as text."""
    id = portkey.create(b"{}\n")["id"]
    portkey.advance(DAY)
    response = portkey.get(f"/v1/batches/{id}/output")
    assert response.headers["Content-Type"] == "text/plain;charset=UTF-8"


def test_output_of_a_deleted_file(portkey: Client) -> None:
    """The file is requested by its id, and no longer exists."""
    batch = run_to_the_end(portkey)
    portkey.good(portkey.delete(f"/v1/files/{batch['output_file_id']}"))
    response = portkey.get(f"/v1/batches/{batch['id']}/output")
    assert response.json["error"]["message"] == f"No such File object: {batch['output_file_id']}"


def recorded_state(**members: Json) -> dict[str, Json]:
    """Return the state of a world with one recorded batch."""
    batch = {
        "id": "batch_old",
        "object": "batch",
        "endpoint": "/v1/embeddings",
        "input_file_id": "file-in",
        "completion_window": "24h",
        "status": "completed",
        "created_at": START,
        "request_counts": {"total": 1, "completed": 1, "failed": 0},
    }
    return {"format": "mockbatch state 1", "recorded": [{**batch, **members}]}


def test_output_without_the_member(portkey: Client) -> None:
    """An object without `output_file_id` leads to the file `undefined`."""
    portkey.good(portkey.call("PUT", "/_mock/state", json=recorded_state()))
    response = portkey.get("/v1/batches/batch_old/output")
    assert response.json["error"]["message"] == "No such File object: undefined"


def test_file_comes_before_errors(portkey: Client) -> None:
    """Errors are returned only without a file."""
    errors = {"object": "list", "data": []}
    state = recorded_state(errors=errors, output_file_id="file-out")
    portkey.good(portkey.call("PUT", "/_mock/state", json=state))
    response = portkey.get("/v1/batches/batch_old/output")
    assert response.json["error"]["message"] == "No such File object: file-out"


def test_file_of_any_name_is_requested(portkey: Client) -> None:
    """A name that is not ASCII is just another unknown file."""
    state = recorded_state(output_file_id="file-\u4e2d")
    portkey.good(portkey.call("PUT", "/_mock/state", json=state))
    assert portkey.get("/v1/batches/batch_old/output").status_code == 404


def test_output_makes_two_requests(portkey: Client) -> None:
    """The journal has both requests, as behind the real gateway."""
    portkey.create()
    portkey.get("/v1/batches/batch_x/output")
    entries = portkey.good(portkey.get("/_mock/requests?limit=2"))["requests"]
    assert [entry["path"] for entry in entries] == [
        "/v1/batches/batch_x",
        "/v1/files/undefined/content",
    ]


# --- big bodies


class Dribble:
    """A form with one big file, generated while it is read."""

    def __init__(self, megabytes: int) -> None:
        whole = upload_form(b"|")["data"].replace(b"batch", b"user_data")
        head, _, tail = whole.partition(b"|")
        block = b"x" * MEGABYTE
        self._parts = iter([head, *[block] * megabytes, tail])
        self._rest = b""
        self.length = len(head) + len(tail) + megabytes * MEGABYTE

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, at most `size`."""
        self._rest = self._rest or next(self._parts, b"")
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken


@pytest.fixture
def memory() -> Iterator[Callable[[], int]]:
    """Return a function that gives the peak memory since now, in bytes."""
    tracemalloc.start()
    start = tracemalloc.get_traced_memory()[0]
    yield lambda: tracemalloc.get_traced_memory()[1] - start
    tracemalloc.stop()


def upload_in_pieces(portkey: Client, megabytes: int) -> str:
    """Upload a file in pieces and return its id."""
    body = Dribble(megabytes)
    sent = {
        "wsgi.input": body,
        "CONTENT_LENGTH": str(body.length),
        "CONTENT_TYPE": "multipart/form-data; boundary=limit",
    }
    return str(portkey.good(portkey.call("POST", "/v1/files", environ_overrides=sent))["id"])


def test_upload_is_not_read_into_memory(portkey: Client, memory: Callable[[], int]) -> None:
    """40 MB pass through the gateway in a few MB of memory."""
    upload_in_pieces(portkey, 40)
    assert memory() < 8 * MEGABYTE


def test_download_is_not_read_into_memory(portkey: Client, memory: Callable[[], int]) -> None:
    """40 MB are sent in chunks."""
    id = upload_in_pieces(portkey, 40)
    with portkey.get(f"/v1/files/{id}/content", buffered=False) as response:
        assert sum(len(chunk) for chunk in response.iter_encoded()) == 40 * MEGABYTE
    assert memory() < 8 * MEGABYTE


# --- anything at all

PIECES = [
    "v1",
    "batches",
    "files",
    "output",
    "cancel",
    "content",
    "batch_x",
    "..",
    "%2F",
    "%ff",
    "é",
]
PATHS = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=5).map("/".join)
TEXTS = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=20)
CONFIGS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["strategy", "mode", "targets", "provider", "api_key", "cache", "weight"]
            ),
            inner | st.sampled_from(["openai", "fallback", "loadbalance", "simple"]),
            max_size=5,
        )
    ),
    max_leaves=12,
).map(json.dumps)
VALUES = TEXTS | CONFIGS | st.sampled_from(["openai", "http://[", "http://1.1.1.1.1:x", "portkey"])
NAMES = ["provider", "config", "custom-host", "trace-id", "forward-headers"]


@examples(300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "POST", "DELETE", "HEAD", "PUT"]),
    path=PATHS,
    headers=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4),
    kind=st.sampled_from(["application/json", "multipart/form-data; boundary=x", ""]) | TEXTS,
    body=st.binary(max_size=60) | CONFIGS.map(str.encode),
)
def test_no_request_fails_the_mock(
    portkey: Client, method: str, path: str, headers: dict[str, str], kind: str, body: bytes
) -> None:
    """Any request gets no 5xx except the gateway's own."""
    named = {f"x-portkey-{name}": value for name, value in headers.items()}
    # Two slashes would be a host to the test client, as they are to a browser.
    path = path.lstrip("/")
    response = portkey.call(method, f"/{path}", headers={**named, "Content-Type": kind}, data=body)
    if response.status_code >= 500 and method != "HEAD":
        assert response.json["status"] == "failure"


CHUNKED = (
    b"POST /v1/batches HTTP/1.1\r\nHost: h\r\nx-portkey-provider: openai\r\nConnection: close\r\n"
    b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
)


@pytest.mark.parametrize("body", [b"zz\r\n{}\r\n0\r\n\r\n", b"2\r\n{}xx0\r\n\r\n", b"-1\r\n\r\n"])
def test_body_in_malformed_chunks_is_an_internal_error(
    serve: Callable[[Flask], Address], body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A body that cannot be read is invalid JSON."""
    answer = talk(serve(app_of()), CHUNKED + body)
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2]) == WENT_WRONG


def test_upload_in_chunks_arrives(serve: Callable[[Flask], Address]) -> None:
    """A client behind the gateway may stream, as the gateway itself does."""
    upload = upload_form()["data"]
    head = CHUNKED.replace(b"/batches", b"/files").replace(
        b"application/json",
        b"multipart/form-data; boundary=limit\r\nAuthorization: " + KEY.encode(),
    )
    answer = talk(serve(app_of()), head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(upload), upload))
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["bytes"] == len(lines())
