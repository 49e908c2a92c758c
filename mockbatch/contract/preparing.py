"""Runs the preparations of cases: shared ones once in a run, the others for each case."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from mockbatch.contract.cases import Preparation, load_preparations
from mockbatch.contract.errors import (
    BreachError,
    NoResponseError,
    ServerSilentError,
    SkipError,
)
from mockbatch.contract.steps import CaseRunner
from mockbatch.typing import Json

Values = Mapping[str, Json]


class Failure(NamedTuple):
    """A preparation that has failed, and why."""

    preparation: Preparation
    error: BreachError | NoResponseError


class Preparations:
    """Runs preparations, and remembers which have failed: each is reported once.

    What shared ones create stays for the whole run, so they have a runner of their own.
    """

    def __init__(self, case_runner: CaseRunner, shared_runner: CaseRunner) -> None:
        self._case_runner = case_runner
        self._shared_runner = shared_runner
        self._shared: dict[str, Values | SkipError] = {}
        self._failures: dict[str, Failure] = {}
        self._reported: set[str] = set()

    def pop_failures(self) -> list[Failure]:
        """Return the preparations that have failed and that no earlier call has returned."""
        new = [name for name in self._failures if name not in self._reported]
        self._reported.update(new)
        return [self._failures[name] for name in new]

    def run(self, names: Iterable[str], values: Values) -> Values:
        """Run preparations for a case, and return the values with theirs.

        Raises SkipError if one of them has failed, or cannot be decided here.
        """
        return self._run_all(self._case_runner, names, values)

    def _run_all(self, runner: CaseRunner, names: Iterable[str], values: Values) -> Values:
        prepared = dict(values)
        for name in names:
            preparation = load_preparations()[name]
            if preparation.is_shared:
                prepared |= self._run_shared(preparation, values)
            else:
                prepared |= self._run_one(preparation, runner, prepared)
        return prepared

    def _run_shared(self, preparation: Preparation, values: Values) -> Values:
        """Return the values of its first run, or raise the exception that ended it."""
        name = preparation.name
        if name not in self._shared:
            try:
                self._shared[name] = self._run_one(preparation, self._shared_runner, values)
            except SkipError as skip:
                self._shared[name] = skip
        shared = self._shared[name]
        if isinstance(shared, SkipError):
            raise shared
        return shared

    def _run_one(self, preparation: Preparation, runner: CaseRunner, values: Values) -> Values:
        prepared = self._run_all(runner, preparation.preparations, values)
        try:
            return runner.run_steps(
                preparation.steps, prepared, is_optional=preparation.is_optional
            )
        except ServerSilentError:
            raise
        except (BreachError, NoResponseError) as error:
            case = preparation.as_case()
            self._failures.setdefault(preparation.name, Failure(preparation, error))
            raise SkipError(f"needs {case.id}, which has failed") from None
