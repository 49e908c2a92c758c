"""What a scenario does to the honest, checked object or line on its way out.

No schema allows what comes out; each distortion was seen, or its effect on a client measured.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = Any


@dataclass(frozen=True, slots=True)
class ObjectDistortion:
    """A change of the Batch object, in the statuses `when` (any, when empty).

    `set` gives members another value, `null_to` only those that are null, `drop_nulls`
    leaves null members out.
    """

    when: frozenset[str] = frozenset()
    set: Mapping[str, Json] = field(default_factory=dict)
    null_to: Mapping[str, Json] = field(default_factory=dict)
    drop_nulls: bool = False

    def of(self, shown: dict[str, Json], status: str) -> dict[str, Json]:
        """Return a Batch object as the distortion leaves it; `status` is the honest one."""
        if self.when and status not in self.when:
            return shown
        shown = {**shown, **self.set}
        for name, value in self.null_to.items():
            # A member that is not there is not null.
            shown |= {name: value} if shown.get(name, value) is None else {}
        return {k: v for k, v in shown.items() if v is not None or not self.drop_nulls}


@dataclass(frozen=True, slots=True)
class OutputDistortion:
    """A change of the lines of the output and error files.

    `missing` and `duplicate` are shares of the lines; `garbage` is a broken line put into
    the middle; `drop` names members that bodies lose; `separators` is put raw into the
    first text of each body; `status_code` replaces that of each response.
    """

    missing: float = 0
    duplicate: float = 0
    garbage: str = ""
    drop: tuple[str, ...] = ()
    separators: str = ""
    status_code: int | None = None

    def of(self, lines: list[dict[str, Json]]) -> Iterator[str]:
        """Yield the lines of one file as text, as the distortion leaves them."""
        lines = lines[round(self.missing * len(lines)) :]
        lines = lines + lines[: round(self.duplicate * len(lines))]
        for index, line in enumerate(lines):
            if self.garbage and index == len(lines) // 2:
                yield self.garbage
            yield json.dumps(self._line(line), ensure_ascii=not self.separators)

    def _line(self, line: dict[str, Json]) -> dict[str, Json]:
        response = line["response"]
        if response is None:
            return line
        body = {name: value for name, value in response["body"].items() if name not in self.drop}
        if self.separators:
            body = _with_text(body, self.separators)
        changed = {**response, "body": body}
        if self.status_code is not None:
            changed["status_code"] = self.status_code
        return {**line, "response": changed}


@dataclass(frozen=True, slots=True)
class WebhookDistortion:
    """What befalls the event of a batch on its way to a receiver, in simulated seconds.

    It sets out `delay` after the end of the batch, or `early` before it. Of ten batches in
    order of creation, those that come first are later by up to `reverse`. It comes `copies`
    times, or never when it is `lost`; the first `failures` attempts reach nobody. Its time
    stamp is wrong by `skew`, in seconds of real time; of `signatures`, each is that of the
    endpoint's `own` secret or of an `other` one.
    """

    delay: float = 0
    early: float = 0
    reverse: float = 0
    copies: int = 1
    lost: bool = False
    failures: int = 0
    skew: float = 0
    signatures: tuple[str, ...] = ("own",)

    def lateness(self, number: int) -> int:
        """Return the whole seconds between the end of a batch and its event."""
        return round(self.delay - self.early + self.reverse * (10 - number % 10) / 10)


HONEST = WebhookDistortion()


def distorted(shown: dict[str, Json], distortions: Sequence[ObjectDistortion]) -> dict[str, Json]:
    """Return a Batch object after all distortions, in their order."""
    if not distortions:
        return shown
    status = shown["status"]
    for distortion in distortions:
        shown = distortion.of(shown, status)
    return shown


def _with_text(value: Json, addition: str) -> Json:
    """Return a body whose texts for people end in an addition."""
    if isinstance(value, dict):
        return {
            name: f"{item}{addition}end"
            if name in ("content", "text") and isinstance(item, str)
            else _with_text(item, addition)
            for name, item in value.items()
        }
    return [_with_text(item, addition) for item in value] if isinstance(value, list) else value
