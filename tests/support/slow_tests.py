"""Parametrized tests that run in part in `make test`; the rest are marked slow."""

from collections.abc import Iterable
from typing import Any

import pytest


def mark_slow_except(quick: Iterable[str], names: Iterable[str]) -> list[Any]:
    """Return names as parameters, each marked slow unless it is a quick one."""
    kept = set(quick)
    return [name if name in kept else pytest.param(name, marks=pytest.mark.slow) for name in names]


def mark_slow_except_each(step: int, values: Iterable[Any]) -> list[Any]:
    """Return values as parameters, all but the first of each `step` marked slow.

    A tuple has the values of several parameters.
    """
    return [
        value
        if number % step == 0
        else pytest.param(*(value if isinstance(value, tuple) else [value]), marks=pytest.mark.slow)
        for number, value in enumerate(values)
    ]
