"""Runs the cases, one after the other, and takes away what each has made."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace

from mockbatch import clock
from mockbatch.contract.batch_polling import BreachError, SkipError
from mockbatch.contract.cases import Case, Preparation, load_preparations
from mockbatch.contract.cleanup import CreatedObjects
from mockbatch.contract.client import Client, NoResponseError, ServerSilentError
from mockbatch.contract.placeholders import to_printable
from mockbatch.contract.steps import CaseRunner, RunOptions
from mockbatch.contract.webhook_inbox import open_inbox
from mockbatch.typing import Json

Values = Mapping[str, Json]

_SHORTEST_KEY = 8
PASSED, BREACH, UNVERIFIED, SKIPPED = "passed", "BREACH", "unverified", "skipped"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a case: its outcome, and why where it is not `passed`."""

    case: Case
    outcome: str
    reason: str = ""
    seconds: float = 0.0


class Runner:
    """Runs cases on a server; when it is closed, what it made is gone but for what is `left`."""

    def __init__(self, client: Client, options: RunOptions) -> None:
        self._client = client
        self._options = options
        self._exit = ExitStack()
        inbox = self._exit.enter_context(open_inbox()) if client.is_local else None
        self._stage = CaseRunner(client, options, CreatedObjects(client), inbox)
        # What is made here, stays for all cases.
        self._common = replace(self._stage, made=CreatedObjects(client))
        self._shared: dict[str, Values | Exception] = {}

    def __enter__(self) -> "Runner":
        return self

    def __exit__(self, *_: object) -> None:
        with self._exit:
            for stage in (self._stage, self._common):
                stage.made.clear()
            for stage in (self._stage, self._common):
                stage.made.finish()

    @property
    def remaining(self) -> list[str]:
        """The paths of what is there still, or could not be taken away."""
        return self._stage.made.remaining + self._common.made.remaining

    def run(self, cases: Iterable[Case]) -> Iterator[Result]:
        """Yield the result of each case, when it is there.

        A case that rests on memory alone, and fails, is `unverified`: it may be the memory
        that is wrong. With the option `strict` it is a breach like any other.
        """
        for case in cases:
            began = clock.monotonic()
            outcome, reason = self._outcome(case)
            self._stage.made.clear()
            yield Result(case, outcome, self._shown(reason), clock.monotonic() - began)

    def _shown(self, reason: str) -> str:
        key = self._client.key
        # A server may repeat it. What is shorter is no secret, and in many a word.
        return to_printable(
            reason.replace(key, "<the key>") if len(key) >= _SHORTEST_KEY else reason
        )

    def _outcome(self, case: Case) -> tuple[str, str]:
        try:
            self._play(case)
        except (SkipError, ServerSilentError) as skip:
            return SKIPPED, str(skip)
        except NoResponseError as silence:
            return BREACH, str(silence)
        except BreachError as breach:
            fails = case.is_verified or self._options.strict
            return BREACH if fails else UNVERIFIED, str(breach)
        return PASSED, ""

    def _play(self, case: Case) -> None:
        self._check_needs(case)
        inbox = self._stage.inbox
        values = {"key": self._client.key, "model": self._options.model}
        if inbox:
            values["receiver"] = inbox.url
        values |= self._prepared(self._stage, case.preparations, values)
        self._stage.run_steps(case.steps, values, is_optional=case.is_optional)

    def _prepared(self, stage: CaseRunner, given: Iterable[str], values: Values) -> Values:
        """Return what preparations keep, made now or earlier in this run."""
        found = dict(values)
        for name in given:
            preparation = load_preparations()[name]
            if preparation.is_shared:
                found |= self._once(preparation, values)
            else:
                found |= self._made(preparation, stage, found)
        return found

    def _once(self, preparation: Preparation, values: Values) -> Values:
        """Return what a preparation has come to at its first use, or fail as it did then."""
        name = preparation.name
        if name not in self._shared:
            try:
                self._shared[name] = self._made(preparation, self._common, values)
            except (BreachError, SkipError, NoResponseError) as failure:
                self._shared[name] = failure
        shared = self._shared[name]
        if isinstance(shared, Exception):
            raise shared
        return shared

    def _made(self, preparation: Preparation, stage: CaseRunner, values: Values) -> Values:
        given = self._prepared(stage, preparation.preparations, values)
        try:
            return stage.run_steps(preparation.steps, given, is_optional=preparation.is_optional)
        except BreachError as breach:
            raise BreachError(f"to begin with, {preparation.description}: {breach}") from None

    def _check_needs(self, case: Case) -> None:
        """Raise SkipError for a case that cannot be decided here."""
        options = self._options
        if "gateway" in case.needs and not options.provider:
            raise SkipError("needs --provider")
        if "direct" in case.needs and options.provider:
            raise SkipError("not behind a gateway")
        if "local" in case.needs and not self._client.is_local:
            raise SkipError("not from afar")
        if "control" in case.needs and not options.control:
            raise SkipError("needs --control")
        if case.waits_for_batch and not options.can_wait:
            raise SkipError("needs --wait")
