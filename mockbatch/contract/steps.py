"""Plays the steps of one case."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from mockbatch.contract import batch_polling, expectations
from mockbatch.contract.batch_polling import BreachError, SkipError
from mockbatch.contract.cleanup import CreatedObjects
from mockbatch.contract.client import Client, HttpResponse
from mockbatch.contract.placeholders import fill, fill_request, value_at
from mockbatch.contract.request import send_request
from mockbatch.contract.webhook_inbox import WebhookInbox
from mockbatch.typing import Json

Values = Mapping[str, Json]

# What a server lacks answers one of these.
_LACKING = (404, 405, 501)
_SECONDS_FOR_A_WEBHOOK = 5.0
_MOST_TOLD = 5


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How to check: `wait` is how many seconds a batch may take, 0 for not to wait at all.

    `model` is that of the requests in batches.
    """

    provider: str | None = None
    control: bool = False
    wait: float = 0
    strict: bool = False
    model: str = "gpt-4o-mini"

    @property
    def can_wait(self) -> bool:
        """Tell whether a batch can be brought to its end."""
        return self.control or self.wait > 0


@dataclass(frozen=True, slots=True)
class CaseRunner:
    """Where cases are played, and what they leave there."""

    client: Client
    options: RunOptions
    made: CreatedObjects
    inbox: WebhookInbox | None

    def run_steps(
        self,
        steps: Iterable[Mapping[str, Json]],
        values: Values,
        *,
        is_optional: bool = False,
    ) -> Values:
        """Take the steps and return the values, with those that were kept on the way.

        Raises BreachError, NoAnswerError, and SkipError: also when the server lacks what the
        first step asks for, and need not have it.
        """
        kept = dict(values)
        for number, step in enumerate(steps):
            if self.inbox and "received" in step:
                seconds = self.options.wait or _SECONDS_FOR_A_WEBHOOK
                self.inbox.expect(fill(step["received"], kept), seconds)
            elif "until" in step:
                kept |= self._judged(step, kept, *self._waited(fill(step["until"], kept)))
            else:
                name, answer = self._asked(fill_request(step["request"], kept))
                if is_optional and number == 0 and answer.status in _LACKING:
                    raise SkipError(f"the server has no {name}")
                kept |= self._judged(step, kept, name, answer)
        return kept

    def _waited(self, wanted: Mapping[str, str]) -> tuple[str, HttpResponse]:
        options = self.options
        return batch_polling.wait_for_status(
            self.client, wanted, options.wait, control=options.control
        )

    def _judged(
        self, step: Mapping[str, Json], values: Values, name: str, answer: HttpResponse
    ) -> Values:
        """Judge an answer, and return what is kept of it."""
        wanted = step.get("expect", {})
        if wrong := expectations.status_error(wanted, answer):
            if answer.status == 409 and name.endswith("/cancel"):
                batch_polling.check_not_ended(self.client, name)
            raise BreachError(f"{name}: {wrong}")
        kept = _kept(step.get("keep", {}), answer, name)
        # What is expected may be said in terms of the answer itself.
        wanted = fill(wanted, {**values, **kept})
        found = expectations.find_breaches(wanted, answer, self.options.provider)
        breaches = list(islice(found, _MOST_TOLD))
        if breaches:
            raise BreachError(f"{name}: {'; '.join(breaches)}")
        return kept

    def _asked(self, request: Mapping[str, Json]) -> tuple[str, HttpResponse]:
        """Return the name of a request, and the answer to it."""
        name = f"{request['method']} {request['path']}"
        answer = send_request(self.client, request)
        self.made.track(request["method"], request["path"], answer)
        if answer.status == 429:
            raise SkipError(f"the server limits the rate: {name} answers 429")
        return name, answer


def _kept(keep: Mapping[str, str], answer: HttpResponse, name: str) -> Values:
    if not keep:
        return {}
    try:
        value = answer.json()
        return {word: value_at(path, value) for word, path in keep.items()}
    except ValueError:
        raise BreachError(f"{name}: the body is no JSON: {answer.text[:60]!r}") from None
    except KeyError as missing:
        raise BreachError(f"{name}: {missing.args[0]} is missing: {answer.text[:99]!r}") from None
