"""The fault rules of one world."""

from dataclasses import dataclass
from threading import Lock

from mockbatch.errors import api_error
from mockbatch.faults.rule import Rule
from mockbatch.typing import Json

MAX_RULES = 1000


@dataclass(slots=True)
class _RuleState:
    rule: Rule
    matched: int = 0
    fired: int = 0

    def observe(self, method: str, path: str) -> bool:
        """Count a request if it matches; return whether the fault should hit it."""
        if not self.rule.match.meets(method, path):
            return False
        self.matched += 1
        times = self.rule.times
        return self.matched > self.rule.skip and (times is None or self.fired < times)


class FaultRules:
    """Rules in order of entry; a request is hit by the first one that is due.

    Every rule that matches counts the request, so what `skip` means for a rule does not depend
    on other rules.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._states: list[_RuleState] = []

    def add(self, rule: Rule) -> None:
        """Add a rule; ApiError 400 if there are too many."""
        with self._lock:
            if len(self._states) >= MAX_RULES:
                raise api_error("too_many_faults", limit=MAX_RULES)
            self._states.append(_RuleState(rule))

    def clear(self) -> None:
        """Remove all rules."""
        with self._lock:
            self._states = []

    def next_match(self, method: str, path: str) -> Rule | None:
        """Count a request, and return the rule that hits it, None if no rule does."""
        if not self._states:
            return None
        with self._lock:
            due = [state for state in self._states if state.observe(method, path)]
            if not due:
                return None
            due[0].fired += 1
            return due[0].rule

    def as_json(self) -> list[dict[str, Json]]:
        """Return the rules as JSON, with how many requests each matched and hit."""
        with self._lock:
            return [
                {**state.rule.as_json(), "matched": state.matched, "fired": state.fired}
                for state in self._states
            ]
