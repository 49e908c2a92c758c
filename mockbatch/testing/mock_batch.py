"""MockBatch: a server with one world, for use outside of pytest."""

import os
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from functools import wraps
from inspect import iscoroutinefunction
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from mockbatch.client import MockBatchUnusedWarning, WorldClient
from mockbatch.testing.environment import environment, environment_of
from mockbatch.testing.options import WorldOptions
from mockbatch.testing.servers import (
    LocalServer,
    api_key_for,
    in_process_abilities,
    reset_world,
)

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

__tracebackhide__ = True

Function = TypeVar("Function", bound=Callable[..., Any])


class MockBatch(WorldClient):
    """A server with one world, as a context manager or a decorator.

    >>> with MockBatch(scenario="some_failed") as mock:
    ...     mock.clock.mode
    'manual'

    Within the `with` block, `env` points the environment variables of the SDK to the world, and
    `skip_sleep` lets the sleeps of the thread move its clock. A decorated function gets a fresh
    server in each call. A fault, a reply or a scenario that never applied causes a
    MockBatchUnusedWarning at the end of the block.

    `options` are those of the pytest marker; the parameters of a scenario are in `params`.
    """

    def __init__(
        self, *, env: bool = False, skip_sleep: bool = False, **options: "Unpack[WorldOptions]"
    ) -> None:
        self._settings: dict[str, Any] = {"env": env, "skip_sleep": skip_sleep, **options}
        self._server = LocalServer()
        self._exits = ExitStack()
        key = api_key_for("MockBatch")
        abilities = in_process_abilities(self._server.app, key)
        super().__init__(self._server.url, key, self._server.transport(), **abilities)
        try:
            reset_world(self, options)
        except BaseException:
            self._server.close()
            raise

    def __enter__(self) -> "Self":
        self.check_open()
        if self._settings["env"]:
            self._exits.enter_context(environment(environment_of(self)))
        if self._settings["skip_sleep"]:
            self._exits.enter_context(self.skip_sleep())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it; unless the block has failed, warn of what was set up and never applied."""
        unused: list[str] = []
        try:
            if error is None and not self.closed and self._process == os.getpid():
                unused = self.call("GET", "/_mock/unused")["unused"]
        finally:
            self.close()
        for sentence in unused:
            warnings.warn(sentence, MockBatchUnusedWarning, stacklevel=2)

    def __call__(self, function: Function) -> Function:
        """Return a function that runs within a MockBatch of its own, with the same options."""
        self.close()  # this one has checked the options, and is of no other use
        settings = self._settings

        @wraps(function)
        async def call_async(*args: Any, **kwargs: Any) -> Any:
            with MockBatch(**settings):
                return await function(*args, **kwargs)

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            with MockBatch(**settings):
                return function(*args, **kwargs)

        decorated: Any = call_async if iscoroutinefunction(function) else call
        return decorated  # type: ignore[no-any-return]

    def world(self, name: str | None = None, **options: "Unpack[WorldOptions]") -> WorldClient:
        """Create another world on the same server."""
        return self._server.world(name, **options)

    def close(self) -> None:
        """Put back the environment and the sleeps, and stop the server."""
        if not self.closed:
            self._exits.close()
            super().close()
            self._server.close()
