"""Runs cases one after the other, and deletes what each has created."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

from mockbatch import clock
from mockbatch.contract.cases import Case
from mockbatch.contract.cleanup import CreatedObjects
from mockbatch.contract.client import Client
from mockbatch.contract.errors import (
    BreachError,
    NoResponseError,
    ServerSilentError,
    SkipError,
)
from mockbatch.contract.placeholders import to_printable
from mockbatch.contract.preparing import Preparations, Values
from mockbatch.contract.steps import CaseRunner, RunOptions
from mockbatch.contract.webhook_inbox import open_inbox

# A shorter key is not secret, and is a part of ordinary words.
_MIN_MASKED_KEY_LENGTH = 8
PASSED, BREACH, UNVERIFIED, SKIPPED = "passed", "BREACH", "unverified", "skipped"


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a case, with the reason unless it is `passed`."""

    case: Case
    outcome: str
    reason: str = ""
    seconds: float = 0.0


class Runner:
    """Runs cases against a server, and deletes what they created.

    What a case creates is deleted after it, what shared preparations create on exit, except for
    the objects that `remaining` lists.
    """

    def __init__(self, client: Client, options: RunOptions) -> None:
        self._client = client
        self._options = options
        self._exit = ExitStack()
        inbox = self._exit.enter_context(open_inbox()) if client.is_local else None
        self._case_runner = CaseRunner(client, options, CreatedObjects(client), inbox)
        self._shared_runner = replace(self._case_runner, created_objects=CreatedObjects(client))
        self._preparations = Preparations(self._case_runner, self._shared_runner)

    def __enter__(self) -> "Runner":
        return self

    def __exit__(self, *_: object) -> None:
        created = (self._case_runner.created_objects, self._shared_runner.created_objects)
        with self._exit:
            for objects in created:
                objects.clear()
            for objects in created:
                objects.delete_results()

    @property
    def remaining(self) -> list[str]:
        """The paths of objects that are not deleted yet, or could not be deleted."""
        return (
            self._case_runner.created_objects.remaining
            + self._shared_runner.created_objects.remaining
        )

    def run(self, cases: Iterable[Case]) -> Iterator[Result]:
        """Run cases, and yield the result of each as soon as it is known.

        A preparation that fails has a result of its own, once; the cases that need it are skipped.
        A failed case whose source is memory is `unverified`, as the memory may be wrong. With the
        option `strict` it is a breach like any other.
        """
        for case in cases:
            began = clock.monotonic()
            error = self._run_case(case)
            self._case_runner.created_objects.clear()
            for failure in self._preparations.pop_failures():
                yield self._result(failure.preparation.as_case(), failure.error)
            yield replace(self._result(case, error), seconds=clock.monotonic() - began)

    def _result(self, case: Case, error: Exception | None) -> Result:
        reason = "" if error is None else self._mask_key(str(error))
        return Result(case, self._outcome(case, error), reason)

    def _outcome(self, case: Case, error: Exception | None) -> str:
        if error is None:
            return PASSED
        if isinstance(error, (SkipError, ServerSilentError)):
            return SKIPPED
        is_breach = isinstance(error, NoResponseError) or case.is_verified or self._options.strict
        return BREACH if is_breach else UNVERIFIED

    def _mask_key(self, reason: str) -> str:
        """Return a reason without the key, which a server may repeat in its messages."""
        key = self._client.key
        is_secret = len(key) >= _MIN_MASKED_KEY_LENGTH
        return to_printable(reason.replace(key, "<the key>") if is_secret else reason)

    def _run_case(self, case: Case) -> Exception | None:
        """Run a case; return the exception that ended it, None if it has passed."""
        try:
            self._check_needs(case)
            values = self._preparations.run(case.preparations, self._initial_values())
            self._case_runner.run_steps(case.steps, values, is_optional=case.is_optional)
        except (BreachError, NoResponseError, SkipError) as error:
            return error
        return None

    def _initial_values(self) -> Values:
        values = {"key": self._client.key, "model": self._options.model}
        inbox = self._case_runner.inbox
        return {**values, "receiver": inbox.open_url()} if inbox else values

    def _check_needs(self, case: Case) -> None:
        """Raise SkipError if a case cannot be decided with these options or on this server."""
        options = self._options
        if "gateway" in case.needs and not options.provider:
            raise SkipError("needs --provider")
        if "direct" in case.needs and options.provider:
            raise SkipError("not behind a gateway")
        if "local" in case.needs and not self._client.is_local:
            raise SkipError("needs a local server")
        if "control" in case.needs and not options.control:
            raise SkipError("needs --control")
        if case.waits_for_batch and not options.can_wait:
            raise SkipError("needs --wait")
