"""The files in fixtures/: a new one there is a new test here."""

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mockbatch.batch.create import BatchRequest
from mockbatch.batch.input_file import read_input
from mockbatch.endpoints import endpoints
from mockbatch.errors import ApiError
from mockbatch.files import validation
from mockbatch.files.content import Content
from mockbatch.jsonio import parse
from mockbatch.limits import Limits
from mockbatch.typing import Json
from mockbatch.world.world import World

if TYPE_CHECKING:
    from tests.conftest import Make


FIXTURES = Path(__file__).parents[1] / "fixtures"
REQUESTS = sorted((FIXTURES / "requests").glob("*.jsonl"))
# Moderation is free, and videos are billed by the second.
NOT_BY_TOKENS = {"/v1/moderations", "/v1/videos"}
INVALID = sorted((FIXTURES / "invalid").glob("*.jsonl"))


def content(path: Path) -> Content:
    """Return what a fixture holds."""
    return Content.of(path.read_bytes())


def endpoint(path: Path) -> str:
    """Return the endpoint that a valid input file is for."""
    found: str = json.loads(path.read_bytes().split(b"\n")[0])["url"]
    return found


def expected_errors(path: Path) -> dict[str, Json]:
    """Return what is said of an invalid input file."""
    found: dict[str, Json] = json.loads(path.with_suffix(".errors.json").read_bytes())
    return found


def upload_error(given: Content) -> list[Json]:
    """Return with what an upload is refused."""
    try:
        validation.validate_upload(given, "batch", Limits())
    except ApiError as error:
        return [{"status": error.status, "code": error.code, "param": error.param}]
    return []


def validation_errors(given: Content, path: str) -> list[Json]:
    """Return the entries of a batch's errors, but for their messages."""
    errors = read_input(given, endpoints()[path], Limits()).errors
    return [{name: error[name] for name in ("code", "param", "line")} for error in errors]


def run_to_the_end(world: World, path: Path) -> dict[str, Json]:
    """Run a valid input file to its end and return the batch."""
    file = world.upload(content(path), path.name, "batch", None)
    batch = world.create_batch(BatchRequest(file.id, endpoint(path), None, None, None))
    world.advance.until(batch.id, "completed")
    return world.batch_json(batch)


def test_there_are_fixtures() -> None:
    """Both folders are found, and every invalid file says what is wrong with it."""
    assert REQUESTS
    assert {path.with_suffix("").with_suffix("") for path in INVALID} == {
        path.with_suffix("").with_suffix("") for path in (FIXTURES / "invalid").glob("*.json")
    }


def test_every_endpoint_has_a_valid_input_file() -> None:
    """For each endpoint that a batch can name there is an example."""
    assert {endpoint(path) for path in REQUESTS} == set(endpoints())


@pytest.mark.parametrize("path", REQUESTS, ids=lambda path: path.stem)
def test_a_valid_file_has_no_error_and_no_refused_line(path: Path) -> None:
    """A valid input file is uploaded and validated without a word."""
    assert upload_error(content(path)) == []
    found = read_input(content(path), endpoints()[endpoint(path)], Limits())
    assert (found.errors, found.failing_lines) == ((), frozenset())


@pytest.mark.parametrize("path", REQUESTS, ids=lambda path: path.stem)
def test_a_valid_file_is_answered_line_by_line(make: "Make", path: Path) -> None:
    """A batch over a valid input file has an answer for each line and no error file."""
    world = make.world()
    shown = run_to_the_end(world, path)
    lines = world.file(shown["output_file_id"]).content.lines()
    given = [json.loads(line)["custom_id"] for line in path.read_bytes().splitlines()]
    assert Counter(parse(line)["custom_id"] for line in lines) == Counter(given)
    assert shown["error_file_id"] is None


@pytest.mark.parametrize("path", REQUESTS, ids=lambda path: path.stem)
def test_a_valid_file_is_billed(make: "Make", path: Path) -> None:
    """A batch over a valid input file has used tokens, if they are what it costs; they add up."""
    usage = run_to_the_end(make.world(), path)["usage"]
    assert (usage["input_tokens"] > 0) == (endpoint(path) not in NOT_BY_TOKENS)
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_an_invalid_file_is_reported_with_place_and_reason(path: Path) -> None:
    """The error, or the entries of `errors`, are those beside the file, in order."""
    said = expected_errors(path)
    at_upload = upload_error(content(path))
    if said["place"] == "upload":
        assert at_upload == said["errors"]
    else:
        assert at_upload == []
        assert validation_errors(content(path), said["endpoint"]) == said["errors"]


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_what_is_said_of_an_invalid_file_is_complete(path: Path) -> None:
    """Each file of errors names a known endpoint, a place and at least one error."""
    said = expected_errors(path)
    assert said["endpoint"] in endpoints()
    assert said["place"] in {"upload", "batch"}
    assert said["errors"]
