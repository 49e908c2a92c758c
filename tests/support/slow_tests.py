"""Parameters of which only some run in `make test`; the others are marked slow."""

from collections.abc import Iterable
from typing import Any

import pytest


def slow_but(quick: Iterable[str], names: Iterable[str]) -> list[Any]:
    """Return names as parameters, each marked slow unless it is a quick one."""
    kept = set(quick)
    return [name if name in kept else pytest.param(name, marks=pytest.mark.slow) for name in names]


def slow_but_each_tenth(names: Iterable[str]) -> list[Any]:
    """Return names as parameters, nine of ten marked slow."""
    all_names = list(names)
    return slow_but(all_names[::10], all_names)
