"""A response of the API with members changed."""

import json
from collections.abc import Iterable, Mapping

from msgspec import field

from mockbatch.faults.exchange import AppResponse, Exchange
from mockbatch.faults.fault import Fault
from mockbatch.faults.message import Message
from mockbatch.faults.request_record import RequestRecord
from mockbatch.jsonio import indent
from mockbatch.typing import Json


class Patch(Fault, frozen=True):
    """Changes members of a successful JSON response, after the check against its schema.

    Objects are merged, any other value replaces the one that is there. Only a response
    with the members of `where` is changed.
    """

    patch: Mapping[str, Json]
    where: Mapping[str, Json] = field(default_factory=dict)

    def apply(self, call: Exchange) -> Iterable[bytes]:
        """Send the changed response."""
        answer = call.run()
        if answer.status.startswith("2") and answer.header("Content-Type") == "application/json":
            self._change(answer, RequestRecord.of(call.environ).response)
        return call.send(answer)

    def _change(self, answer: AppResponse, journaled: Message | None) -> None:
        body = json.loads(answer.read())
        if all(name in body and body[name] == value for name, value in self.where.items()):
            changed = indent(_merge(body, self.patch)).encode()
            answer.replace(changed)
            if journaled is not None:
                journaled.set_body(changed)


def _merge(value: Json, patch: Json) -> Json:
    if not isinstance(value, dict) or not isinstance(patch, Mapping):
        return patch
    return {**value, **{name: _merge(value.get(name), inner) for name, inner in patch.items()}}


KIND = Patch
