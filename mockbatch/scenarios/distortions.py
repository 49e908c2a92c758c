"""Changes that a scenario makes to an object or line after the check against its schema.

The result fits no schema. Each distortion was seen in the wild, or its effect on a client was
measured.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct, field

from mockbatch.endpoints.responses.output_items import make_item_id
from mockbatch.typing import Json


class ObjectDistortion(Struct, frozen=True):
    """A change to the Batch object, in the statuses `when` (in any, if empty).

    `set` replaces the values of members, `null_to` only of those that are null, and
    `drop_nulls` leaves null members out.
    """

    when: frozenset[str] = frozenset()
    set: Mapping[str, Json] = field(default_factory=dict)
    null_to: Mapping[str, Json] = field(default_factory=dict)
    drop_nulls: bool = False

    def of(self, shown: dict[str, Json], status: str) -> dict[str, Json]:
        """Return the distorted Batch object; `status` is the undistorted one."""
        if self.when and status not in self.when:
            return shown
        shown = {**shown, **self.set}
        for name, value in self.null_to.items():
            # A missing member is not null.
            shown |= {name: value} if shown.get(name, value) is None else {}
        return {k: v for k, v in shown.items() if v is not None or not self.drop_nulls}


class OutputDistortion(Struct, frozen=True):
    """A change to the lines of the output and error files.

    `missing` and `duplicate` are fractions of the lines, `blank` is the fraction with an empty
    line before it, `astray` the fraction of the error file's lines that are in the output
    file as well. `garbage` is a broken line in the middle; `drop` names members that bodies
    lose; `separators` is put raw into the texts of each body; `status_code` replaces that of
    each response; `fragments` gives a response two messages, the first cut short. `line_end`
    ends each line, and the last one only if `ends`.
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

    def leaked(self, errors: list[dict[str, Json]]) -> list[dict[str, Json]]:
        """Return the lines of the error file that are in the output file as well."""
        return errors[: round(self.astray * len(errors))]

    def of(
        self, lines: list[dict[str, Json]], dump: Callable[[dict[str, Json]], str] = json.dumps
    ) -> Iterator[str]:
        """Yield the text of a file with these lines, distorted, piece by piece."""
        lines = lines[round(self.missing * len(lines)) :]
        lines = lines + lines[: round(self.duplicate * len(lines))]
        for index, line in enumerate(lines):
            if index < round(self.blank * len(lines)):
                yield self.line_end
            if self.garbage and index == len(lines) // 2:
                yield self.garbage + self.line_end
            yield dump(self._line(line))
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


class WebhookDistortion(Struct, frozen=True):
    """A change to how the event of a batch is delivered; times are simulated seconds.

    It is sent `delay` after the end of the batch, or `early` before it. Of ten batches in order
    of creation, earlier ones are delayed by up to `reverse`, so that events arrive in reverse
    order. It is delivered `copies` times, or never if `lost`; the first `failures` attempts do
    not reach the receiver. Its timestamp is off by `skew` seconds of real time; each of
    `signatures` is made with the endpoint's `own` secret or an `other` one.
    """

    delay: float = 0
    early: float = 0
    reverse: float = 0
    copies: int = 1
    lost: bool = False
    failures: int = 0
    skew: float = 0
    signatures: tuple[str, ...] = ("own",)

    def delay_for(self, number: int) -> int:
        """Return the whole seconds from the end of the batch with this number to its event."""
        return round(self.delay - self.early + self.reverse * (10 - number % 10) / 10)


NO_DISTORTION = WebhookDistortion()


def distort(shown: dict[str, Json], distortions: Sequence[ObjectDistortion]) -> dict[str, Json]:
    """Return a Batch object with all distortions applied, in their order."""
    if not distortions:
        return shown
    status = shown["status"]
    for distortion in distortions:
        shown = distortion.of(shown, status)
    return shown


def _in_pieces(item: Json, of: str) -> list[Json]:
    """Return an output item of response `of`; a message comes after a copy of its beginning."""
    match item:
        case {"type": "message", "content": [{"text": str(text)} as part, *_]}:
            start = {**part, "text": text[: len(text) // 3]}
            return [{**item, "id": make_item_id("msg", of, 1), "content": [start]}, item]
    return [item]


def _with_text(value: Json, addition: str) -> Json:
    """Return a body with an addition at the end of each text."""
    if isinstance(value, dict):
        return {
            name: f"{item}{addition}end"
            if name in ("content", "text") and isinstance(item, str)
            else _with_text(item, addition)
            for name, item in value.items()
        }
    return [_with_text(item, addition) for item in value] if isinstance(value, list) else value
