"""Runs the steps of one case, or of a preparation."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from mockbatch.contract import batch_polling, expectations
from mockbatch.contract.cleanup import CreatedObjects
from mockbatch.contract.client import Client
from mockbatch.contract.errors import BreachError, SkipError
from mockbatch.contract.placeholders import fill, fill_request, value_at
from mockbatch.contract.request import send_request
from mockbatch.contract.webhook_inbox import WebhookInbox
from mockbatch.http_client import HttpResponse
from mockbatch.typing import Json

Values = Mapping[str, Json]

# How a server responds to a request for something that it does not implement.
_NOT_IMPLEMENTED = (404, 405, 501)
_WEBHOOK_SECONDS = 5.0
_MAX_BREACHES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How to check a server.

    `wait_seconds` is how long a batch may take to get a status; with 0, no case waits for a
    batch. `control` moves mockbatch's clock instead. `model` is used by the lines of batches.
    `report_wait` is called with a sentence while a case waits for a batch or a webhook.
    """

    provider: str | None = None
    control: bool = False
    wait_seconds: float = 0
    strict: bool = False
    model: str = "gpt-4o-mini"
    report_wait: Callable[[str], object] = lambda _: None

    @property
    def can_wait(self) -> bool:
        """True if a case can wait until a batch has a certain status."""
        return self.control or self.wait_seconds > 0


@dataclass(frozen=True, slots=True)
class CaseRunner:
    """Runs steps against a server, and tracks what they create there.

    `inbox` is None where the server cannot send webhooks to this machine.
    """

    client: Client
    options: RunOptions
    created_objects: CreatedObjects
    inbox: WebhookInbox | None

    def run_steps(
        self,
        steps: Iterable[Mapping[str, Json]],
        values: Values,
        *,
        is_optional: bool = False,
    ) -> Values:
        """Run steps; return the values, with those that the steps have added.

        Raises BreachError, NoResponseError or SkipError, the last also if `is_optional` and the
        server does not implement what the first step requests.
        """
        collected = dict(values)
        for number, step in enumerate(steps):
            if self.inbox and "received" in step:
                self._receive(self.inbox, fill(step["received"], collected))
            elif "until" in step:
                request, response = self._wait(fill(step["until"], collected))
                collected |= self._check(step, collected, request, response)
            else:
                request, response = self._send(fill_request(step["request"], collected))
                if is_optional and number == 0 and response.status in _NOT_IMPLEMENTED:
                    raise SkipError(f"the server does not implement {request}")
                collected |= self._check(step, collected, request, response)
        return collected

    def _receive(self, inbox: WebhookInbox, expected: Mapping[str, Json]) -> None:
        seconds = self.options.wait_seconds or _WEBHOOK_SECONDS
        inbox.expect(expected, seconds, report=self.options.report_wait)

    def _wait(self, target: Mapping[str, str]) -> tuple[str, HttpResponse]:
        options = self.options
        return batch_polling.wait_for_status(
            self.client,
            target,
            options.wait_seconds,
            control=options.control,
            report=options.report_wait,
        )

    def _send(self, request: Mapping[str, Json]) -> tuple[str, HttpResponse]:
        """Send a request; return its method and path as one text, and the response."""
        name = f"{request['method']} {request['path']}"
        response = send_request(self.client, request)
        self.created_objects.track(request["method"], request["path"], response)
        if response.status == 429:
            raise SkipError(f"rate limited: {name} returned 429")
        return name, response

    def _check(
        self, step: Mapping[str, Json], values: Values, request: str, response: HttpResponse
    ) -> Values:
        """Raise BreachError if a response is not as expected; return what the step keeps of it."""
        expect = step.get("expect", {})
        if problem := expectations.status_error(expect, response):
            if response.status == 409 and request.endswith("/cancel"):
                batch_polling.check_not_ended(self.client, request)
            raise BreachError(f"{request}: {problem}")
        kept = _keep(step.get("keep", {}), response, request)
        # An expectation may use values of the same response.
        expect = fill(expect, {**values, **kept})
        breaches = expectations.find_breaches(expect, response, self.options.provider)
        shown = list(islice(dict.fromkeys(breaches), _MAX_BREACHES_SHOWN))
        if shown:
            raise BreachError(f"{request}: {'; '.join(shown)}")
        return kept


def _keep(paths: Mapping[str, str], response: HttpResponse, request: str) -> Values:
    """Return the values at some paths of a response, by name."""
    if not paths:
        return {}
    try:
        body = response.json()
        return {name: value_at(path, body) for name, path in paths.items()}
    except ValueError:
        raise BreachError(f"{request}: the body is not JSON") from None
    except KeyError as missing:
        raise BreachError(f"{request}: {missing.args[0]} is missing") from None
