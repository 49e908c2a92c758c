"""What a person looks at: batches, files and the version of a world, without touching it."""

import base64

import pytest
from freezegun import freeze_time

from mockbatch.typing import Json
from tests.support.caller import (
    FINALIZING,
    IN_PROGRESS,
    KEY,
    VALIDATING,
    Caller,
    app_of,
    create_message_batch,
    error_of,
    lines,
    upload_form,
)

LOOKS = (
    "/_mock/batches",
    "/_mock/batches/{id}/overview",
    "/_mock/batches/{id}/changed_lines",
    "/_mock/batches/{id}",
    "/_mock/batches/{id}/input/preview",
    "/_mock/batches/{id}/timeline",
    "/_mock/files",
    "/_mock/files/{file}/preview",
    "/_mock/files/{file}/content",
    "/_mock/page",
    "/_mock/clock",
    "/_mock/requests",
    "/_mock/requests/unmatched",
    "/_mock/webhooks/deliveries",
    "/_mock/webhooks/endpoints",
    "/_mock/faults",
    "/_mock/faults/presets",
    "/_mock/scenarios",
    "/_mock/replies",
    "/_mock/worlds",
)

# Where each provider returns a batch.
RETRIEVE = {
    "openai": "/v1/batches/{id}",
    "anthropic": "/v1/messages/batches/{id}",
    "azure": "/openai/batches/{id}?api-version=2024-10-21",
    "groq": "/groq/openai/v1/batches/{id}",
}


def create_with(api: Caller, provider: str) -> tuple[str, str]:
    """Create a batch as a client of a provider does; return its id and that of a file."""
    if provider == "openai":
        batch = api.create()
        return batch["id"], batch["input_file_id"]
    if provider == "anthropic":
        return create_message_batch(api), api.upload()["id"]
    root, query = {
        "azure": ("/openai", "?api-version=2024-10-21"),
        "groq": ("/groq/openai/v1", ""),
    }[provider]
    file = api.call("POST", f"{root}/files{query}", **upload_form()).json["id"]
    api.advance(60)
    endpoint = "/chat/completions" if provider == "azure" else "/v1/chat/completions"
    body = {"input_file_id": file, "endpoint": endpoint, "completion_window": "24h"}
    return api.post(f"{root}/batches{query}", body).json["id"], file


def version(api: Caller) -> str:
    """Return the version of the caller's world."""
    found: str = api.good(api.get("/_mock/page"))["version"]
    return found


class TestProviders:
    """Batches of every provider are read in the same way, and shown as their provider does."""

    @staticmethod
    def retrieve(api: Caller, provider: str, id: str) -> list[tuple[str, Json]]:
        """Return the members of a batch in the order of the provider's response."""
        headers = {"anthropic-version": "2023-06-01"}
        found = api.good(api.get(RETRIEVE[provider].format(id=id), headers=headers))
        return list(found.items())

    @pytest.mark.parametrize("provider", RETRIEVE)
    @pytest.mark.parametrize(
        "commands", [["hold"], ["hold", "resume"], ["cancel"], ["expire"], ["complete"]]
    )
    def test_a_command_returns_what_the_provider_does(
        self, api: Caller, provider: str, commands: list[str]
    ) -> None:
        """With the provider's members in its order, as a GET of the control API does."""
        id, _ = create_with(api, provider)
        for command in commands:
            done = api.good(api.post(f"/_mock/batches/{id}/{command}"))
        assert list(done.items()) == self.retrieve(api, provider, id)
        assert done == api.good(api.get(f"/_mock/batches/{id}"))

    @pytest.mark.parametrize("provider", sorted(RETRIEVE.keys() - {"anthropic"}))
    def test_a_failed_batch_is_the_providers(self, api: Caller, provider: str) -> None:
        """With the error that the body names."""
        id, _ = create_with(api, provider)
        error = {"code": "token_limit_exceeded", "message": "Too many."}
        failed = api.good(api.post(f"/_mock/batches/{id}/fail", error))
        assert list(failed.items()) == self.retrieve(api, provider, id)
        assert failed["errors"]["data"][0]["message"] == "Too many."

    def test_a_refused_command_has_the_providers_status(self, api: Caller) -> None:
        """A Message Batch has no validation that could fail, and has ended in the end."""
        id, _ = create_with(api, "anthropic")
        refused = api.post(f"/_mock/batches/{id}/fail")
        assert error_of(refused)[:2] == (409, "illegal_command")
        assert f"'{id}' is in_progress and cannot fail" in refused.json["error"]["message"]
        api.good(api.post(f"/_mock/batches/{id}/complete"))
        refused = api.post(f"/_mock/batches/{id}/hold")
        assert f"'{id}' is ended and can no longer be held" in refused.json["error"]["message"]
        reasons = api.good(api.get(f"/_mock/batches/{id}/overview"))["commands"]
        assert all("ended" in reason for reason in reasons.values())

    def test_only_a_command_shows_a_distortion(self, api: Caller) -> None:
        """A GET of the control API shows what the batch really is, of every provider."""
        api.good(api.post("/_mock/scenarios/active", {"name": "unknown_status"}))
        id, _ = create_with(api, "azure")
        distorted = api.good(api.post(f"/_mock/batches/{id}/hold"))["status"]
        assert (distorted, api.get(f"/_mock/batches/{id}").json["status"]) == (
            "queued",
            "validating",
        )

    @pytest.mark.parametrize("provider", RETRIEVE)
    def test_each_look_works(self, provider: str) -> None:
        """Before the end and after it."""
        api = Caller(app_of(server={"owner_key": KEY}))
        id, file = create_with(api, provider)
        for _ in range(2):
            for path in LOOKS:
                found = api.get(path.format(id=id, file=file))
                assert found.status_code == 200, (path, found.text)
            api.advance(86_400)
        assert api.get(f"/_mock/batches/{id}/overview").json["provider"] == provider

    def test_a_status_has_the_name_that_the_provider_gives_it(self, api: Caller) -> None:
        """In the overview; past and future are in both."""
        id, _ = create_with(api, "anthropic")
        api.advance(86_400)
        shown = api.get(f"/_mock/batches/{id}/overview").json
        assert (shown["status"], shown["shown_status"]) == ("completed", "ended")
        assert shown["transitions"][-1]["shown_status"] == "ended"


