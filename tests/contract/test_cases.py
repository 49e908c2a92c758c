"""The documents of the cases: the names in them exist, and docs/contract.md is up to date."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mockbatch.contract import docs
from mockbatch.contract.cases import SOURCES, Case, load_cases, load_preparations
from mockbatch.contract.placeholders import fill
from mockbatch.typing import Json
from mockbatch.validation.client_schema import ClientSchema
from mockbatch.validation.schema import schema

ROOT = Path(__file__).parents[2]
CASES = {case.id: case for case in load_cases()}
ALWAYS_KNOWN = {"receiver", "key", "model"}


def find_placeholders(value: Json) -> set[str]:
    """Return the names in the placeholders of a template."""
    return set(re.findall(r"\$\{(\w+)", str(value)))


def find_kept(names: tuple[str, ...]) -> set[str]:
    """Return the names that preparations keep, and those that are always known."""
    kept = set(ALWAYS_KNOWN)
    for name in names:
        preparation = load_preparations()[name]
        kept |= find_kept(preparation.preparations)
        kept |= {key for step in preparation.steps for key in step.get("keep", {})}
    return kept


def expectations(case: Case) -> Iterator[dict[str, Json]]:
    """Yield what each step of a case expects."""
    for step in case.steps:
        yield step.get("received") or step.get("expect", {})


@pytest.mark.parametrize("id", CASES)
def test_each_placeholder_has_a_value(id: str) -> None:
    """It comes from a preparation, an earlier step, or the same response."""
    case = CASES[id]
    known = find_kept(case.preparations)
    for step in case.steps:
        sent = {name: part for name, part in step.items() if name not in ("expect", "keep")}
        assert find_placeholders(sent) <= known
        known |= set(step.get("keep", {}))
        assert find_placeholders(step.get("expect")) <= known


@pytest.mark.parametrize("id", CASES)
def test_each_schema_of_a_case_exists(id: str) -> None:
    """The project has those that are named, and a case's own are valid JSON Schemas."""
    for expected in expectations(CASES[id]):
        for name in ("schema", "each"):
            if name in expected:
                assert schema(expected[name]).document
        own = expected.get("fits", {})
        assert ClientSchema(fill(own, dict.fromkeys(find_placeholders(own), 1))).is_valid()


@pytest.mark.parametrize("id", CASES)
def test_step_does_one_thing(id: str) -> None:
    """It sends a request, or waits for a batch, or for a webhook."""
    steps = [
        *CASES[id].steps,
        *(step for preparation in load_preparations().values() for step in preparation.steps),
    ]
    assert {len({"request", "until", "received"} & set(step)) for step in steps} == {1}


@pytest.mark.parametrize("id", CASES)
def test_case_expects_something(id: str) -> None:
    """A case that expects nothing could never fail."""
    assert any(expectations(CASES[id]))


@pytest.mark.parametrize("id", CASES)
def test_a_case_about_webhooks_needs_a_local_server(id: str) -> None:
    """A server elsewhere cannot send webhooks to this machine."""
    case = CASES[id]
    is_about = "received" in str(case.steps) or "receiver" in find_placeholders(case.steps)
    assert is_about == ("local" in case.needs)


def test_preparations_have_the_same_steps_as_cases() -> None:
    """The two schemas define them alike."""
    of_cases, of_preparations = (
        schema(f"contract_{name}").document["$defs"] for name in ("cases", "preparations")
    )
    assert of_preparations == {name: of_cases[name] for name in of_preparations}


def test_each_case_has_an_id_of_its_own() -> None:
    """The id is the group and the name."""
    assert len(load_cases()) == len(CASES)


def test_each_case_has_a_source() -> None:
    """It is one of five; all but memory name the place in it, in preparations too."""
    assert {case.source for case in load_cases()} == set(SOURCES)
    cases = [*load_cases(), *(known.as_case() for known in load_preparations().values())]
    assert [case.id for case in cases if case.is_verified and not case.where] == []


def test_page_is_made_from_the_cases() -> None:
    """docs/contract.md is what `mockbatch contract --markdown` prints."""
    page = (ROOT / "docs" / "contract.md").read_text(encoding="utf-8")
    assert page == docs.markdown() + "\n"


def test_page_marks_what_is_unverified() -> None:
    """The row of each case that rests on memory says so."""
    rows = [row for row in docs.markdown().splitlines() if row.startswith("| `")]
    unverified = {row.split("`")[1] for row in rows if "**memory**: unverified" in row}
    assert unverified == {case.name for case in load_cases() if case.source == "memory"}
