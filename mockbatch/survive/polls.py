"""Watches the requests of programs: moves their clocks, and finds who waits for ever."""

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf
from threading import Event, Lock
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from mockbatch.batch.batch import Batch
from mockbatch.batch.input_file import BatchInput
from mockbatch.endpoints.provider_registry import openai_path
from mockbatch.errors import ApiError
from mockbatch.web.credentials import request_key
from mockbatch.world.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: A program that still polls so long after the window of a batch will not stop by itself; one
#: with a deadline of its own has reached it by then.
PATIENCE_SECONDS = 24 * 3600
#: It must have asked so often, and nothing else, since the batch ended.
MIN_FINAL_POLLS = 30
_STEP_SECONDS = 3600
# How long a program that waits for ever is kept waiting for its last answer, until it is ended.
_HOLD_SECONDS = 10.0
_ADVANCE = "/_mock/clock/advance"
_POLL = re.compile(r"/v1/batches(?:/([^/]+))?")
_ALL = 1_000_000


class Waiting(NamedTuple):
    """What a program waits for: a batch that `has_ended`, or one that never does."""

    batch_id: str
    has_ended: bool


@dataclass(slots=True)
class _Watched:
    """One world, and how it is polled."""

    world: World
    standing: Counter[tuple[str, float]] = field(default_factory=Counter)
    # By how much the clock was moved for a program whose own sleeps do not move it.
    granted_seconds: float = 0
    final_polls: int = 0
    in_flight: int = 0
    waiting: Waiting | None = None
    # What each batch asks: a world drops it once the files are deleted.
    inputs: dict[str, BatchInput] = field(default_factory=dict)
    released: Event = field(default_factory=Event)


class PollWatch:
    """A WSGI middleware that looks at each request before the app answers it.

    After `patience` polls of one batch at one instant it moves the clock of the world to its next
    event, or an hour on if there is none. A poll that shows that the program waits for ever is
    not answered any more, so that it ends at the same place in every run.
    """

    def __init__(self, app: "WSGIApplication", patience: int) -> None:
        self._app = app
        self._patience = patience
        self._lock = Lock()
        self._watched: dict[str, _Watched] = {}

    def watch(self, key: str, world: World) -> None:
        """Watch the requests with a key from now on."""
        self._watched[key] = _Watched(world)

    def forget(self, key: str) -> None:
        """Watch them no longer."""
        self._watched.pop(key).released.set()

    def in_flight(self, key: str) -> int:
        """Return how many requests with a key have no response yet."""
        return self._watched[key].in_flight

    def waiting(self, key: str) -> Waiting | None:
        """Return what the program of a key waits for without end, None if it does not."""
        return self._watched[key].waiting

    def batches(self, key: str) -> list[Batch]:
        """Return the batches of a key, oldest first, with inputs that the world has dropped."""
        watched = self._watched[key]
        _remember_inputs(watched)
        batches = reversed(watched.world.batches(_ALL, None).items)
        return [replace(batch, input=watched.inputs[batch.id]) for batch in batches]

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Handle a request, after it was looked at."""
        watched = self._watched.get(_key(environ))
        if watched and environ["PATH_INFO"] == _ADVANCE:
            return _advance(watched.world, environ, start_response)
        path = openai_path(environ["PATH_INFO"])
        if watched is None or not path.startswith("/v1/"):
            return self._app(environ, start_response)
        self._look(watched, environ["REQUEST_METHOD"], path)
        with self._lock:
            watched.in_flight += 1
        try:
            return self._app(environ, start_response)
        finally:
            with self._lock:
                watched.in_flight -= 1

    def _look(self, watched: _Watched, method: str, path: str) -> None:
        polled = _POLL.fullmatch(path) if method == "GET" else None
        with self._lock:
            _remember_inputs(watched)
            if polled is None:
                watched.final_polls = 0
                return
            watched.waiting = watched.waiting or _find_waiting(watched, polled[1])
            if watched.waiting is None and polled[1]:
                self._move_clock(watched, polled[1])
        if watched.waiting:
            watched.released.wait(_HOLD_SECONDS)

    def _move_clock(self, watched: _Watched, id: str) -> None:
        now = watched.world.now()
        advance = watched.world.advance
        upcoming = advance.next_event()
        # A clock that runs stands as long as nothing happens.
        is_running = watched.world.clock.current.speed > 0
        at = (upcoming.at if upcoming else inf) if is_running else now
        watched.standing[id, at] += 1
        if watched.standing[id, at] < self._patience or _is_over(watched.world, now):
            return
        watched.standing.clear()
        at = now + _STEP_SECONDS if upcoming is None else upcoming.at
        advance.fast_forward(min(at, now + _STEP_SECONDS))
        watched.granted_seconds += watched.world.now() - now


def _advance(
    world: World, environ: "WSGIEnvironment", start_response: "StartResponse"
) -> Iterable[bytes]:
    """Move a clock by the sleep of a program, as the control API does, in a tenth of its time.

    Programs sleep thousands of times, and only their shims call this.
    """
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    try:
        answer = {"event_count": world.advance.by(json.loads(body)["seconds"]).event_count}
        status = "200 OK"
    except ApiError as error:  # near the end of simulated time
        answer, status = error.body(), "400 Bad Request"
    data = json.dumps(answer).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(data)))]
    start_response(status, headers)
    return [data]


def _key(environ: "WSGIEnvironment") -> str:
    try:
        return request_key(environ) or ""
    except ApiError:  # the app answers with it
        return ""


def _remember_inputs(watched: _Watched) -> None:
    for batch in watched.world.batches(_ALL, None).items:
        if batch.input.content.size or batch.id not in watched.inputs:
            watched.inputs[batch.id] = batch.input


def _find_waiting(watched: _Watched, id: str | None) -> Waiting | None:
    """Return what a poll shows the program to wait for; a list shows the newest batch.

    Only time counts that the program slept itself: if its clock stands still, a deadline that it
    has cannot come.
    """
    now = watched.world.now()
    batches = watched.world.batches(_ALL, None).items
    batch = next((one for one in batches if id in (None, one.id)), None)
    if batch is None:
        return None
    has_ended = batch.is_final(now)
    watched.final_polls = watched.final_polls + 1 if has_ended else 0
    if now - watched.granted_seconds < batch.expires_at + PATIENCE_SECONDS:
        return None
    is_sure = not has_ended or watched.final_polls >= MIN_FINAL_POLLS
    return Waiting(batch.id, has_ended) if is_sure else None


def _is_over(world: World, now: float) -> bool:
    """Return whether nothing more can happen to the batches; later, their files would be gone."""
    batches = world.batches(_ALL, None).items
    return all(now > batch.expires_at + PATIENCE_SECONDS for batch in batches)