class TestLooking:
    """A look changes nothing."""

    def test_moves_no_clock_and_counts_for_nothing(self) -> None:
        """No poll on an on-poll clock, no fault, no entry of the journal, no other version."""
        api = Caller(app_of(clock="on-poll", poll_limit=1, server={"owner_key": KEY}))
        batch = api.create()
        api.post("/_mock/faults", {"match": {"path": "*"}, "fault": {"status": 503}, "times": None})
        before = api.get("/_mock/state").data, api.get("/_mock/faults").data, version(api)
        requests = api.get("/_mock/requests").json["count"]
        for _ in range(2):
            for path in LOOKS:
                url = path.format(id=batch["id"], file=batch["input_file_id"])
                assert api.get(url).status_code == 200
        assert (api.get("/_mock/state").data, api.get("/_mock/faults").data, version(api)) == before
        assert api.get("/_mock/requests").json["count"] == requests

    @pytest.mark.parametrize("path", ["/_mock/batches", "/_mock/files"])
    def test_pages_are_as_those_of_the_api(self, api: Caller, path: str) -> None:
        """The newest first, `limit` of them, after the cursor `after`."""
        for _ in range(3):
            api.create()
        everything = [one["id"] for one in api.good(api.get(path))["data"]]
        first = api.good(api.get(f"{path}?limit=2"))
        assert [one["id"] for one in first["data"]] == everything[:2]
        assert first["has_more"]
        second = api.good(api.get(f"{path}?limit=2&after={first['last_id']}"))
        assert [one["id"] for one in second["data"]] == everything[2:]
        assert not second["has_more"]
        assert error_of(api.get(f"{path}?limit=101"))[0] == 400
        assert error_of(api.get(f"{path}?after=nothing"))[0] == 400


