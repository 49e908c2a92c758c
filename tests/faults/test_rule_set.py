"""The rules of one world: whose turn it is, and how often."""

from typing import Any

import pytest
from msgspec.structs import replace

from mockbatch.errors import ApiError
from mockbatch.faults import rule_set
from mockbatch.faults.rule import Match, Rule, parse
from mockbatch.faults.rule_set import CountedRule, FaultRules
from mockbatch.limits import Limits
from mockbatch.validation.schema import schema
from tests.support.rival import Rival

PATH = "/v1/batches"


def rule(name: str, **changes: Any) -> Rule:
    """Return a rule for every request, unless `changes` say otherwise."""
    return parse({"match": {}, "fault": {"delay_ms": 0}, **changes}, name)


def names_met(made: FaultRules, count: int = 1) -> list[str | None]:
    """Return the names of the rules that so many requests meet, None for those without."""
    taken = (made.next_match("GET", PATH) for _ in range(count))
    return [None if one is None else one.name for one in taken]


def of(*given: Rule) -> FaultRules:
    """Return rules in this order."""
    made = FaultRules()
    for one in given:
        made.add(one)
    return made


def test_without_rules_nothing_happens() -> None:
    """A request meets nothing."""
    assert names_met(FaultRules()) == [None]


@pytest.mark.parametrize(
    ("times", "skip", "expected"),
    [
        (1, 0, "a---"),
        (2, 0, "aa--"),
        (1, 1, "-a--"),
        (2, 1, "-aa-"),
        (None, 0, "aaaa"),
        (None, 3, "---a"),
        (1, 4, "----"),
    ],
)
def test_a_rule_fires_so_many_times_after_so_many(
    times: int | None, skip: int, expected: str
) -> None:
    """`skip` requests pass, `times` meet the fault, the rest pass."""
    made = of(rule("a", times=times, skip=skip))
    assert "".join(name or "-" for name in names_met(made, 4)) == expected


def test_only_requests_that_match_are_states() -> None:
    """A request of another kind neither meets a fault nor brings one nearer."""
    made = of(rule("a", match={"method": "POST"}, skip=1))
    assert names_met(made, 3) == [None] * 3
    assert [made.next_match("POST", PATH) is not None for _ in range(3)] == [False, True, False]


def test_the_first_rule_wins() -> None:
    """FaultRules stand in the order of their entry; a spent one makes room for the next."""
    assert names_met(of(rule("a"), rule("b", times=2)), 4) == ["a", "b", "b", None]


def test_skip_is_a_place_among_all_requests() -> None:
    """A request that met another rule is counted, too: the second rule has the second one."""
    assert names_met(of(rule("a"), rule("b", skip=1)), 3) == ["a", "b", None]


def test_a_rule_may_be_added_twice() -> None:
    """Each counts for itself."""
    assert names_met(of(rule("a"), rule("a")), 3) == ["a", "a", None]


def test_a_later_rule_counts_from_its_entry() -> None:
    """Requests before it are not its own."""
    made = of(rule("a"))
    names_met(made, 2)
    made.add(rule("b", skip=1))
    assert names_met(made, 2) == [None, "b"]


def test_cleared_rules_are_gone() -> None:
    """Nothing is met any more, nothing is shown."""
    made = of(rule("a", times=None))
    made.clear()
    assert names_met(made) == [None]
    assert made.as_json() == []


def test_rules_are_shown_with_their_counts() -> None:
    """`matched` counts the requests that a rule is meant for, `fired` those that met it."""
    made = of(rule("a", skip=1), rule("b", match={"method": "POST"}))
    names_met(made, 3)
    shown = made.as_json()
    assert [(one["name"], one["matched"], one["fired"]) for one in shown] == [
        ("a", 3, 1),
        ("b", 0, 0),
    ]


def test_what_is_shown_fits_its_schema() -> None:
    """The list is that of faults.json, and each rule in it makes the same rule again."""
    [shown] = of(rule("a", times=None, skip=2)).as_json()
    assert schema("faults").accepts({"faults": [shown], "presets": []})
    rule_members = {key: shown[key] for key in ("match", "fault", "times", "skip")}
    assert parse(rule_members, "a") == rule("a", times=None, skip=2)


def test_there_are_not_endlessly_many() -> None:
    """One rule too many is refused, and changes nothing."""
    made = FaultRules(limits=Limits(faults=2))
    for name in ("a", "b"):
        made.add(rule(name))
    with pytest.raises(ApiError) as raised:
        made.add(rule("c"))
    assert (raised.value.status, raised.value.code) == (400, "too_many_faults")
    assert names_met(made, 3) == ["a", "b", None]


@pytest.mark.parametrize("times", [1, 2])
def test_counts_are_exact_under_threads(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """A request that comes while another is counted is the next one."""
    rival = Rival(lambda: names_met(made))
    monkeypatch.setattr(rule_set, "Lock", rival.lock)

    class Interrupted(Match, frozen=True):
        """All requests; another one comes while it looks at the first."""

        def meets(self, method: str, path: str) -> bool:
            rival.begin()
            return True

    interrupted = replace(rule("b", times=1), match=Interrupted())
    made = of(rule("a", times=times), interrupted)
    assert names_met(made) == ["a"]
    assert rival.end() == ["a" if times == 2 else "b"]
    shown = [(one["matched"], one["fired"]) for one in made.as_json()]
    assert shown == [(2, times), (2, 2 - times)]


def test_counts_are_read_between_two_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never while a request is counted."""
    rival = Rival(lambda: made.counted())
    monkeypatch.setattr(rule_set, "Lock", rival.lock)

    class Interrupted(Match, frozen=True):
        """All requests; the counts are read while it looks at the first."""

        def meets(self, method: str, path: str) -> bool:
            rival.begin()
            return True

    made = of(rule("a"), replace(rule("b"), match=Interrupted()))
    assert names_met(made) == ["a"]
    assert [(one.matched, one.fired) for one in rival.end()] == [(1, 1), (1, 0)]


def test_two_rules_entered_at_once_respect_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second waits until the first is in."""

    def add() -> str | None:
        try:
            made.add(rule("b"))
        except ApiError as error:
            return error.code
        return None

    def counted_rule(rule: Rule) -> CountedRule:
        rival.begin()
        return CountedRule(rule)

    rival = Rival(add)
    monkeypatch.setattr(rule_set, "Lock", rival.lock)
    monkeypatch.setattr(rule_set, "CountedRule", counted_rule)
    made = FaultRules(limits=Limits(faults=1))
    made.add(rule("a"))
    assert rival.end() == "too_many_faults"
    assert names_met(made, 2) == ["a", None]


def test_read_counts_are_copies() -> None:
    """Later requests do not change them, and a set made of them counts for itself."""
    made = of(rule("a", times=3))
    names_met(made)
    counted = made.counted()
    loaded = FaultRules(counted)
    assert names_met(loaded, 3) == ["a", "a", None]
    assert names_met(made, 3) == ["a", "a", None]
    assert [(one.matched, one.fired) for one in counted] == [(1, 1)]
