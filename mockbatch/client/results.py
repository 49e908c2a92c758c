"""What a handle tells: errors, events, requests and faults."""

from dataclasses import dataclass
from typing import Protocol

from mockbatch.typing import Json


class ControlError(Exception):
    """The control API refused; `status`, `code` and `param` are those of its answer."""

    def __init__(self, status: int, error: dict[str, Json]) -> None:
        super().__init__(error["message"])
        self.status = status
        self.code: str | None = error["code"]
        self.param: str | None = error["param"]


class EndedAs(AssertionError):  # noqa: N818 - read as a sentence: it ended as failed
    """A batch ended otherwise than a test waited for; `status` is how."""

    def __init__(self, batch_id: str, status: str, explanation: str) -> None:
        super().__init__(explanation)
        self.batch_id = batch_id
        self.status = status


class MockBatchWarning(UserWarning):
    """Something about a test that is probably not what its author meant."""


class HasId(Protocol):
    """A batch as an SDK returns it."""

    @property
    def id(self) -> str:
        """The batch's id."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to the object `id`, at a simulated epoch second."""

    at: int
    type: str
    id: str


@dataclass(frozen=True, slots=True)
class Advanced:
    """What an advance of the clock brought: the first 100 events, and how many there were."""

    now: float
    events: tuple[Event, ...]
    event_count: int


@dataclass(frozen=True, slots=True)
class Request:
    """A request that the world has got; times are epoch seconds.

    `status` is 0 when the client got no answer; `fault` names the fault that it met. `broken`
    tells that mockbatch itself failed, by a bug of its own.
    """

    method: str
    path: str
    status: int
    retry_count: int
    now: float
    wall: float
    fault: str | None = None
    known: bool = True
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of the world: `matched` counts requests that it is meant for, `fired` its own."""

    name: str
    match: dict[str, str]
    fault: dict[str, Json]
    times: int | None
    skip: int
    matched: int
    fired: int


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook endpoint of the world; its `secret` signs what is sent to its `url`."""

    id: str
    url: str
    secret: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to deliver: `at` in simulated epoch seconds, `wall` in the process's own.

    `status_code` is None, and `error` says why, when there was no answer.
    """

    at: int
    wall: float | None
    headers: dict[str, str]
    status_code: int | None
    error: str | None
    response: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook on its way to an endpoint; `id` is its webhook-id, `body` the text sent.

    `status` is pending, delivered, failed (given up), lost (a scenario has it so) or dropped
    (its endpoint is gone).
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


def id_of(batch: str | HasId) -> str:
    """Return the id of a batch, given as such or by its id."""
    return batch if isinstance(batch, str) else batch.id
