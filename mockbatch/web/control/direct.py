"""Calls of the control API by the process of the server itself, without a request.

Every test of a suite makes the four below. As requests they took a tenth of its time.
"""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask

from mockbatch.errors import ApiError
from mockbatch.typing import Json
from mockbatch.web import request_recorder, wakeup
from mockbatch.web.body_limit import MAX_JSON_BYTES
from mockbatch.web.context import ServerState
from mockbatch.web.control.clock import move_clock
from mockbatch.web.control.requests import broken_requests
from mockbatch.web.control.server import reset_world
from mockbatch.web.credentials import request_key
from mockbatch.web.responses import check_document, parse_body
from mockbatch.world.world import World

#: Where an app has its DirectCalls, if its worlds are in the memory of its process.
DIRECT_EXTENSION = "mockbatch.direct"
# Any other header, such as that of a webhook receiver, may change what a call does.
_PLAIN_HEADERS = frozenset({"HTTP_AUTHORIZATION", "HTTP_CONTENT_TYPE", "HTTP_HOST"})


class DirectCalls:
    """Responds to some calls of the control API as their routes do; no response is checked."""

    def __init__(self, app: Flask, state: ServerState) -> None:
        self._app = app
        self._state = state

    def respond(
        self, method: str, path: str, headers: Mapping[str, Any], data: bytes
    ) -> tuple[int, bytes] | None:
        """Return the status and the body of the response, None if only a request gets one.

        `headers` are named as in a WSGI environ. A call that is to be logged is a request.
        """
        call = _CALLS.get((method, path))
        is_logged = request_recorder.log.isEnabledFor(logging.INFO)
        is_plain = headers.keys() <= _PLAIN_HEADERS and len(data) <= MAX_JSON_BYTES
        if call is None or is_logged or not is_plain:
            return None
        try:
            key = request_key(headers)
            body = None if key is None else self._call(call, key, data)
        except ApiError as error:
            return error.status, json.dumps(error.body()).encode()
        return None if body is None else (200, json.dumps(body).encode())

    def _call(self, call: "_Call", key: str, data: bytes) -> dict[str, Json] | None:
        self._state.worlds.check_key(key)
        try:
            return call(self._state, key, data)
        finally:  # an advance that fails may have moved the clock
            world = self._state.worlds.find(key)
            if world is not None:
                wakeup.schedule_wakeup(self._app, world)


_Call = Callable[[ServerState, str, bytes], dict[str, Json] | None]


def _advance(state: ServerState, key: str, data: bytes) -> dict[str, Json]:
    world = _open(state, key)
    document = check_document("advance", parse_body(data))
    return move_clock(state, world, world.advance, document)


def _reset(state: ServerState, key: str, data: bytes) -> dict[str, Json] | None:
    document = check_document("reset", parse_body(data, optional=True))
    if "all" in document:
        return None
    reset_world(state, key, document)
    return {"reset": 1}


def _delete(state: ServerState, key: str, _: bytes) -> dict[str, Json]:
    state.worlds.remove(state.worlds.name_of(key))
    return {"reset": 1}


def _review(state: ServerState, key: str, _: bytes) -> dict[str, Json]:
    return broken_requests(_open(state, key, is_read_only=True))


def _open(state: ServerState, key: str, *, is_read_only: bool = False) -> World:
    world = state.worlds.open(key, is_read_only=is_read_only)
    world.release_expired()
    return world


_CALLS: Mapping[tuple[str, str], _Call] = {
    ("POST", "/_mock/reset"): _reset,
    ("POST", "/_mock/clock/advance"): _advance,
    ("GET", "/_mock/requests?broken=true"): _review,
    ("DELETE", "/_mock/state"): _delete,
}
