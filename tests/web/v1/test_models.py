"""`/v1/models`, and the models that a world serves."""

import json
from pathlib import Path

import pytest

from mockbatch.cli import main
from mockbatch.endpoints import endpoints
from mockbatch.endpoints.model_list import ModelList, load_model_list
from mockbatch.endpoints.models import model_aliases
from mockbatch.typing import Json
from tests.support.caller import VALIDATING, Caller, app_of, error_of

CHAT, RESPONSES = "/v1/chat/completions", "/v1/responses"
MESSAGES = [{"role": "user", "content": "Hello"}]
FINE_TUNED = "ft:gpt-4o-mini-2024-07-18:acme/team::a1B2"


def chat(api: Caller, model: str) -> int:
    """Return the status of a call to a model."""
    return api.post(CHAT, {"model": model, "messages": MESSAGES}).status_code


def serve_only(api: Caller, *names: str) -> None:
    """Restrict the world."""
    assert api.good(api.call("PUT", "/_mock/models", json={"models": names})) == {
        "models": list(names)
    }


def names(api: Caller) -> list[str]:
    """Return the ids of the list."""
    return [model["id"] for model in api.good(api.get("/v1/models"))["data"]]


class TestList:
    """GET /v1/models."""

    def test_known_models_are_listed(self, api: Caller) -> None:
        """There is an object for every alias, all in one list."""
        listed = api.good(api.get("/v1/models"))
        assert list(listed) == ["object", "data"]
        assert listed["object"] == "list"
        ids = [model["id"] for model in listed["data"]]
        assert len(ids) == len({*ids})
        assert {*model_aliases(), "text-embedding-3-small"} <= {*ids}

    def test_objects_are_models(self, api: Caller) -> None:
        """They have the recorded times and owners."""
        assert api.good(api.get("/v1/models/gpt-4-0613")) == {
            "id": "gpt-4-0613",
            "object": "model",
            "created": 1686588896,
            "owned_by": "openai",
        }

    def test_model_without_a_recorded_object_has_that_of_its_snapshot(self, api: Caller) -> None:
        """It is OpenAI's all the same."""
        model = api.good(api.get("/v1/models/gpt-image-2.5-flare"))
        assert (model["created"], model["owned_by"]) == (1788825600, "system")

    @pytest.mark.parametrize("name", [FINE_TUNED, "a/b", "x:y", "größe", "a%2Fb"])
    def test_any_model_can_be_retrieved(self, api: Caller, name: str) -> None:
        """Every model that can be called can be retrieved; names may have slashes and colons."""
        assert api.good(api.get(f"/v1/models/{name.replace('%', '%25')}"))["id"] == name

    @pytest.mark.parametrize(
        ("name", "created"),
        [
            *[(FINE_TUNED, 1721260800), ("mine", 0), ("mine-2024-13-45", 0)],
            *[("mine-2024-13-31", 0), ("mine-2024-07-180", 0)],
        ],
    )
    def test_unknown_model_is_as_old_as_its_name_says(
        self, api: Caller, name: str, created: int
    ) -> None:
        """Its creation time is only taken from the name."""
        model = api.good(api.get(f"/v1/models/{name}"))
        assert (model["created"], model["owned_by"]) == (created, "mockbatch")

    @pytest.mark.parametrize("method", ["POST", "DELETE"])
    def test_models_cannot_be_changed(self, api: Caller, method: str) -> None:
        """OpenAI's API has no such call."""
        assert error_of(api.call(method, "/v1/models/gpt-4o"))[0] == 405


