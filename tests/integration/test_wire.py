"""Objects of the real service fit our schemas, and ours fit a stricter one."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mockbatch.batch import commands
from mockbatch.batch.batch import Batch
from mockbatch.batch.timeline import FINAL, STATUSES
from mockbatch.endpoints.endpoint import Tokens
from mockbatch.typing import Json
from mockbatch.validation.schema import schema

if TYPE_CHECKING:
    from tests.conftest import Make


WIRE = Path(__file__).parents[2] / "fixtures" / "wire"
TOKENS = Tokens(input=10, output=5, cached=2, reasoning=1)
STAMPS = (
    "in_progress_at",
    "finalizing_at",
    "completed_at",
    "failed_at",
    "expired_at",
    "cancelling_at",
    "cancelled_at",
)
# The stamps that each status has, and those that it can have.
SET: dict[str, tuple[set[str], set[str]]] = {
    "validating": (set(), set()),
    "failed": ({"failed_at"}, set()),
    "in_progress": ({"in_progress_at"}, set()),
    "finalizing": ({"in_progress_at", "finalizing_at"}, set()),
    "completed": ({"in_progress_at", "finalizing_at", "completed_at"}, set()),
    "expired": ({"expired_at"}, {"in_progress_at"}),
    "cancelling": ({"cancelling_at"}, {"in_progress_at", "finalizing_at"}),
    "cancelled": ({"cancelling_at", "cancelled_at"}, {"in_progress_at", "finalizing_at"}),
}
REQUIRED = [(status, stamp) for status in STATUSES for stamp in STAMPS if stamp in SET[status][0]]
IMPOSSIBLE = [
    (status, stamp)
    for status in STATUSES
    for stamp in STAMPS
    if stamp not in set.union(*SET[status])
]
KEYS = schema("batch").document["required"]


def recorded_objects(name: str, member: str) -> Iterator[Json]:
    """Yield the recorded objects of a file."""
    for line in (WIRE / name).read_text().splitlines():
        yield json.loads(line)[member]


def in_status(make: "Make", status: str) -> Batch:
    """Return a batch that at some time is in a status."""
    if status == "failed":
        return make.invalid_batch()
    if status == "expired":
        return commands.expire(make.batch(), make.created + 93)
    if status in {"cancelling", "cancelled"}:
        return commands.cancel(make.batch(), make.created + 93)
    return make.batch()


@pytest.fixture(params=STATUSES)
def shown(request: pytest.FixtureRequest, make: "Make") -> dict[str, Json]:
    """Return the object of a batch in each status, billed once it is completed."""
    batch = in_status(make, request.param)
    now = batch.timeline.reached(float("inf"))[request.param]
    return batch.as_json(now, *([TOKENS] if request.param == "completed" else []))


def batch_with_status(make: "Make", status: str) -> dict[str, Json]:
    """Return the object of a batch in one status."""
    batch = in_status(make, status)
    return batch.as_json(batch.timeline.reached(float("inf"))[status])


def fits(value: Json) -> bool:
    """Return whether the strict schema accepts an object."""
    return schema("batch").accepts(value)


@pytest.mark.parametrize(
    ("name", "member", "judge"),
    [
        ("batch_objects.jsonl", "object", "batch_wire"),
        ("file_objects.jsonl", "object", "file_wire"),
        ("output_lines.jsonl", "line", "output_line"),
    ],
)
def test_recorded_objects_fit(name: str, member: str, judge: str) -> None:
    """What the real service has sent is accepted, each object of it."""
    objects = list(recorded_objects(name, member))
    assert objects
    assert [str(schema(judge).error(value)) for value in objects] == ["None"] * len(objects)


def test_recorded_objects_of_today_have_our_keys_in_our_order() -> None:
    """The 22 keys that are sent since 2026 are ours, in the same order."""
    today = [
        value for value in recorded_objects("batch_objects.jsonl", "object") if "usage" in value
    ]
    assert today
    assert all(list(value) == KEYS for value in today)


def test_what_we_make_fits_both_schemas(shown: dict[str, Json]) -> None:
    """Our object in each status is accepted by the strict and by the wide schema."""
    assert schema("batch").error(shown) is None
    assert schema("batch_wire").error(shown) is None


def test_our_keys_are_the_recorded_ones(shown: dict[str, Json]) -> None:
    """Our object has the recorded keys in the recorded order, in each status."""
    assert list(shown) == KEYS


def test_no_key_can_be_missing(shown: dict[str, Json]) -> None:
    """An object without any one of its keys is rejected."""
    assert [key for key in KEYS if fits({k: v for k, v in shown.items() if k != key})] == []


def test_no_key_can_be_of_another_type(shown: dict[str, Json]) -> None:
    """An object with a number in a list in any one place is rejected."""
    assert [key for key in KEYS if fits({**shown, key: [1]})] == []


def test_no_key_can_be_added(shown: dict[str, Json]) -> None:
    """An object with an unknown key is rejected."""
    assert not fits({**shown, "extra": None})


@pytest.mark.parametrize("place", ["request_counts", "usage", "errors"])
def test_no_key_can_be_added_inside(shown: dict[str, Json], place: str) -> None:
    """Objects inside are as strict: an unknown key there is rejected too."""
    assert not fits({**shown, place: {**(shown[place] or {}), "extra": 1}})


@pytest.mark.parametrize("status", ["", "done", "Completed", None, 1])
def test_no_other_status_is_there(shown: dict[str, Json], status: Json) -> None:
    """A status beyond the eight is rejected."""
    assert not fits({**shown, "status": status})


def test_an_object_of_one_status_is_none_of_another(make: "Make") -> None:
    """With another status put in, no object fits that could not have been it."""
    passed = {
        (status, other)
        for status in STATUSES
        for other in STATUSES
        if other != status and fits({**batch_with_status(make, status), "status": other})
    }
    assert passed == set()


@pytest.mark.parametrize(("status", "stamp"), REQUIRED)
def test_no_stamp_can_be_missing(make: "Make", status: str, stamp: str) -> None:
    """A status without a stamp that belongs to it is rejected."""
    assert not fits({**batch_with_status(make, status), stamp: None})


@pytest.mark.parametrize(("status", "stamp"), IMPOSSIBLE)
def test_no_stamp_can_be_too_early(make: "Make", status: str, stamp: str) -> None:
    """A status with a stamp that it cannot have is rejected."""
    assert not fits({**batch_with_status(make, status), stamp: make.created})


@pytest.mark.parametrize("status", [status for status in STATUSES if status != "completed"])
@pytest.mark.parametrize("key", ["input_tokens", "output_tokens", "total_tokens"])
def test_nothing_is_billed_before_completion(make: "Make", status: str, key: str) -> None:
    """Any token in the usage of a batch that is not completed is rejected."""
    shown = batch_with_status(make, status)
    assert not fits({**shown, "usage": {**shown["usage"], key: 1}})


@pytest.mark.parametrize("status", [status for status in STATUSES if status not in FINAL])
@pytest.mark.parametrize("key", ["output_file_id", "error_file_id"])
def test_no_file_is_there_before_the_end(make: "Make", status: str, key: str) -> None:
    """A file id on a batch that has not ended is rejected."""
    assert not fits({**batch_with_status(make, status), key: "file-1"})


@pytest.mark.parametrize("status", ["validating", "failed"])
@pytest.mark.parametrize("key", ["total", "completed", "failed"])
def test_nothing_is_counted_without_a_valid_input(make: "Make", status: str, key: str) -> None:
    """Any count on a batch that validates or has failed is rejected."""
    shown = batch_with_status(make, status)
    assert not fits({**shown, "request_counts": {**shown["request_counts"], key: 1}})


def test_only_a_failed_batch_has_errors(shown: dict[str, Json]) -> None:
    """A failed batch must have errors and no other can."""
    entry = {"code": "c", "message": "m", "param": None, "line": 1}
    other = {"object": "list", "data": [entry]} if shown["errors"] is None else None
    assert not fits({**shown, "errors": other})


@pytest.mark.parametrize("status", ["in_progress", "finalizing", "completed"])
def test_a_batch_that_ran_has_a_model(make: "Make", status: str) -> None:
    """From in_progress on the model is known."""
    assert not fits({**batch_with_status(make, status), "model": None})


@pytest.mark.parametrize(
    "id", ["batch_1", "batch_" + "0" * 32, "file-" + "0" * 12 + "8190" + "0" * 16, ""]
)
def test_an_id_has_its_form(make: "Make", id: str) -> None:
    """An id that is not of the recorded form is rejected."""
    assert not fits({**batch_with_status(make, "validating"), "id": id})


@pytest.mark.parametrize("name", ["code", "message", "param", "line"])
def test_an_entry_of_the_errors_is_complete(make: "Make", name: str) -> None:
    """An entry of the errors without any one of its members is rejected."""
    shown = copy.deepcopy(batch_with_status(make, "failed"))
    del shown["errors"]["data"][0][name]
    assert not fits(shown)
