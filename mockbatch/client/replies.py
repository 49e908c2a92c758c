"""Adds and removes the scripted replies of a world."""

from collections.abc import Callable, Mapping, Sequence

from mockbatch.client.connection import WorldConnection
from mockbatch.typing import Json

__tracebackhide__ = True

# A reply document, the text of a reply, or a function of the request line that returns either.
OneReply = Mapping[str, Json] | str | Callable[[dict[str, Json]], Json]


def enter_reply(
    world: WorldConnection,
    add_callable: Callable[[dict[str, Json]], None] | None,
    match: Mapping[str, Json] | str,
    reply: OneReply | Sequence[OneReply],
    times: int | None,
) -> None:
    """Enter a reply, or several in turn.

    `add_callable` enters one that is a function, None if the world is in another process.
    """
    body = {"match": _conditions(match), "reply": reply, "times": times}
    replies = reply if isinstance(reply, list | tuple) else [reply]
    if not any(map(callable, replies)):
        world.call("POST", "/_mock/replies", body)
    elif add_callable is None:
        raise TypeError("a reply that is a function needs a server in this process")
    else:
        add_callable(body)


def remove_replies(world: WorldConnection, match: Mapping[str, Json] | str | None) -> None:
    """Remove the replies for a match, or all."""
    body = {} if match is None else {"match": _conditions(match)}
    world.call("DELETE", "/_mock/replies", body)


def _conditions(match: Mapping[str, Json] | str) -> dict[str, Json]:
    return {"custom_id": match} if isinstance(match, str) else dict(match)