class TestRestriction:
    """A world that serves some models only."""

    def test_other_models_are_not_found(self, api: Caller) -> None:
        """It is a 404 with OpenAI's message."""
        serve_only(api, "gpt-4o")
        response = api.post(CHAT, {"model": "gpt-9", "messages": MESSAGES})
        assert error_of(response) == (404, "model_not_found", None)
        message = "The model `gpt-9` does not exist or you do not have access to it."
        assert response.json["error"]["message"] == message

    def test_responses_endpoint_has_its_own_message(self, api: Caller) -> None:
        """It is a 400, as observed."""
        serve_only(api, "gpt-4o")
        response = api.post(RESPONSES, {"model": "gpt-9", "input": "Hello"})
        assert error_of(response) == (400, "model_not_found", "model")

    @pytest.mark.parametrize("path", endpoints())
    def test_each_endpoint_checks_the_model(self, api: Caller, path: str) -> None:
        """Before any other check."""
        serve_only(api, "mine")
        assert error_of(api.post(path, {"model": "gpt-9"}))[1] == "model_not_found"
        assert error_of(api.post(path, {"model": "gpt-9", "stream": True}))[1] == "model_not_found"

    def test_object_of_another_model_is_not_found(self, api: Caller) -> None:
        """It is a 404 with the recorded message."""
        serve_only(api, "gpt-4o")
        response = api.get("/v1/models/ft:123")
        assert error_of(response) == (404, "model_not_found", "model")
        assert response.json["error"]["message"] == "The model 'ft:123' does not exist"

    def test_list_has_only_these(self, api: Caller) -> None:
        """In this order, each once."""
        serve_only(api, "mine", "gpt-4o")
        assert names(api) == ["mine", "gpt-4o"]

    @pytest.mark.parametrize("listed", ["gpt-4o", "gpt-4o-2024-08-06"])
    def test_alias_and_snapshot_are_one(self, api: Caller, listed: str) -> None:
        """If one is listed, both are served; other snapshots are not."""
        serve_only(api, listed)
        names = ("gpt-4o", "gpt-4o-2024-08-06", "gpt-4o-2024-05-13")
        assert [chat(api, name) for name in names] == [200, 200, 404]
        assert api.get("/v1/models/gpt-4o").status_code == 200

    def test_scripted_reply_does_not_apply(self, api: Caller) -> None:
        """A model that is not served gets no reply."""
        serve_only(api, "mine")
        api.good(api.post("/_mock/replies", {"reply": {"content": "Scripted."}}))
        assert chat(api, "gpt-4o") == 404

    def test_batch_of_another_model_fails(self, api: Caller) -> None:
        """It fails in validation, with the observed message for each line."""
        serve_only(api, "mine")
        body = {"messages": MESSAGES}
        lines = [
            {"custom_id": str(n), "method": "POST", "url": CHAT, "body": {**body, "model": name}}
            for n, name in enumerate(("mine", "gpt-9", "gpt-9"))
        ]
        batch = api.create("\n".join(map(json.dumps, lines)).encode())
        api.advance(VALIDATING)
        errors = api.batch(batch["id"])["errors"]["data"]
        assert errors[0] == {
            "code": "model_not_found",
            "message": "The provided model 'gpt-9' is not supported by the Batch API.",
            "param": "body.model",
            "line": 2,
        }
        assert [error["line"] for error in errors] == [2, 3]

    def test_accepted_batch_continues(self, api: Caller) -> None:
        """It was checked when it was created."""
        batch = api.create()
        serve_only(api, "mine")
        api.advance(24 * 3600)
        assert api.batch(batch["id"])["status"] == "completed"

    def test_world_of_another_key_is_not_restricted(self, api: Caller) -> None:
        """Each world has its own list."""
        serve_only(api, "mine")
        assert chat(Caller(api.app, "sk-another-key-0001"), "gpt-4o") == 200

    def test_delete_removes_the_restriction(self, api: Caller) -> None:
        """Any model is served again."""
        serve_only(api, "mine")
        assert api.good(api.delete("/_mock/models")) == {"models": None}
        assert chat(api, "gpt-4o") == 200

    def test_null_removes_the_restriction_too(self, api: Caller) -> None:
        """It is what GET shows then."""
        serve_only(api, "mine")
        api.good(api.call("PUT", "/_mock/models", json={"models": None}))
        assert api.good(api.get("/_mock/models")) == {"models": None}

    def test_reset_restores_the_servers_option(self) -> None:
        """The option may be a list."""
        api = Caller(app_of(models=ModelList(("mine",))))
        assert names(api) == ["mine"]
        serve_only(api, "gpt-4o")
        api.good(api.post("/_mock/reset"))
        assert names(api) == ["mine"]

    def test_state_does_not_include_it(self, api: Caller) -> None:
        """Like replies and faults, it stays as it is."""
        serve_only(api, "mine")
        api.good(api.call("PUT", "/_mock/state", json=api.good(api.get("/_mock/state"))))
        assert names(api) == ["mine"]

    @pytest.mark.parametrize(
        "body",
        [
            *({}, [], None, {"models": "gpt-4o"}, {"models": []}, {"models": [1]}),
            *({"models": [""]}, {"models": ["x" * 501]}, {"models": ["x"] * 1001}),
            {"models": ["x"], "model": "x"},
        ],
    )
    def test_invalid_list_is_refused(self, api: Caller, body: Json) -> None:
        """It changes nothing."""
        assert error_of(api.call("PUT", "/_mock/models", json=body))[0] == 400
        assert chat(api, "gpt-4o") == 200

    def test_name_is_listed_once(self, api: Caller) -> None:
        """However often it was sent."""
        api.good(api.call("PUT", "/_mock/models", json={"models": ["a", "b", "a"]}))
        assert names(api) == ["a", "b"]


class TestFile:
    """The file of `--models`."""

    @pytest.mark.parametrize("text", ['["a", "b:c/d"]', "a\nb:c/d\n", "\n  a\r\n\r\nb:c/d"])
    def test_list_or_lines(self, tmp_path: Path, text: str) -> None:
        """JSON, or a name on each line."""
        path = tmp_path / "models"
        path.write_text(text)
        assert load_model_list(str(path)).names == ("a", "b:c/d")

    @pytest.mark.parametrize("data", [b"", b"\n", b"[", b"[]", b'{"a": 1}', b"[1]", b"\xff"])
    def test_invalid_file_is_reported(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], data: bytes
    ) -> None:
        """There is one line on stderr, and the exit status is 2."""
        path = tmp_path / "models"
        path.write_bytes(data)
        assert main(["serve", "--port", "0", "--models", str(path)]) == 2
        stderr = capsys.readouterr().err
        assert str(path) in stderr
        assert stderr.count("\n") == 1

    def test_missing_file_is_reported(self, capsys: pytest.CaptureFixture[str]) -> None:
        """The message has its name."""
        assert main(["serve", "--port", "0", "--models", "/no/such/file"]) == 2
        assert "/no/such/file" in capsys.readouterr().err
