"""Connections to a Redis or Valkey, and what its errors mean."""

import logging
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mockbatch.stores.failure import state_full, state_unavailable
from mockbatch.stores.store import WAIT_SECONDS

if TYPE_CHECKING:
    import redis

_SCHEMES = {"valkey": "redis", "valkeys": "rediss"}

log = logging.getLogger(__name__)


class RedisClient:
    """Connections of each process that uses it; forked children have their own."""

    def __init__(self, url: str) -> None:
        scheme, _, rest = url.partition("://")
        self._url = f"{_SCHEMES.get(scheme, scheme)}://{rest}"
        self._process = 0
        self._client: redis.Redis | None = None
        #: The name by which the server lists the connections of this process.
        self.name = ""

    def get(self) -> "redis.Redis":
        """Return the client of this process."""
        if self._client is None or self._process != os.getpid():
            self.name = f"mockbatch-{secrets.token_hex(8)}"
            self._client, self._process = self._connect(), os.getpid()
        return self._client

    def _connect(self) -> "redis.Redis":
        try:
            import redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ImportError:
            message = "it needs an extra: pip install 'mockbatch[redis]'"
            raise ValueError(message) from None
        # Without retries, which take 3.65 seconds by default: the caller gets a 503 at once.
        return redis.Redis.from_url(
            self._url,
            client_name=self.name,
            socket_timeout=WAIT_SECONDS,
            socket_connect_timeout=WAIT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )

    def run(self, script: str, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        """Run a Lua script, which the server keeps once it has been sent."""
        return self.get().register_script(script)(keys, arguments)

    def check(self) -> None:
        """Raise ApiError 503 if the server does not answer; warn if it may drop what it has."""
        with redis_errors():
            policy = self.get().info("memory").get("maxmemory_policy", "noeviction")
        if policy != "noeviction":
            log.warning(
                "the maxmemory-policy of the store is %s: under pressure it drops parts of worlds; "
                "set it to noeviction",
                policy,
            )


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
        raise state_unavailable(f"the store has not answered for {WAIT_SECONDS:g} s") from error
    except redis.exceptions.ConnectionError as error:
        raise state_unavailable("the store cannot be reached") from error
    except redis.exceptions.RedisError as error:
        raise state_unavailable(f"the store refuses: {error}") from error
