"""What the mock knows of models: the snapshot behind an alias, and who takes which parameter."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from mockbatch.ids import Seed

# 64 for medium was recorded; the service bills reasoning in multiples of it, and the other
# figures only keep the order of efforts.
_REASONING_TOKENS = {"low": 64, "medium": 64, "high": 192, "xhigh": 384, "max": 768}

_TIERS = {"flex": "flex", "priority": "priority", "fast": "priority"}


@dataclass(frozen=True, slots=True)
class Model:
    """One model, as far as replies depend on it.

    `name` is what replies call it. `known` tells whether its family is in models.json: of
    other models nothing is refused. `effort` is the effort it reasons with when a request
    names none, and None for a model that cannot reason.
    `dimensions` is the length of its embeddings, which only a `resizable` model shortens.
    """

    name: str
    known: bool
    effort: str | None
    stop: bool
    fingerprint: str | None
    dimensions: int
    resizable: bool

    def reasons(self, effort: str | None) -> bool:
        """Tell whether it reasons when a request names this effort, or none."""
        return self.effort is not None and (effort or self.effort) != "none"

    def reasoning_tokens(self, effort: str | None) -> int:
        """Return how many tokens it reasons for, before any limit."""
        return 0 if self.effort is None else _REASONING_TOKENS.get(effort or self.effort, 0)


@lru_cache(maxsize=256)
def get_model(alias: str) -> Model:
    """Return the model that a request means; an unknown name stands for itself."""
    name = snapshot_name(alias)
    family = model_traits(alias, "families")
    traits = family or {}
    return Model(
        name=name,
        known=family is not None,
        effort=traits.get("effort"),
        stop=traits.get("stop", True),
        fingerprint="fp_" + Seed.of(name).hex(10) if traits.get("fingerprint") else None,
        dimensions=traits.get("dimensions", 1536),
        resizable=traits.get("resizable", True),
    )


def served_tier(wanted: str | None) -> str:
    """Return the `service_tier` of a reply; a batch recorded `default`, live calls the others."""
    return _TIERS.get(wanted or "auto", "default")


def model_aliases() -> dict[str, str]:
    """Return the names that stand for a snapshot, and that."""
    snapshots: dict[str, str] = _table()["snapshots"]
    return snapshots


@cache
def _table() -> dict[str, Any]:
    path = resources.files("mockbatch").joinpath("endpoints", "models.json")
    table: dict[str, Any] = json.loads(path.read_bytes())
    return table


def snapshot_name(alias: str) -> str:
    """Return what a model is called in replies."""
    name: str = _table()["snapshots"].get(alias, alias)
    return name


def model_traits(name: str, group: str) -> Mapping[str, Any] | None:
    """Return what a group of models.json says of a model; None if it does not know it.

    The longest known beginning counts, cut at hyphens.
    """
    # A fine-tuned model is called ft:BASE:ORGANISATION:NAME:ID.
    name = name.removeprefix("ft:").split(":")[0]
    known: Mapping[str, Mapping[str, Any]] = _table()[group]
    while name:
        if name in known:
            return known[name]
        name = name.rpartition("-")[0]
    return None
