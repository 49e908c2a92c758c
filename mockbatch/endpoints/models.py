"""What the mock knows about models: aliases, snapshots, and which parameters each accepts."""

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, NamedTuple

from msgspec import Struct

from mockbatch.ids import Seed
from mockbatch.package_data import read_json

# 64 for medium was recorded; the service bills reasoning in multiples of it, and the other
# numbers only keep the order of the efforts.
_REASONING_TOKENS = {"low": 64, "medium": 64, "high": 192, "xhigh": 384, "max": 768}

# Names of models that are longer are not kept in a cache.
_MAX_CACHED_CHARACTERS = 200

_SERVED_TIERS = {"flex": "flex", "priority": "priority", "fast": "priority"}


class TokenLimits(NamedTuple):
    """A model's limits on tokens; None where it has none, or where none is known.

    `context_window` limits the prompt and its completion together, `max_input_tokens` the
    prompt alone, and `max_request_tokens` all prompts of one request. `source` says where the
    numbers come from.
    """

    context_window: int | None = None
    max_input_tokens: int | None = None
    max_output_tokens: int | None = None
    max_request_tokens: int | None = None
    source: str = ""

    def max_prompt_tokens(self, completion_tokens: int = 0) -> int | None:
        """Return the most tokens of a prompt, given how many its completion reserves."""
        if self.context_window is None:
            return None
        remaining = self.context_window - completion_tokens
        return remaining if self.max_input_tokens is None else min(remaining, self.max_input_tokens)


class Model(Struct, frozen=True):
    """One model, as far as responses depend on it.

    `name` is what responses call it. `is_known` says whether its family is in models.json:
    other models reject no parameters. `default_effort` is its reasoning effort unless a request
    names one, and None if the model cannot reason. `accepts_stop` is false if it rejects `stop`.
    `dimensions` is the length of its embeddings, which a request may shorten if it `is_resizable`.
    `limits` are its own: a snapshot may have others than its family.
    """

    name: str
    is_known: bool
    default_effort: str | None
    accepts_stop: bool
    fingerprint: str | None
    dimensions: int
    is_resizable: bool
    limits: TokenLimits

    def reasons(self, effort: str | None) -> bool:
        """Return whether the model reasons if a request names this effort, or none."""
        return self.default_effort is not None and (effort or self.default_effort) != "none"

    def reasoning_tokens(self, effort: str | None) -> int:
        """Return the number of tokens that it reasons for at an effort, before any limit."""
        if self.default_effort is None:
            return 0
        return _REASONING_TOKENS.get(effort or self.default_effort, 0)


def get_model(alias: str) -> Model:
    """Return the model that a request names; an unknown name is its own snapshot."""
    # A cache of names of any length would fill the memory.
    return _cached_model(alias) if len(alias) <= _MAX_CACHED_CHARACTERS else _make_model(alias)


@lru_cache(maxsize=256)
def _cached_model(alias: str) -> Model:
    return _make_model(alias)


def _make_model(alias: str) -> Model:
    name = snapshot_name(alias)
    family = model_traits(alias, "families")
    traits = family or {}
    return Model(
        name=name,
        is_known=family is not None,
        default_effort=traits.get("default_effort"),
        accepts_stop=traits.get("accepts_stop", True),
        fingerprint="fp_" + Seed.of(name).hex(10) if traits.get("has_fingerprint") else None,
        dimensions=traits.get("dimensions", 1536),
        is_resizable=traits.get("is_resizable", True),
        limits=TokenLimits(**(model_traits(alias, "limits") or {})),
    )


def served_tier(requested: str | None) -> str:
    """Return the `service_tier` of a response to a request for one.

    `default` was recorded in a batch, the others in live calls.
    """
    return _SERVED_TIERS.get(requested or "auto", "default")


def model_aliases() -> Mapping[str, str]:
    """Return the aliases, and the snapshot that each stands for."""
    aliases: Mapping[str, str] = _read_table()["snapshots"]
    return aliases


def snapshot_name(alias: str) -> str:
    """Return what responses call a model."""
    return model_aliases().get(alias, alias)


def model_traits(name: str, group: str) -> Mapping[str, Any] | None:
    """Return what a group of models.json says about a model; None if it does not know it.

    The entry with the longest matching prefix counts; prefixes end before a hyphen.
    """
    # A fine-tuned model is called ft:BASE:ORGANISATION:NAME:ID.
    name = name.removeprefix("ft:").split(":")[0]
    known: Mapping[str, Mapping[str, Any]] = _read_table()[group]
    longest = max(map(len, known))
    if len(name) > longest:  # a request can have a name of megabytes
        name = name[: longest + 1].rpartition("-")[0]
    while name:
        if name in known:
            return known[name]
        name = name.rpartition("-")[0]
    return None


@cache
def _read_table() -> dict[str, Any]:
    table: dict[str, Any] = read_json("endpoints", "models.json")
    return table
