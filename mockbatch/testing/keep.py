"""`--mockbatch-keep`: stops after a failed test, to look at its worlds as they are."""

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mockbatch.testing.world_log import WorldLog

__tracebackhide__ = True

_QUESTION = "Enter goes on, Ctrl-C ends the run. "


class Keeper:
    """A plugin that waits after each failure, while the worlds of the test are still there."""

    def __init__(self, log: "WorldLog") -> None:
        self._log = log

    def pytest_exception_interact(
        self, node: pytest.Item | pytest.Collector, report: pytest.TestReport
    ) -> None:
        """Show why the test failed and where its worlds can be looked at, and wait for Enter.

        pytest calls this before it tears the test down. Without a terminal it does not wait.
        """
        urls = self._log.dashboards(node) if isinstance(node, pytest.Item) else []
        if not urls:
            return
        capture = node.config.pluginmanager.getplugin("capturemanager")
        if capture is not None:
            capture.suspend_global_capture(in_=True)
        try:
            lines = ["", str(report.longrepr), f"{node.nodeid} has failed. Its worlds:", *urls]
            with suppress(EOFError):
                input("\n".join([*lines, _QUESTION]))
        finally:
            if capture is not None:
                capture.resume_global_capture()
