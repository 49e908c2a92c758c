"""The fault rules of one world."""

import json
from collections.abc import Iterable
from contextlib import AbstractContextManager
from threading import Lock

from msgspec import Struct
from msgspec.structs import replace

from mockbatch.errors import api_error
from mockbatch.faults.rule import Rule
from mockbatch.limits import Limits
from mockbatch.typing import Json


class CountedRule(Struct):
    """A rule, how many requests it has matched, and how many of them it has hit."""

    rule: Rule
    matched: int = 0
    fired: int = 0

    def as_json(self) -> dict[str, Json]:
        """Return the rule with its counts, JSON-ready."""
        return {**self.rule.as_json(), "matched": self.matched, "fired": self.fired}

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

    def __init__(self, rules: Iterable[CountedRule] = (), limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        #: Held while rules are added, removed or counted.
        self.lock: AbstractContextManager[object] = Lock()
        self._rules = [replace(rule) for rule in rules]
        self._bytes = sum(_json_bytes(counted.rule) for counted in self._rules)

    def restore(self, rules: Iterable[CountedRule]) -> None:
        """Replace all rules and their counts."""
        self._rules = list(rules)
        self._bytes = sum(_json_bytes(counted.rule) for counted in self._rules)

    def add(self, rule: Rule) -> None:
        """Add a rule; ApiError 400 if there are too many."""
        size = _json_bytes(rule)
        with self.lock:
            if len(self._rules) >= self._limits.faults:
                raise api_error("too_many_faults", limit=self._limits.faults)
            if self._bytes + size > self._limits.document_bytes:
                raise self._limits.error("document_bytes", "DELETE /_mock/faults removes faults")
            self._rules.append(CountedRule(rule))
            self._bytes += size

    def clear(self) -> None:
        """Remove all rules."""
        with self.lock:
            self._rules = []
            self._bytes = 0

    def next_match(self, method: str, path: str) -> Rule | None:
        """Count a request, and return the rule that hits it, None if no rule does."""
        if not self._rules:
            return None
        with self.lock:
            due = [rule for rule in self._rules if rule.observe(method, path)]
            if not due:
                return None
            due[0].fired += 1
            return due[0].rule

    def counted(self) -> tuple[CountedRule, ...]:
        """Return copies of the rules with their present counts, in order of entry."""
        with self.lock:
            return tuple(map(replace, self._rules))

    def as_json(self) -> list[dict[str, Json]]:
        """Return the rules as JSON, with how many requests each matched and hit."""
        return [rule.as_json() for rule in self.counted()]


def _json_bytes(rule: Rule) -> int:
    return len(json.dumps(rule.as_json()))
