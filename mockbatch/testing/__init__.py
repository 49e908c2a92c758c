"""What a test uses: servers in its own process, and the pytest plugin.

pytest_plugin    the fixtures, and the hooks behind them
world_log        which test or fixture created which worlds
misfortunes      the fixture `misfortune`; `survival` judges whether a test survived one
plugin_options   ini options, the command line option and the marker
options          checks the options of a world, and turns them into a reset
servers          LocalServer (in a thread of this process) and RemoteServer
mock_batch       MockBatch: a server with one world, as a context manager or a decorator
environment      the environment variables by which clients find a world
keep             waits after a failed test, to look at its worlds
failure_report   the section that a failed test's report gets for each world it used

Each module sets `__tracebackhide__`, as the modules of `mockbatch.client` do.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockbatch.client import MockBatchUnusedWarning as MockBatchUnusedWarning
    from mockbatch.client import MockBatchWarning as MockBatchWarning

__all__ = ["MockBatchUnusedWarning", "MockBatchWarning"]


def __getattr__(name: str) -> object:
    # Imported when first used: the plugin is loaded in every run of pytest.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from mockbatch import client

    return getattr(client, name)
