"""What mockbatch knows about Anthropic's models.

A model exists if its name is one of Anthropic's: `claude-` and a family, such as haiku. So the
models of tomorrow are served, and a misspelled name or another provider's model is not. Sources:
recorded responses of 2025 and 2026 for snapshots, a public report for the limit on output.
"""

from collections.abc import Mapping
from functools import cache

from mockbatch.package_data import read_json
from mockbatch.typing import Json


@cache
def _facts() -> Mapping[str, Json]:
    facts: Mapping[str, Json] = read_json("providers", "anthropic", "models.json")
    return facts


def snapshot_of(name: str) -> str:
    """Return the snapshot that a name stands for; most names are their own."""
    snapshot: str = _facts()["snapshots"].get(name, name)
    return snapshot


def exists(name: str) -> bool:
    """Return whether Anthropic has a model with such a name."""
    return name.startswith("claude-") and any(family in name for family in _facts()["families"])


def max_output_tokens(name: str) -> int | None:
    """Return how many tokens a model generates at most, None if that is not known."""
    limit: int | None = _facts()["max_output_tokens"].get(snapshot_of(name))
    return limit
