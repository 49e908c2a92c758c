"""Connections to a Redis or Valkey, and what its errors mean."""

import hashlib
import logging
import os
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from mockbatch.errors import ApiError
from mockbatch.stores.failure import (
    StoreUnreachableError,
    state_full,
    state_timeout,
    state_unavailable,
)
from mockbatch.stores.redis_connection import RedisConnection
from mockbatch.stores.redis_scripts import FORMAT, OTHER_FORMAT
from mockbatch.stores.store import WAIT_SECONDS

if TYPE_CHECKING:
    import redis

_SCHEMES = {"valkey": "redis", "valkeys": "rediss"}

log = logging.getLogger(__name__)


def _ignore() -> None:
    """Do nothing."""


class _OfProcess(NamedTuple):
    """The part of a client that a process does not share with the processes that it forks."""

    name: str
    client: "redis.Redis"
    waiting: set[RedisConnection]


class RedisClient:
    """Connections of each process that uses it; forked children have their own.

    `get` is the client of redis-py. What each request of a world needs goes through `run` and
    `post` instead, over one connection that the thread keeps: the client takes longer to choose
    a connection for a command than the server takes to carry it out.
    """

    def __init__(self, url: str) -> None:
        scheme, _, rest = url.partition("://")
        self._url = f"{_SCHEMES.get(scheme, scheme)}://{rest}"
        self._by_process: dict[int, _OfProcess] = {}
        self._local = threading.local()

    def get(self) -> "redis.Redis":
        """Return the client of this process."""
        return self._of_process().client

    @property
    def name(self) -> str:
        """The name by which the server lists the connections of this process."""
        return self._of_process().name

    def _of_process(self) -> "_OfProcess":
        process = os.getpid()
        found = self._by_process.get(process)
        # Two threads that call this first at the same time get the same value.
        return found or self._by_process.setdefault(process, self._begin())

    def _begin(self) -> "_OfProcess":
        name = f"mockbatch-{secrets.token_hex(8)}"
        return _OfProcess(name, self._connect(name), set())

    def run(self, script: str, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        """Run a Lua script, which the server keeps once it has been sent, in one round trip."""
        import redis

        connection = self._connection()
        try:
            return connection.ask("EVALSHA", _digest(script), len(keys), *keys, *arguments)
        except redis.exceptions.NoScriptError:
            return connection.ask("EVAL", script, len(keys), *keys, *arguments)

    def ask(self, *command: Any) -> Any:
        """Return the reply to a command, as the server sends it."""
        return self._connection().ask(*command)

    def post(
        self,
        script: str,
        keys: Sequence[str],
        arguments: Sequence[Any],
        on_lost: Callable[[], None] = _ignore,
    ) -> None:
        """Send a Lua script to run, without waiting for it; an error in its reply is logged.

        `on_lost` is called if the connection ends without a reply, so that the script may not
        have run.
        """
        self._connection().post(on_lost, "EVAL", script, len(keys), *keys, *arguments)

    @property
    def is_connected(self) -> bool:
        """Whether this thread has a connection, as far as is known."""
        known = self._known()
        return known is not None and known.is_connected

    def keep_connected(self) -> None:
        """Connect this thread again if the server has closed its connection."""
        self._connection()
        if not self.is_connected:
            self.ask("PING")

    def close_thread(self) -> None:
        """Close the connection of this thread."""
        known = self._known()
        if known is not None:
            del self._local.connection
            known.close()

    def _connection(self) -> RedisConnection:
        known = self._known()
        if known is None:
            own = self._of_process()
            known = self._local.connection = RedisConnection(own.client, own.waiting)
        known.prepare()
        return known

    def _known(self) -> RedisConnection | None:
        """Return the connection of this thread, None if it has none, or is a forked one."""
        known: RedisConnection | None = getattr(self._local, "connection", None)
        return known if known is not None and known.process == os.getpid() else None

    def _connect(self, name: str) -> "redis.Redis":
        try:
            import redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ImportError:
            message = "it needs an extra: pip install 'mockbatch[redis]', in a checkout '.[redis]'"
            raise ValueError(message) from None
        # Without retries, which take 3.65 seconds by default: the caller gets a 503 at once.
        return redis.Redis.from_url(
            self._url,
            client_name=name,
            socket_timeout=WAIT_SECONDS,
            socket_connect_timeout=WAIT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )

    def check(self) -> None:
        """Raise ValueError if the server cannot be used; warn if it may drop what it has.

        It is a StoreUnreachableError if the server may only be down, or still starting.
        """
        client = self.get()  # which says so if the extra is missing
        import redis

        try:
            policy = client.info("memory").get("maxmemory_policy", "noeviction")
        except redis.exceptions.AuthenticationError:
            message = "Redis wants another password: name it as in redis://:PASSWORD@HOST"
            raise ValueError(message) from None
        except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError) as error:
            raise StoreUnreachableError(f"no Redis can be used there: {error}") from None
        except redis.exceptions.RedisError as error:
            raise ValueError(f"no Redis can be used there: {error}") from None
        finally:
            client.close()
        if policy != "noeviction":
            log.warning(
                "the maxmemory-policy of the store is %s: under pressure it drops parts of worlds; "
                "set it to noeviction",
                policy,
            )


@cache
def _digest(script: str) -> str:
    return hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()


@contextmanager
def redis_errors() -> Iterator[None]:
    """Turn what redis-py raises into ApiError 503, or 507 for a server without memory left."""
    import redis

    try:
        yield
    except redis.exceptions.OutOfMemoryError as error:
        raise state_full("the store has no memory left") from error
    except redis.exceptions.AuthenticationError as error:
        raise state_unavailable("the store does not accept the password") from error
    except redis.exceptions.TimeoutError as error:
        raise state_timeout() from error
    except redis.exceptions.ConnectionError as error:
        raise state_unavailable("the store cannot be reached") from error
    except redis.exceptions.RedisError as error:
        kind, _, found = str(error).partition(" ")
        if kind == OTHER_FORMAT:
            raise _other_format(found) from error
        raise state_unavailable(f"the store refuses: {error}") from error


def _other_format(found: str) -> ApiError:
    """Return the ApiError for a world of another format, and log what to do about it."""
    log.error(
        "a world in the store has format %s, and this version of mockbatch reads %s: use the"
        " version that wrote it, another database, or remove the keys mockbatch:* to begin anew",
        found,
        FORMAT,
    )
    return state_unavailable(f"it has format {found}, which this version of mockbatch cannot read")