class TestOverview:
    """`GET /_mock/batches`, and one of them."""

    def overview(self, api: Caller, id: str) -> dict[str, Json]:
        """Return the overview of a batch."""
        return api.good(api.get(f"/_mock/batches/{id}/overview"))

    def test_has_past_and_future(self, api: Caller) -> None:
        """Every transition, with the progress of the lines between them."""
        batch = api.create(lines(4))
        api.advance(VALIDATING)
        shown = self.overview(api, batch["id"])
        begin = batch["created_at"]
        times = [change["at"] - begin for change in shown["transitions"]]
        end = VALIDATING + IN_PROGRESS
        assert times == [0, VALIDATING, end, end + FINALIZING]
        assert [change["status"] for change in shown["transitions"]][-1] == "completed"
        assert shown["status"] == "in_progress"
        assert shown["progress"][0] == {"at": begin + VALIDATING, "done": 0}
        assert shown["progress"][-1] == {"at": begin + end, "done": 4}
        assert (shown["scenario"], shown["total"], shown["is_held"]) == ("happy", 4, False)
        assert "it becomes finalizing in 61 s" in shown["explanation"]

    def test_shows_few_points_of_a_long_progress(self, api: Caller) -> None:
        """Of a batch that was held often: 20, from the first to the last."""
        id = api.create(lines(500))["id"]
        api.advance(VALIDATING)
        for command in ("hold", "resume") * 12:
            api.advance(1)
            api.good(api.post(f"/_mock/batches/{id}/{command}"))
        progress = self.overview(api, id)["progress"]
        assert len(progress) == 20
        assert (progress[0]["done"], progress[-1]["done"]) == (0, 500)

    def test_says_why_a_command_is_refused(self, api: Caller) -> None:
        """In the words of the 409 that the command would get."""
        batch = api.create()
        validating = self.overview(api, batch["id"])["commands"]
        assert [name for name, reason in validating.items() if reason] == ["resume"]
        api.good(api.post(f"/_mock/batches/{batch['id']}/complete"))
        refused = self.overview(api, batch["id"])["commands"]
        assert all(refused.values())
        for name, reason in refused.items():
            answer = api.post(f"/_mock/batches/{batch['id']}/{name}")
            assert (answer.status_code, answer.json["error"]["message"]) == (409, reason)

    def test_a_held_batch_is_held(self, api: Caller) -> None:
        """Until it is resumed."""
        id = api.create()["id"]
        api.good(api.post(f"/_mock/batches/{id}/hold"))
        assert self.overview(api, id)["is_held"]
        assert [change["status"] for change in self.overview(api, id)["transitions"]][1:] == [
            "expired"
        ]
        api.good(api.post(f"/_mock/batches/{id}/resume"))
        assert not self.overview(api, id)["is_held"]

    def test_cancel_is_a_command_of_the_control_api(self, api: Caller) -> None:
        """As that of the API, but not in the journal."""
        id = api.create()["id"]
        requests = api.get("/_mock/requests").json["count"]
        assert api.good(api.post(f"/_mock/batches/{id}/cancel"))["status"] == "cancelling"
        assert api.get("/_mock/requests").json["count"] == requests


class TestPreview:
    """`GET /_mock/files/{id}/preview`."""

    def preview(self, api: Caller, id: str, query: str = "") -> dict[str, Json]:
        """Return the preview of a file."""
        return api.good(api.get(f"/_mock/files/{id}/preview{query}"))

    def test_is_a_part_of_the_file(self, api: Caller) -> None:
        """From one `next` to the next, up to the end."""
        id = api.upload("äöü€\U0001f600".encode() * 4, purpose="user_data")["id"]
        text, start = "", 0
        while start is not None:
            part = self.preview(api, id, f"?from={start}&bytes=5")
            text, start = text + part["text"], part["next"]
            assert part["size"] == 52
        assert text == "äöü€\U0001f600" * 4

    def test_is_base64_where_the_file_is_no_text(self, api: Caller) -> None:
        """Byte for byte."""
        id = api.upload(b"\xff\x00\xfe", purpose="user_data")["id"]
        part = self.preview(api, id)
        assert part["text"] is None
        assert base64.b64decode(part["base64"]) == b"\xff\x00\xfe"

    def test_behind_the_end_there_is_nothing(self, api: Caller) -> None:
        """And nothing is next."""
        id = api.upload(b"abcdef", purpose="user_data")["id"]
        part = self.preview(api, id, "?from=100")
        assert (part["text"], part["next"]) == ("", None)

    def test_of_no_file_is_a_404(self, api: Caller) -> None:
        """As of the file itself."""
        assert error_of(api.get("/_mock/files/file-nothing/preview"))[0] == 404
        assert error_of(api.get("/_mock/files/file-nothing/content"))[0] == 404

    def test_the_whole_file_can_be_downloaded(self, api: Caller) -> None:
        """Under its name."""
        id = api.upload(b"abcdef", purpose="user_data")["id"]
        response = api.get(f"/_mock/files/{id}/content")
        assert response.data == b"abcdef"
        assert "in.jsonl" in response.headers["Content-Disposition"]


