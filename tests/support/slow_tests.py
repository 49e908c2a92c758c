"""Parametrized tests that run in part in `make test`; the rest are marked slow."""

from collections.abc import Iterable
from typing import Any

import pytest


def mark_slow_except(quick: Iterable[str], names: Iterable[str]) -> list[Any]:
    """Return names as parameters, each marked slow unless it is a quick one."""
    kept = set(quick)
    return [name if name in kept else pytest.param(name, marks=pytest.mark.slow) for name in names]


def mark_slow_except_each_tenth(names: Iterable[str]) -> list[Any]:
    """Return names as parameters, nine of ten marked slow."""
    all_names = list(names)
    return mark_slow_except(all_names[::10], all_names)
