"""Judges whether code in this process has survived a misfortune."""

import json
from collections.abc import Iterator, Mapping, Set
from dataclasses import asdict, is_dataclass
from pathlib import Path

import pytest

from mockbatch.client.asyncio_sleep import SimulatedTime
from mockbatch.survive.delivered import Delivery, Text, read_delivered
from mockbatch.survive.evidence import Evidence, ProcessEvidence
from mockbatch.survive.met import is_met
from mockbatch.survive.misfortunes import Misfortune
from mockbatch.survive.polls import PATIENCE_SECONDS
from mockbatch.survive.server_witness import read_server
from mockbatch.survive.verdict import NOT_MET, REPORTED, judge
from mockbatch.typing import Json
from mockbatch.world.world import World

__tracebackhide__ = True

_ALL = 1_000_000


class WaitsForEverError(BaseException):
    """Ends code that would wait for ever; `except Exception` does not catch it."""


class LimitedTime:
    """The clock that sleeps move, up to a day after the window of the last batch.

    Beyond it a sleep raises WaitsForEverError.
    """

    def __init__(self, simulated: SimulatedTime, world: World) -> None:
        self._simulated = simulated
        self._world = world
        self.skipped_seconds = 0.0

    def now(self) -> float:
        """Return the current instant."""
        return self._simulated.now()

    def advance_by(self, seconds: float) -> None:
        """Move the clock by a positive number of seconds."""
        self._check()
        self._simulated.advance_by(seconds)
        self.skipped_seconds += seconds

    def advance_to(self, instant: float) -> float:
        """Move the clock to an instant unless it is past, and return the current one."""
        self._check()
        before = self.now()
        now = self._simulated.advance_to(instant)
        self.skipped_seconds += max(0.0, now - before)
        return now

    def _check(self) -> None:
        batches = self._world.batches(_ALL, None).items
        last = max((batch.expires_at for batch in batches), default=None)
        if last is not None and self.now() > last + PATIENCE_SECONDS:
            raise WaitsForEverError(
                "still sleeping a day after the expires_at of the last batch, while time.time() "
                "and time.monotonic() moved along (datetime.now() does not)"
            )


class Survival:
    """One test in its misfortune; `logged` are the warnings that it has logged."""

    def __init__(self, misfortune: Misfortune, world: World, logged: list[str]) -> None:
        self._misfortune = misfortune
        self._world = world
        self._logged = logged

    def judge(self, delivered: Json, require: str) -> None:
        """Fail the test unless it has survived; skip it if the misfortune did not happen."""
        process = ProcessEvidence()
        if callable(delivered):
            try:
                delivered = delivered()
            except WaitsForEverError as error:
                pytest.fail(self._message(f"waits for ever: {error}"), pytrace=False)
            except Exception as error:  # noqa: BLE001 - how it ends is what is judged
                process = _failure_evidence(error)
                self._logged.append(process.error)
                delivered = None
        verdict = judge(self._evidence(delivered, process))
        if verdict.word == NOT_MET:
            pytest.skip(f"{self._misfortune.name}: {verdict.sentence}")
        if verdict.is_bad or (verdict.word == REPORTED and require != REPORTED):
            pytest.fail(self._message(f"{verdict.word}: {verdict.sentence}"), pytrace=False)

    def _evidence(self, delivered: Json, process: ProcessEvidence) -> Evidence:
        batches = list(reversed(self._world.batches(_ALL, None).items))
        met = is_met(self._misfortune, self._world, batches)
        server = read_server(self._world, batches, is_met=met)
        delivery = Delivery(stdout=_text(texts_in(delivered)), stderr=_text(self._logged))
        found = read_delivered(delivery, server, frozenset())
        return Evidence(server, process, found)

    def _message(self, verdict: str) -> str:
        advice = f"\nadvice: {self._misfortune.advice}" if self._misfortune.advice else ""
        return f"{self._misfortune.name}: {verdict}{advice}"


def _failure_evidence(error: Exception) -> ProcessEvidence:
    name = type(error).__name__
    module = type(error).__module__
    full = name if module in ("builtins", "__main__") else f"{module}.{name}"
    return ProcessEvidence(exit_code=1, error=f"{full}: {error}"[:300])


def _text(lines: "Iterator[str] | list[str]") -> Text:
    text = Text()
    for line in lines:
        text.feed(line.encode("utf-8", "replace") + b"\n")
    return text


def texts_in(value: Json) -> Iterator[str]:
    """Yield the texts in a value: those of its parts, of a Path's file, or its representation."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield value.decode("utf-8", "replace")
    elif isinstance(value, Path):
        yield value.read_bytes().decode("utf-8", "replace")
    elif isinstance(value, Mapping):
        # A name and its value belong together: "a: None" says something about a.
        for name, item in value.items():
            yield f"{name}: {' '.join(texts_in(item))}"
    elif isinstance(value, list | tuple | Set | Iterator):
        for item in value:
            yield from texts_in(item)
    elif hasattr(value, "model_dump"):
        yield json.dumps(value.model_dump(mode="json"))
    elif is_dataclass(value) and not isinstance(value, type):
        yield from texts_in(asdict(value))
    else:
        yield repr(value)
