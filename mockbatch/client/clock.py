"""The simulated clock of one world: reading it, and moving it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from mockbatch.client.results import Advanced, ControlError, EndedAs, Event, HasId, id_of
from mockbatch.client.sleep_watch import StandingClock
from mockbatch.client.webhook_receiver import current_delivery
from mockbatch.clock import MANUAL, format_instant, parse_instant
from mockbatch.errors import ApiError
from mockbatch.typing import Json

if TYPE_CHECKING:
    from flask import Flask

    from mockbatch.client.world_client import WorldClient

__tracebackhide__ = True


class Clock:
    """The simulated clock of one world."""

    def __init__(self, world: "WorldClient") -> None:
        self._world = world

    def __repr__(self) -> str:
        if self._world.closed:
            return "<Clock of a closed world>"
        clock = self._read()
        return f"<Clock at {format_instant(clock['now'])}, {clock['mode']}>"

    @property
    def now(self) -> float:
        """Simulated epoch seconds."""
        now: float = self._read()["now"]
        return now

    @property
    def mode(self) -> str:
        """`manual`, `realtime`, `on-poll` or `xN`; assign to change it."""
        mode: str = self._read()["mode"]
        return mode

    @mode.setter
    def mode(self, mode: str) -> None:
        self._world.call("POST", "/_mock/clock", {"mode": mode})

    @property
    def next_event(self) -> Event | None:
        """The next status change or webhook, None if none is due."""
        event = self._read()["next_event"]
        return None if event is None else Event(**event)

    def read_standing(self) -> StandingClock | None:
        """Return the clock and a batch that waits for it; None if no batch waits.

        On a clock that only the test moves, an unfinished batch waits for the test.
        """
        try:
            clock = self._read()
        except (ControlError, OSError):
            return None  # the world, or its server, is gone
        batch = clock["unfinished_batch"]
        if clock["mode"] != MANUAL or batch is None:
            return None
        return StandingClock(clock["now"], batch["id"], batch["status"])

    def advance(
        self, seconds: float = 0, *, minutes: float = 0, hours: float = 0, days: float = 0
    ) -> Advanced:
        """Move time forward; returns when everything due on the way has happened."""
        step = timedelta(seconds=seconds, minutes=minutes, hours=hours, days=days)
        return self._advance({"seconds": step.total_seconds()})

    def advance_to(self, instant: float | str | datetime) -> Advanced:
        """Move time forward to an instant: epoch seconds, ISO 8601 text or an aware datetime."""
        return self._advance({"to": epoch_seconds(instant)})

    def advance_to_next(self) -> Advanced:
        """Move time forward to the next event; ControlError when nothing is due."""
        return self._advance({"next_event": True})

    def run_until(self, batch: str | HasId, status: str = "completed") -> Advanced:
        """Move time forward until a batch has reached a status.

        Raises EndedAs if the batch ends with another status; time then stays at that instant.
        """
        try:
            return self._advance({"batch": id_of(batch), "status": status})
        except ControlError as error:
            if error.code != "unreachable_status":
                raise
            status = self._world.timeline(batch)["status"]
            raise EndedAs(id_of(batch), status, str(error)) from None

    def _advance(self, body: Json) -> Advanced:
        result = self._world.call("POST", "/_mock/clock/advance", body)
        events = tuple(Event(**event) for event in result["events"])
        return Advanced(result["now"], events, result["event_count"], result.get("hint"))

    def _read(self) -> dict[str, Json]:
        clock: dict[str, Json] = self._world.call("GET", "/_mock/clock")
        return clock


def epoch_seconds(instant: float | str | datetime) -> float:
    """Return the epoch seconds of an instant: a number, ISO 8601 text or an aware datetime.

    Text without a zone is UTC. Raises ValueError for a naive datetime, which means another instant
    in each time zone, and for text that is not a time.
    """
    if isinstance(instant, datetime):
        if instant.tzinfo is None:
            raise ValueError(
                f"{instant!r} has no time zone, so it is no instant: use an aware datetime, such "
                "as datetime(2026, 1, 1, tzinfo=timezone.utc)"
            )
        return instant.timestamp()
    return parse_instant(instant) if isinstance(instant, str) else instant


class SleepClock:
    """The clock as `skip_sleep` needs it.

    It moves a world of this process without a request: with one, a poll and its skipped sleep took
    1.3 times as long as a poll alone.
    """

    def __init__(self, world: "WorldClient", find_app: "Callable[[], Flask | None]") -> None:
        self._client = world
        self._clock = world.clock
        self._find_app = find_app

    def now(self) -> float:
        """Return simulated epoch seconds."""
        world = self._find_world()
        if world is None:
            return self._clock.now
        now: float = world.now()
        return now

    def advance_by(self, seconds: float) -> None:
        """Move time forward."""
        world = self._find_movable_world()
        if world is None:
            self._clock.advance(seconds)
            return
        try:
            world.advance.by(seconds)
        except ApiError as error:
            raise _control_error(error) from None

    def advance_to(self, instant: float) -> float:
        """Move time to an instant unless it is past, and return the time."""
        world = self._find_movable_world()
        try:
            if world is None:
                return self._clock.advance_to(instant).now
            now: float = world.advance.to(instant).now
        except (ApiError, ControlError) as error:
            if error.code == "clock_is_past":
                return self.now()
            if isinstance(error, ApiError):
                raise _control_error(error) from None
            raise
        return now

    def _find_world(self, *, is_read_only: bool = True) -> Any:
        """Return the World of this process that has the key, None if it is elsewhere."""
        self._client.check_open()
        app = self._find_app()
        if app is None:
            return None
        worlds = app.extensions["mockbatch"].worlds
        return worlds.open(self._client.api_key, is_read_only=is_read_only)

    def _find_movable_world(self) -> Any:
        """Return the World if it can be moved without a request, else None.

        A running clock has a timer for its webhooks, which a request sets anew, and the server must
        know that a webhook receiver is calling.
        """
        world = self._find_world(is_read_only=False)
        is_movable = world is not None and world.clock.mode == MANUAL
        return world if is_movable and current_delivery.get() is None else None


def _control_error(error: ApiError) -> ControlError:
    """Return an error of a world as the control API reports it."""
    return ControlError(error.status, error.body()["error"])
