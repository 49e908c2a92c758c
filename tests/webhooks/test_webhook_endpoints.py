"""`/v1/webhook_endpoints`, as the real SDK uses it over a socket."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, get_args

import openai
import pytest
from openai.types.webhooks import webhook_test_params
from typing_extensions import get_type_hints

from mockbatch.client import ControlError, Received, WorldClient
from mockbatch.limits import Limits
from mockbatch.typing import Json
from mockbatch.webhooks import event
from tests.support.receivers import answers, closes, hangs, receiving
from tests.support.slow_tests import mark_slow_except_each
from tests.support.webhook_recorder import START, WebhookRecorder, submit

World = Callable[..., WorldClient]

DAY = 24 * 3600
URL = "http://127.0.0.1:9/hook"
WANTED = {"event_types": ["batch.completed"], "name": "Results", "url": URL}


def error_fields(error: openai.APIStatusError) -> tuple[int, Json, Json]:
    """Return status, code and param of an error."""
    return error.status_code, error.code, error.param


def raw(mock: WorldClient, method: str, path: str, body: Json) -> tuple[int, Json]:
    """Send a request as no SDK would."""
    headers = {"Authorization": f"Bearer {mock.api_key}", "Host": "127.0.0.1"}
    status, answer = mock._transport(method, path, headers, json.dumps(body).encode())
    return status, json.loads(answer)


class TestCreate:
    """A new endpoint."""

    def test_answer_has_the_secret_once(self, mock: WorldClient) -> None:
        """Whoever asks later sees a hint."""
        made = mock.client.webhooks.create(**WANTED)
        assert made.id.startswith("whe_")
        assert made.signing_secret.startswith("whsec_")
        assert made.to_dict() == {
            "id": made.id,
            "object": "webhook_endpoint",
            "created_at": START,
            "updated_at": START,
            "name": "Results",
            "url": URL,
            "event_types": ["batch.completed"],
            "signing_secret_hint": f"whsec_...{made.signing_secret[-4:]}",
            "signing_secret": made.signing_secret,
        }
        again = mock.client.webhooks.retrieve(made.id)
        assert again.to_dict() == {
            name: value for name, value in made.to_dict().items() if name != "signing_secret"
        }
        assert made.signing_secret not in str(mock.client.webhooks.list().to_dict())

    def test_secret_signs_what_is_sent(self, mock: WorldClient) -> None:
        """The SDK accepts it with that secret, and with no other."""
        got: list[Received] = []
        url = mock.webhook(lambda _: None).url
        mock.webhook(got.append)
        made = mock.client.webhooks.create(**{**WANTED, "url": url.removesuffix("1") + "2"})
        submit(mock)
        mock.clock.advance(hours=1)
        own, by_api = got
        client = mock.client.with_options()
        assert client.webhooks.unwrap(by_api.body, by_api.headers, secret=made.signing_secret)
        with pytest.raises(openai.InvalidWebhookSignatureError):
            client.webhooks.unwrap(own.body, own.headers, secret=made.signing_secret)

    def test_all_types_of_the_sdk_are_accepted(self, mock: WorldClient) -> None:
        """And no other."""
        types = get_args(get_type_hints(webhook_test_params.WebhookTestParams)["event_type"])
        assert event.event_types() == list(types)
        made = mock.client.webhooks.create(**{**WANTED, "event_types": list(types)})
        assert made.event_types == list(types)
        assert mock.client.webhooks.event_types.list().data == list(types)

    def test_an_event_type_counts_once(self, mock: WorldClient) -> None:
        """However often a request names it."""
        twice = ["batch.failed", "batch.expired", "batch.failed"]
        made = mock.client.webhooks.create(**{**WANTED, "event_types": twice})
        assert made.event_types == twice[:2]
        assert mock.client.webhooks.update(made.id, event_types=twice).event_types == twice[:2]

    def test_ids_and_secrets_differ(self, mock: WorldClient) -> None:
        """And are the same in a world of the same seed and name."""
        made = [mock.client.webhooks.create(**WANTED) for _ in range(3)]
        assert len({one.id for one in made}) == len({one.signing_secret for one in made}) == 3
        mock.reset()
        assert mock.client.webhooks.create(**WANTED).signing_secret == made[0].signing_secret

    @pytest.mark.parametrize(
        ("changes", "code", "param"),
        [
            ({"url": "http://10.0.0.1/"}, "host_not_allowed", "url"),
            ({"url": "ftp://127.0.0.1/"}, "invalid_value", "url"),
            ({"url": ""}, "empty_string", "url"),
            ({"url": 7}, "invalid_type", "url"),
            ({"url": "http://127.0.0.1/" + "x" * 3000}, "string_above_max_length", "url"),
            ({"name": ""}, "empty_string", "name"),
            ({"name": "x" * 257}, "string_above_max_length", "name"),
            ({"event_types": []}, "empty_array", "event_types"),
            ({"event_types": ["batch.done"]}, "invalid_value", "event_types[0]"),
            ({"event_types": "batch.completed"}, "invalid_type", "event_types"),
            ({"secret": "whsec_x"}, "unknown_parameter", "secret"),
        ],
    )
    def test_what_is_no_endpoint_is_refused(
        self, mock: WorldClient, changes: Json, code: str, param: str
    ) -> None:
        """With a 400 that names it."""
        status, answer = raw(mock, "POST", "/v1/webhook_endpoints", {**WANTED, **changes})
        error = answer["error"]
        assert (status, error["code"], error["param"]) == (400, code, param)

    @pytest.mark.parametrize("missing", WANTED)
    def test_what_is_missing_is_named(self, mock: WorldClient, missing: str) -> None:
        """All three are required."""
        body = {name: value for name, value in WANTED.items() if name != missing}
        status, answer = raw(mock, "POST", "/v1/webhook_endpoints", body)
        assert (status, answer["error"]["param"]) == (400, missing)

    @pytest.mark.slow
    def test_there_is_a_most(self, mock: WorldClient) -> None:
        """One more is a 400."""
        for _ in range(Limits().webhook_endpoints):
            mock.client.webhooks.create(**WANTED)
        with pytest.raises(openai.BadRequestError) as refused:
            mock.client.webhooks.create(**WANTED)
        assert refused.value.code == "too_many_webhook_endpoints"


class TestTheRest:
    """List, update, delete, rotate, test."""

    def test_list_is_newest_first_in_pages(self, mock: WorldClient) -> None:
        """The SDK walks through them."""
        made = [mock.client.webhooks.create(**WANTED).id for _ in range(5)]
        assert [one.id for one in mock.client.webhooks.list(limit=2)] == made[::-1]
        first = mock.client.webhooks.list(limit=2)
        assert (len(first.data), first.has_more) == (2, True)

    def test_async_client_sees_the_same(self, mock: WorldClient) -> None:
        """And has the secret to check with."""

        async def names() -> list[str]:
            async with mock.async_client as client:
                await client.webhooks.create(**WANTED)
                return [one.name async for one in client.webhooks.list()]

        assert asyncio.run(names()) == ["Results"]

    def test_update_changes_what_it_names(self, mock: WorldClient) -> None:
        """`updated_at` moves if that makes a difference."""
        made = mock.client.webhooks.create(**WANTED)
        mock.clock.advance(seconds=10)
        same = mock.client.webhooks.update(made.id, name="Results")
        assert same.updated_at == START
        other = mock.client.webhooks.update(made.id, event_types=["batch.failed"], url=URL + "2")
        assert (other.updated_at, other.created_at) == (START + 10, START)
        assert (other.name, other.url, other.event_types) == (
            "Results",
            URL + "2",
            ["batch.failed"],
        )
        assert mock.client.webhooks.retrieve(made.id) == other

    def test_update_cannot_lead_elsewhere(self, mock: WorldClient) -> None:
        """A host that may not be called is refused here, too, and nothing changes."""
        made = mock.client.webhooks.create(**WANTED)
        with pytest.raises(openai.BadRequestError) as refused:
            mock.client.webhooks.update(made.id, url="http://192.168.1.1/")
        assert error_fields(refused.value) == (400, "host_not_allowed", "url")
        assert mock.client.webhooks.retrieve(made.id).url == URL

    def test_update_leads_what_is_on_its_way_to_the_new_url(self, mock: WorldClient) -> None:
        """A receiver that moves gets what the old one did not take."""
        recorder = WebhookRecorder(mock)
        url = mock.webhook(recorder).url
        mock.client.webhooks.delete(mock.client.webhooks.list().data[0].id)
        made = mock.webhook("http://127.0.0.1:9/")
        submit(mock)
        mock.clock.advance(seconds=130)
        mock.client.webhooks.update(made.id, url=url)
        mock.clock.advance(seconds=15)
        assert len(recorder.events) == 1
        assert [one.url for one in mock.deliveries] == [url]

    def test_delete_lets_it_go(self, mock: WorldClient) -> None:
        """Then there is none of that id."""
        made = mock.client.webhooks.create(**WANTED)
        gone = mock.client.webhooks.delete(made.id)
        assert gone.to_dict() == {
            "id": made.id,
            "object": "webhook_endpoint.deleted",
            "deleted": True,
        }
        assert mock.client.webhooks.list().data == []

    @pytest.mark.parametrize("verb", ["retrieve", "update", "delete", "rotate_secret", "test"])
    def test_an_unknown_one_is_not_found(self, mock: WorldClient, verb: str) -> None:
        """Whatever shall be done to it; one of another world is as unknown."""
        options = {"event_type": "batch.failed"} if verb == "test" else {}
        with pytest.raises(openai.NotFoundError):
            getattr(mock.client.webhooks, verb)("whe_none", **options)

    def test_a_new_secret_replaces_the_old_one(self, mock: WorldClient) -> None:
        """At once, unless the old one shall stay."""
        got: list[Received] = []
        made = mock.webhook(got.append)
        mock.clock.advance(seconds=5)
        rotated = mock.client.webhooks.rotate_secret(made.id)
        assert rotated.signing_secret != made.secret
        assert rotated.updated_at == START + 5
        submit(mock)
        mock.clock.advance(hours=1)
        unwrap = mock.client.webhooks.unwrap
        assert unwrap(got[0].body, got[0].headers, secret=rotated.signing_secret)
        with pytest.raises(openai.InvalidWebhookSignatureError):
            unwrap(got[0].body, got[0].headers, secret=made.secret)

    @pytest.mark.parametrize(("seconds", "count"), [(DAY - 1, 2), (DAY, 1)])
    def test_the_old_secret_signs_for_a_day(
        self, mock: WorldClient, seconds: int, count: int
    ) -> None:
        """Of simulated time; the new signature stands first."""
        got: list[Received] = []
        made = mock.webhook(got.append)
        rotated = mock.client.webhooks.rotate_secret(
            made.id, keep_old_secret_active_for_24_hours=True
        )
        mock.clock.advance(seconds=seconds)
        submit(mock, scenario="instant")
        mock.clock.advance(seconds=0)
        signatures = got[0].headers["webhook-signature"].split()
        assert len(signatures) == count
        unwrap = mock.client.webhooks.unwrap
        first = {**got[0].headers, "webhook-signature": signatures[0]}
        assert unwrap(got[0].body, first, secret=rotated.signing_secret)
        if count == 2:
            assert unwrap(got[0].body, got[0].headers, secret=made.secret)

    def test_a_rotation_that_keeps_no_secret_ends_all_before(self, mock: WorldClient) -> None:
        """Also one that an earlier rotation has kept for the day."""
        got: list[Received] = []
        made = mock.webhook(got.append)
        rotate = mock.client.webhooks.rotate_secret
        rotate(made.id, keep_old_secret_active_for_24_hours=True)
        rotate(made.id)
        submit(mock, scenario="instant")
        mock.clock.advance(seconds=0)
        assert len(got[0].headers["webhook-signature"].split()) == 1

    @pytest.mark.parametrize("status", [200, 404])
    def test_a_sample_tells_the_status(self, mock: WorldClient, status: int) -> None:
        """Good or bad; it changes nothing and is tried once."""
        with receiving(answers(status)) as receiver:
            made = mock.client.webhooks.create(**{**WANTED, "url": receiver.url})
            result = mock.client.webhooks.test(made.id, event_type="response.completed")
            mock.clock.advance(hours=1)
            assert len(receiver.requests) == 1
        assert result.to_dict() == {
            "object": "webhook_endpoint.test",
            "webhook_endpoint_id": made.id,
            "event_type": "response.completed",
            "status_code": status,
            "success": True,
        }
        assert mock.client.webhooks.retrieve(made.id).updated_at == START

    @pytest.mark.parametrize("kind", mark_slow_except_each(9, event.event_types()))
    def test_a_sample_of_each_type_is_accepted(self, mock: WorldClient, kind: str) -> None:
        """Signed as everything is."""
        recorder = WebhookRecorder(mock)
        made = mock.webhook(recorder)
        mock.client.webhooks.test(made.id, event_type=kind)
        assert recorder.types == [kind]

    @pytest.mark.parametrize("behave", [hangs, closes])
    def test_a_sample_without_an_answer_is_refused(self, hasty: WorldClient, behave: Any) -> None:
        """With what was met instead."""
        with receiving(behave) as receiver:
            made = hasty.client.webhooks.create(**{**WANTED, "url": receiver.url})
            with pytest.raises(openai.BadRequestError) as refused:
                hasty.client.webhooks.test(made.id, event_type="batch.failed")
        assert refused.value.code == "receiver_unreachable"
        assert len(receiver.requests) == 1

    def test_the_gateway_passes_them_on(self, mock: WorldClient) -> None:
        """It knows nothing of them, so a client behind Portkey's has them all the same."""
        client = mock.client.with_options(default_headers={"x-portkey-provider": "openai"})
        made = client.webhooks.create(**WANTED)
        assert client.webhooks.retrieve(made.id).name == "Results"
        assert client.webhooks.delete(made.id).deleted

    def test_another_world_has_none_of_them(self, world: World) -> None:
        """Nor can it look one up."""
        one, other = world(), world(seed=1)
        made = one.client.webhooks.create(**WANTED)
        assert other.client.webhooks.list().data == []
        with pytest.raises(openai.NotFoundError):
            other.client.webhooks.retrieve(made.id)


