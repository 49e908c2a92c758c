"""mockbatch: the OpenAI Batch API on your own machine, with time under your control.

The names below are loaded when they are first used, so that the pytest plugin costs a test
run without mockbatch nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.2.0"
__all__ = [
    "ControlError",
    "EndedAs",
    "MockBatch",
    "MockBatchWarning",
    "WorldClient",
    "__version__",
]

if TYPE_CHECKING:
    from mockbatch.client import ControlError, EndedAs, MockBatchWarning, WorldClient
    from mockbatch.testing.mock_batch import MockBatch

_HOMES = {
    "ControlError": "mockbatch.client",
    "EndedAs": "mockbatch.client",
    "MockBatch": "mockbatch.testing.mock_batch",
    "MockBatchWarning": "mockbatch.client",
    "WorldClient": "mockbatch.client",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'mockbatch' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
