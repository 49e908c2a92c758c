"""The cases as data: what they name is there, and the page of them is up to date."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mockbatch.contract import docs
from mockbatch.contract.cases import SOURCES, Case, load_cases, load_preparations
from mockbatch.contract.placeholders import fill
from mockbatch.typing import Json
from mockbatch.validation.client_schema import SentSchema
from mockbatch.validation.schema import schema

ROOT = Path(__file__).parents[2]
CASES = {case.id: case for case in load_cases()}
KNOWN = {"receiver", "key", "model"}  # to all cases


def mentioned(value: Json) -> set[str]:
    """Return the names in the `${…}` of a template."""
    return set(re.findall(r"\$\{(\w+)", str(value)))


def kept(case: Case, names: tuple[str, ...]) -> set[str]:
    """Return what preparations keep, and those that they begin with."""
    found = set(KNOWN)
    for name in names:
        preparation = load_preparations()[name]
        found |= kept(case, preparation.preparations)
        found |= {word for step in preparation.steps for word in step.get("keep", {})}
    return found


def expectations(case: Case) -> Iterator[dict[str, Json]]:
    """Yield what the steps of a case expect."""
    for step in case.steps:
        yield step.get("received") or step.get("expect", {})


@pytest.mark.parametrize("id", CASES)
def test_case_uses_what_was_kept(id: str) -> None:
    """Each name that a step mentions comes from a preparation or an earlier step."""
    case = CASES[id]
    found = kept(case, case.preparations)
    for step in case.steps:
        asked = {name: part for name, part in step.items() if name not in ("expect", "keep")}
        assert mentioned(asked) <= found
        found |= set(step.get("keep", {}))
        assert mentioned(step.get("expect")) <= found


@pytest.mark.parametrize("id", CASES)
def test_schemas_of_a_case_are_there(id: str) -> None:
    """Those of the project by name, and its own are JSON Schemas."""
    for expected in expectations(CASES[id]):
        for name in ("schema", "each"):
            if name in expected:
                assert schema(expected[name]).document
        own = expected.get("fits", {})
        assert SentSchema(fill(own, dict.fromkeys(mentioned(own), 1))).is_valid()


@pytest.mark.parametrize("id", CASES)
def test_step_does_one_thing(id: str) -> None:
    """It asks, or waits for a batch, or for a webhook."""
    steps = [
        *CASES[id].steps,
        *(step for one in load_preparations().values() for step in one.steps),
    ]
    assert {len({"request", "until", "received"} & set(step)) for step in steps} == {1}


@pytest.mark.parametrize("id", CASES)
def test_case_expects_something(id: str) -> None:
    """A case in which nothing can be wrong is none."""
    assert any(expectations(CASES[id]))


@pytest.mark.parametrize("id", CASES)
def test_case_about_webhooks_says_that_it_needs_this_machine(id: str) -> None:
    """An endpoint elsewhere would be told of batches that are none of its business."""
    case = CASES[id]
    is_about = "received" in str(case.steps) or "receiver" in mentioned(case.steps)
    assert is_about == ("local" in case.needs)


def test_steps_are_the_same_everywhere() -> None:
    """A preparation can do whatever a case can."""
    of_cases, of_preparations = (
        schema(f"contract_{one}").document["$defs"] for one in ("cases", "preparations")
    )
    assert of_preparations == {name: of_cases[name] for name in of_preparations}


def test_no_two_cases_have_one_name() -> None:
    """Each is found by its group and its name."""
    assert len(load_cases()) == len(CASES)


def test_every_case_says_where_it_comes_from() -> None:
    """One of five sources; all but memory say where."""
    assert {case.source for case in load_cases()} == set(SOURCES)
    assert [case.id for case in load_cases() if case.is_verified and not case.where] == []


def test_page_is_made_from_the_cases() -> None:
    """docs/contract.md is what `mockbatch contract --markdown` prints."""
    page = (ROOT / "docs" / "contract.md").read_text(encoding="utf-8")
    assert page == docs.markdown() + "\n"


def test_page_says_what_is_unverified() -> None:
    """Plainly, in the row of each case that rests on memory."""
    rows = [row for row in docs.markdown().splitlines() if row.startswith("| `")]
    unverified = {row.split("`")[1] for row in rows if "**memory**: unverified" in row}
    assert unverified == {case.name for case in load_cases() if case.source == "memory"}