class TestVersion:
    """`GET /_mock/page`."""

    def test_nothing_new_is_a_304(self, api: Caller) -> None:
        """Without a body."""
        api.create()
        response = api.get(f"/_mock/page?seen={version(api)}")
        assert (response.status_code, response.data) == (304, b"")

    def test_shows_the_clock_and_counts(self, api: Caller) -> None:
        """With the next event."""
        batch = api.create()
        page = api.good(api.get("/_mock/page"))
        assert page["next_event"]["id"] == batch["id"]
        assert (page["mode"], page["speed"]) == ("manual", 0)
        assert page["counts"]["batches"] == 1
        assert page["counts"]["requests"] == 2

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("POST", "/_mock/clock/advance", {"seconds": 1}),
            ("POST", "/_mock/clock", {"mode": "on-poll"}),
            ("POST", "/_mock/faults", {"preset": "poll_429"}),
            ("POST", "/_mock/scenarios/active", {"name": "all_failed"}),
            ("POST", "/_mock/replies", {"reply": "Hi"}),
            ("PUT", "/_mock/models", {"models": ["gpt-4o"]}),
            ("PUT", "/_mock/quotas", {"batches_per_hour": 7}),
            ("POST", "/_mock/webhooks/endpoints", {"url": "http://127.0.0.1:1/"}),
            ("POST", "/_mock/batches/{id}/hold", {}),
            ("POST", "/_mock/reset", {}),
            ("GET", "/v1/files", None),
            ("DELETE", "/v1/files/{file}", None),
        ],
    )
    def test_changes_with_what_can_be_seen(
        self, api: Caller, method: str, path: str, body: Json
    ) -> None:
        """Whatever it is."""
        batch = api.create()
        before = version(api)
        url = path.format(id=batch["id"], file=batch["input_file_id"])
        api.good(api.call(method, url, json=body))
        assert version(api) != before

    def test_changes_with_the_quotas_of_a_world_without_batches(self, api: Caller) -> None:
        """They are a change by themselves, without a batch that they concern."""
        before = version(api)
        api.good(api.call("PUT", "/_mock/quotas", json={"batches_per_hour": 7}))
        assert version(api) != before

    def test_changes_each_second_while_something_is_to_come(self) -> None:
        """On a clock that runs; without anything to come it stands still."""
        with freeze_time("2024-04-24") as frozen:
            api = Caller(app_of(clock="realtime"))
            api.upload()
            idle = version(api)
            frozen.tick(1)
            assert version(api) == idle
            api.create()
            busy = version(api)
            assert version(api) == busy
            frozen.tick(1)
            assert version(api) != busy


class TestAnotherWorld:
    """The owner's key opens the worlds of others, by their digest."""

    OTHER = "sk-somebody-else-0001"

    def test_is_opened_by_its_digest(self) -> None:
        """For reading and for commands; the owner's own world stays as it is."""
        owner = Caller(app_of(server={"owner_key": KEY}))
        other = Caller(owner.app, self.OTHER)
        batch = other.create()
        [world] = owner.good(owner.get("/_mock/worlds"))["worlds"]
        header = {"X-Mockbatch-World": world["digest"]}
        [found] = owner.good(owner.get("/_mock/batches", headers=header))["data"]
        assert found["id"] == batch["id"]
        owner.good(owner.post("/_mock/clock/advance", {"seconds": 5}, headers=header))
        assert other.clock()["now"] == owner.clock()["now"] + 5
        assert owner.good(owner.get("/_mock/batches"))["data"] == []

    def test_is_closed_to_all_others(self) -> None:
        """Even if they know the digest."""
        owner = Caller(app_of(server={"owner_key": KEY}))
        owner.create()
        [world] = owner.good(owner.get("/_mock/worlds"))["worlds"]
        header = {"X-Mockbatch-World": world["digest"]}
        for key in (self.OTHER, None):
            answer = Caller(owner.app, key).get("/_mock/batches", headers=header)
            assert error_of(answer)[:2] in ((403, "not_the_owner"), (401, "no_authorization"))

    def test_an_unknown_digest_is_a_404(self) -> None:
        """It names no world."""
        owner = Caller(app_of(server={"owner_key": KEY}))
        answer = owner.get("/_mock/batches", headers={"X-Mockbatch-World": "0" * 12})
        assert error_of(answer)[:2] == (404, "no_such_world")

    def test_the_api_itself_knows_no_such_header(self) -> None:
        """There a key opens its own world alone."""
        owner = Caller(app_of(server={"owner_key": KEY}))
        Caller(owner.app, self.OTHER).create()
        [world] = owner.good(owner.get("/_mock/worlds"))["worlds"]
        listed = owner.get("/v1/batches", headers={"X-Mockbatch-World": world["digest"]})
        assert owner.good(listed)["data"] == []
