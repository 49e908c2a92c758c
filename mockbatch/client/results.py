"""What the control API returns, as values, and the errors that its calls raise."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from mockbatch.typing import Json

__tracebackhide__ = True


class ControlError(Exception):
    """An error response of the control API, with its `status`, `code` and `param`."""

    # What tracebacks and pytest's summary call it; users import it from here, too.
    __module__ = "mockbatch"

    def __init__(self, status: int, error: dict[str, Json]) -> None:
        super().__init__(error["message"])
        self.status = status
        self.code: str | None = error["code"]
        self.param: str | None = error["param"]


class EndedAs(AssertionError):  # noqa: N818 - reads as a sentence: it ended as failed
    """A batch ended in a status that the test did not wait for; `status` is that status."""

    __module__ = "mockbatch"

    def __init__(self, batch_id: str, status: str, explanation: str) -> None:
        super().__init__(explanation)
        self.batch_id = batch_id
        self.status = status


class MockBatchWarning(UserWarning):
    """A test does something that its author probably did not intend."""


class MockBatchUnusedWarning(MockBatchWarning):
    """A fault, a reply or a scenario of a test never applied."""


class HasId(Protocol):
    """An object with an id, such as a batch of an SDK."""

    @property
    def id(self) -> str:
        """The id of the object."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event of the object `id`, at a simulated epoch second."""

    at: int
    type: str
    id: str


@dataclass(frozen=True, slots=True)
class Advanced:
    """The result of an advance: the first 100 events on the way, and their number.

    `hint` is a sentence if the advance was probably meant for another world.
    """

    now: float
    events: tuple[Event, ...]
    event_count: int
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of the world: `matched` requests match it, and `fired` of them met it."""

    name: str
    match: dict[str, str]
    fault: dict[str, Json]
    times: int | None
    skip: int
    matched: int
    fired: int


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook endpoint of the world; `secret` signs what is sent to `url`."""

    id: str
    url: str
    secret: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One delivery attempt: `at` in simulated, `wall` in real epoch seconds.

    Without a response `status_code` is None, and `error` says why.
    """

    at: int
    wall: float | None
    headers: dict[str, str]
    status_code: int | None
    error: str | None
    response: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook for one endpoint; `id` is its webhook-id, `body` the text that is sent.

    `status` is pending, delivered, failed (given up), lost (by a scenario) or dropped (its
    endpoint was deleted).
    """

    id: str
    event: dict[str, Json]
    endpoint_id: str
    url: str
    body: str
    scenario: str | None
    status: str
    next_attempt_at: int | None
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as it was when it was read; `data` is the whole Batch object."""

    id: str
    status: str
    input_file_id: str
    output_file_id: str | None
    error_file_id: str | None
    data: Mapping[str, Json]

    @classmethod
    def from_json(cls, data: Mapping[str, Json]) -> "Batch":
        """Return the batch of a Batch object."""
        files = data.get("output_file_id"), data.get("error_file_id")
        return cls(data["id"], data["status"], data["input_file_id"], *files, data)


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one line, from the output or the error file.

    A line that never ran has an `error`, and neither `status_code` nor `body`.
    """

    custom_id: str
    status_code: int | None
    body: Json
    error: Mapping[str, Json] | None

    @classmethod
    def from_json(cls, line: Mapping[str, Json]) -> "Result":
        """Return the result in a line of a file."""
        response = line.get("response") or {}
        status_code, body = response.get("status_code"), response.get("body")
        return cls(line["custom_id"], status_code, body, line.get("error"))

    @property
    def text(self) -> str | None:
        """The model's text in a body of any endpoint that generates one; None if there is none."""
        match self.body:
            case {"choices": [{"message": {"content": str(text)}}, *_]}:
                return text
            case {"choices": [{"text": str(text)}, *_]}:
                return text
            case {"type": "message", "content": [*parts]}:
                return "".join(part.get("text", "") for part in parts) or None
            case {"output": [*items]}:
                parts = [part for item in items for part in item.get("content") or ()]
                return "".join(part.get("text", "") for part in parts) or None
        return None


def id_of(batch: str | HasId) -> str:
    """Return the id of a batch; an id is returned as it is."""
    return batch if isinstance(batch, str) else batch.id
