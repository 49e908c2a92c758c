"""`mockbatch scenarios` and `mockbatch faults`."""

import json

import pytest

from mockbatch.faults import presets
from mockbatch.scenarios import catalogue
from tests.support.commands import Run, read_error


@pytest.mark.parametrize(
    ("command", "group", "name"),
    [("scenarios", "Cancellation", "cancel_slow"), ("faults", "Downloads", "download_reset")],
)
def test_names_are_listed_in_groups(run: Run, command: str, group: str, name: str) -> None:
    """A group is a heading, with its names indented below it."""
    lines = run(command).stdout.splitlines()
    below = lines[lines.index(group) + 1 :]
    names = [line.split()[0] for line in below[: below.index("")]]
    assert name in names
    assert names == sorted(names)


@pytest.mark.parametrize(("command", "known"), [("scenarios", catalogue()), ("faults", presets())])
def test_each_is_in_exactly_one_group(run: Run, command: str, known: dict[str, object]) -> None:
    """None is left out of the list."""
    lines = [line for line in run(command).stdout.splitlines() if line.startswith("  ")]
    assert sorted(line.split()[0] for line in lines) == sorted(known)


def test_parameters_are_listed_with_their_defaults(run: Run) -> None:
    """Beside the summary, as they are given on a marker."""
    [line] = [line for line in run("scenarios").stdout.splitlines() if " expired_partial " in line]
    assert line.endswith("(fraction=0.4)")
    assert "from 0 to 1; 0.4 by default" in run("scenarios", "expired_partial").stdout
    assert "61 by default" in run("scenarios", "happy").stdout


def test_a_preset_is_described(run: Run) -> None:
    """With the rule that it stands for."""
    shown = run("faults", "poll_429").stdout
    assert shown.startswith("poll_429: Polling is rate limited.\nWhat a client sees: ")
    assert "What a robust client does: Handle errors of each poll" in shown
    assert '"fault": {"status": 429' in shown
    assert "seen in https://" in shown


@pytest.mark.parametrize(
    ("command", "known", "name"),
    [("scenarios", catalogue(), "expired_partial"), ("faults", presets(), "poll_429")],
)
def test_json(run: Run, command: str, known: dict[str, object], name: str) -> None:
    """All of them, or one, with what a program needs to offer them."""
    documents = json.loads(run(command, "--json").stdout)
    assert {document["name"] for document in documents} == known.keys()
    [document] = json.loads(run(command, name, "--json").stdout)
    assert document in documents
    assert document["group"]
    assert document["advice"]


def test_json_has_the_defaults_of_parameters(run: Run) -> None:
    """With their bounds."""
    [document] = json.loads(run("scenarios", "expired_partial", "--json").stdout)
    fraction = document["parameters"]["fraction"]
    assert (fraction["minimum"], fraction["maximum"], fraction["default"]) == (0, 1, 0.4)


@pytest.mark.parametrize("command", ["scenarios", "faults"])
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_an_unknown_name(run: Run, command: str, options: list[str]) -> None:
    """One line, with names."""
    assert "NAME" in read_error(run(command, "no_such", *options))
