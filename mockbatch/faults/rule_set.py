"""The faults of one world."""

from dataclasses import dataclass
from threading import Lock

from mockbatch.errors import api_error
from mockbatch.faults.rule import Rule
from mockbatch.typing import Json

MOST = 1000


@dataclass(slots=True)
class _Counted:
    rule: Rule
    matched: int = 0
    fired: int = 0

    def counts(self, method: str, path: str) -> bool:
        """Count a request that matches; tell whether the rule's turn has come."""
        if not self.rule.match.meets(method, path):
            return False
        self.matched += 1
        times = self.rule.times
        return self.matched > self.rule.skip and (times is None or self.fired < times)


class FaultRules:
    """Rules in the order of their entry; a request meets the first whose turn it is.

    All that match count it, so `skip` is a place in the order of requests whatever other
    rules there are.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._counted: list[_Counted] = []

    def add(self, rule: Rule) -> None:
        """Add a rule; ApiError 400 when there are very many."""
        with self._lock:
            if len(self._counted) >= MOST:
                raise api_error("too_many_faults", limit=MOST)
            self._counted.append(_Counted(rule))

    def clear(self) -> None:
        """Forget all rules."""
        with self._lock:
            self._counted = []

    def next_match(self, method: str, path: str) -> Rule | None:
        """Count a request, and return the rule that it meets if there is one."""
        if not self._counted:
            return None
        with self._lock:
            due = [one for one in self._counted if one.counts(method, path)]
            if not due:
                return None
            due[0].fired += 1
            return due[0].rule

    def as_json(self) -> list[dict[str, Json]]:
        """Return the rules, JSON-ready, with how many requests matched and met them."""
        with self._lock:
            return [
                {**one.rule.as_json(), "matched": one.matched, "fired": one.fired}
                for one in self._counted
            ]