class TestOfATest:
    """`mockbatch.webhook` and what belongs to it."""

    def test_a_url_can_be_given(self, mock: WorldClient) -> None:
        """With the secret of the world."""
        with receiving(answers(200)) as receiver:
            made = mock.webhook(receiver.url)
            submit(mock)
            mock.clock.advance(hours=1)
            assert len(receiver.requests) == 1
        assert (made.url, made.secret) == (receiver.url, mock.webhook_secret)

    def test_events_can_be_chosen(self, mock: WorldClient) -> None:
        """Without a choice it is the four of batches."""
        recorder = WebhookRecorder(mock)
        mock.webhook(recorder, events=["batch.failed"])
        mock.webhook(lambda _: None)
        submit(mock)
        submit(mock, scenario="validation_failed")
        mock.clock.advance(hours=1)
        assert recorder.types == ["batch.failed"]
        types = [set(one.event_types) for one in mock.client.webhooks.list().data]
        assert types == [set(event.BATCH_EVENT_TYPES), {"batch.failed"}]

    @pytest.mark.parametrize(
        ("given", "param"),
        [
            ({"url": "http://10.0.0.1/"}, "url"),
            ({"url": URL, "secret": ""}, "secret"),
            ({"url": URL, "secret": "whsec_?"}, "secret"),
            ({"url": URL, "colour": "red"}, "colour"),
            ({}, "url"),
        ],
    )
    def test_what_is_no_receiver_is_refused(
        self, mock: WorldClient, given: Json, param: str
    ) -> None:
        """By the control API, as by the API."""
        with pytest.raises(ControlError) as refused:
            mock.call("POST", "/_mock/webhooks/endpoints", given)
        assert (refused.value.status, refused.value.param) == (400, param)

    def test_state_without_webhooks_keeps_the_endpoints(self, mock: WorldClient) -> None:
        """And batches that had ended in it are not announced again."""
        recorder = WebhookRecorder(mock)
        mock.webhook(recorder)
        submit(mock)
        mock.clock.advance(seconds=100)
        later = submit(mock)
        mock.clock.advance(seconds=50)
        state = mock.call("GET", "/_mock/state")
        recorder.events.clear()
        assert state.pop("webhooks")["endpoints"][0]["secret"] == mock.webhook_secret
        mock.call("PUT", "/_mock/state", state)
        mock.clock.advance(hours=1)
        assert recorder.ids == [later.id]
