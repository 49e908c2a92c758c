"""Which lines of a batch are not as they would have been."""

import pytest

from mockbatch.world import changed_lines
from tests.support.caller import Caller, app_of, lines

NOTHING: dict[str, list[str]] = {"scripted": [], "distorted": []}


@pytest.fixture
def caller() -> Caller:
    """Return a caller of a new app."""
    return Caller(app_of())


def find_changed(api: Caller, scenario: str | None = None) -> dict[str, list[str]]:
    """Return the changed lines of a batch of ten lines that has ended."""
    if scenario:
        api.good(api.post("/_mock/scenarios/active", {"name": scenario}))
    id = api.create(lines(10))["id"]
    api.advance(90_000)
    found: dict[str, list[str]] = api.good(api.get(f"/_mock/batches/{id}/changed_lines"))
    return found


def test_usual_lines_are_not_named(caller: Caller) -> None:
    """Nothing has changed them."""
    assert find_changed(caller) == NOTHING


def test_lines_of_a_script_are_named(caller: Caller) -> None:
    """By their custom_id."""
    [wanted] = [line.decode() for line in lines(10).splitlines()][3:4]
    custom_id = wanted.split('"custom_id"')[1].split('"')[1]
    caller.good(caller.post("/_mock/replies", {"match": {"custom_id": custom_id}, "reply": "Hi"}))
    assert find_changed(caller) == {"scripted": [custom_id], "distorted": []}


def test_lines_that_a_scenario_lets_fail_are_named(caller: Caller) -> None:
    """It has chosen their replies."""
    found = find_changed(caller, "some_failed")
    assert len(found["scripted"]) == 2
    assert found["distorted"] == []


def test_the_first_scripted_lines_of_a_large_batch_are_named(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the order of the file, not in that in which they run."""
    monkeypatch.setattr(changed_lines, "MAX_LINES", 9)
    caller.good(caller.post("/_mock/replies", {"reply": "Hi"}))
    assert find_changed(caller)["scripted"] == [f"line-{number}" for number in range(9)]


@pytest.mark.parametrize(("scenario", "count"), [("missing_lines", 2), ("line_null_response", 2)])
def test_distorted_lines_are_named(caller: Caller, scenario: str, count: int) -> None:
    """Those that are absent as well."""
    found = find_changed(caller, scenario)
    assert len(found["distorted"] or found["scripted"]) == count


def test_repeated_lines_are_named(caller: Caller) -> None:
    """Each is in the files as it would have been, but twice."""
    assert len(find_changed(caller, "duplicate_lines")["distorted"]) == 2


def test_distorted_lines_of_a_large_batch_are_not_named(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files are not written again to find them."""
    monkeypatch.setattr(changed_lines, "MAX_LINES", 9)
    assert find_changed(caller, "missing_lines") == NOTHING


def test_nothing_is_distorted_before_there_are_files(caller: Caller) -> None:
    """The distortion is still to come."""
    caller.good(caller.post("/_mock/scenarios/active", {"name": "missing_lines"}))
    id = caller.create(lines(10))["id"]
    assert caller.get(f"/_mock/batches/{id}/changed_lines").json == NOTHING
