"""What a scenario does to the honest, checked object or line on its way out.

No schema allows what comes out; each distortion was seen, or its effect on a client measured.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mockbatch.endpoints.responses.output_items import further_id
from mockbatch.typing import Json


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

    `missing` and `duplicate` are shares of the lines, `blank` is the share that has an empty
    line before it, `astray` the share of the error file's lines that the output file has too;
    `garbage` is a broken line put into the middle; `drop` names members that bodies lose;
    `separators` is put raw into the first text of each body; `status_code` replaces that of
    each response; `fragments` gives a response two messages, of which the first is cut short;
    `line_end` ends each line, the last one only if `ends`.
    """

    missing: float = 0
    duplicate: float = 0
    blank: float = 0
    astray: float = 0
    garbage: str = ""
    drop: tuple[str, ...] = ()
    separators: str = ""
    status_code: int | None = None
    fragments: bool = False
    line_end: str = "\n"
    ends: bool = True

    def strays(self, errors: list[dict[str, Json]]) -> list[dict[str, Json]]:
        """Return the lines of the error file that the output file has too."""
        return errors[: round(self.astray * len(errors))]

    def of(self, lines: list[dict[str, Json]]) -> Iterator[str]:
        """Yield the text of one file, piece by piece, as the distortion leaves its lines."""
        lines = lines[round(self.missing * len(lines)) :]
        lines = lines + lines[: round(self.duplicate * len(lines))]
        for index, line in enumerate(lines):
            if index < round(self.blank * len(lines)):
                yield self.line_end
            if self.garbage and index == len(lines) // 2:
                yield self.garbage + self.line_end
            yield json.dumps(self._line(line), ensure_ascii=not self.separators)
            if self.ends or index < len(lines) - 1:
                yield self.line_end

    def _line(self, line: dict[str, Json]) -> dict[str, Json]:
        response = line["response"]
        if response is None:
            return line
        changed = {**response, "body": self._body(response["body"])}
        if self.status_code is not None:
            changed["status_code"] = self.status_code
        return {**line, "response": changed}

    def _body(self, body: Json) -> Json:
        if not isinstance(body, dict):  # a raw one
            return body
        body = {name: value for name, value in body.items() if name not in self.drop}
        if self.separators:
            body = _with_text(body, self.separators)
        if self.fragments and isinstance(body.get("output"), list):
            of = str(body.get("id"))
            body["output"] = [item for whole in body["output"] for item in _in_pieces(whole, of)]
        return body


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


def _in_pieces(item: Json, of: str) -> list[Json]:
    """Return an item of the response `of`, behind its own cut beginning if it is a message."""
    match item:
        case {"type": "message", "content": [{"text": str(text)} as part, *_]}:
            start = {**part, "text": text[: len(text) // 3]}
            return [{**item, "id": further_id("msg", of, 1), "content": [start]}, item]
    return [item]


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
