"""Validates the config in a request as Portkey's gateway does, with its messages.

The gateway validates with the library zod, so the messages are zod's.
"""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from mockbatch.typing import Json
from mockbatch.web.portkey.hosts import is_trusted

# In the order in which the gateway itself lists them.
_PROVIDERS = """
    anthropic anyscale azure-openai cohere google vertex-ai mistral-ai openai palm
    perplexity-ai reka-ai together-ai deepinfra ncompass stability-ai nomic ollama ai21
    bedrock groq segmind jina fireworks-ai workers-ai moonshot openrouter lingyi zhipu
    novita-ai monsterapi deepseek predibase triton voyage azure-ai github deepbricks
    siliconflow huggingface cerebras inference-net sambanova lemonfox-ai upstage lambda
    dashscope x-ai cortex sagemaker nebius recraft-ai milvus replicate portkey lepton
    kluster-ai nscale hyperbolic bytez featherless-ai krutrim qdrant 302ai cometapi matterai
    meshy tripo3d nextbit modal z-ai oracle iointelligence aibadgr ovhcloud
"""
PROVIDERS = tuple(_PROVIDERS.split())
# The schema of a config. A schema is the name of a type; a tuple of the name in messages and the
# allowed values; a list with the schema of its items; or an object, whose members with an
# exclamation mark are required. "config" is this schema again.
_CONFIG: dict[str, Json] = {
    "strategy": {
        "mode!": ("mode", "single", "loadbalance", "fallback", "conditional"),
        "on_status_codes": ["number"],
        "conditions": [{"query!": {}, "then!": "string"}],
        "default": "string",
    },
    "provider": ("provider", *PROVIDERS),
    "api_key": "string",
    "cache": {"mode!": ("cache.mode", "simple", "semantic"), "max_age": "number"},
    "retry": {
        "attempts!": "number",
        "on_status_codes": ["number"],
        "use_retry_after_header": "boolean",
    },
    "weight": "number",
    "on_status_codes": ["number"],
    "targets": ["config"],
    "request_timeout": "number",
    "custom_host": "string",
    "forward_headers": ["string"],
    "after_request_hooks": [{}],
    "before_request_hooks": [{}],
    "openai_project": "string",
    "openai_organization": "string",
    "strict_open_ai_compliance": "boolean",
}
_TYPES = {
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    dict: "object",
    list: "array",
    type(None): "null",
}
_EXPECTED: dict[type, str] = {tuple: "string", list: "array", dict: "object"}
# The gateway lists all; a header of 120 kB may have 60,000 of them, which are 4 MB of text.
_MAX_ERRORS = 100
_INCOMPLETE = (
    "Invalid configuration. It must have either 'provider' and 'api_key', or 'strategy' and "
    "'targets', or 'cache', or 'retry', or 'request_timeout'"
)
# Any one of these makes a config complete.
_SUFFICIENT = (
    *("cache", "retry", "request_timeout", "after_request_hooks", "before_request_hooks"),
    *("input_guardrails", "output_guardrails"),
)


class _ConfigError(NamedTuple):
    path: tuple[str | int, ...]
    message: str
    ends_validation: bool  # the rules for the whole config are then not checked

    def __str__(self) -> str:
        return f"path: {','.join(map(str, self.path))}, message: {self.message}"


def config_errors(config: Json) -> list[str]:
    """Return the gateway's messages about a config, none if it is valid."""
    return [str(error) for error in _errors(config, "config", ())]


def is_truthy(value: Json) -> bool:
    """Return whether a value is true in JavaScript, as even an empty list or object is."""
    return bool(value) or isinstance(value, list | dict)


def _errors(value: Json, schema: Json, path: tuple[str | int, ...]) -> Iterator[_ConfigError]:
    """Yield the errors in a part of a config, in the order of its schema."""
    if schema == "config":
        yield from _config_errors(value, path)
        return
    expected = schema if isinstance(schema, str) else _EXPECTED[type(schema)]
    received = _TYPES[type(value)]
    if received != expected:
        message = f"Expected {expected}, received {received}"
        yield _ConfigError(path, message, ends_validation=True)
    elif isinstance(schema, tuple):
        name, *choices = schema
        if value not in choices:
            message = f"Invalid '{name}' value. Must be one of: {', '.join(choices)}"
            yield _ConfigError(path, message, ends_validation=False)
    elif isinstance(schema, list):
        for index, item in enumerate(value):
            yield from _errors(item, schema[0], (*path, index))
    elif isinstance(schema, dict):
        for name, member in schema.items():
            key = name.rstrip("!")
            if key in value:
                yield from _errors(value[key], member, (*path, key))
            elif name != key:
                yield _ConfigError((*path, key), "Required", ends_validation=True)


def _config_errors(config: Json, path: tuple[str | int, ...]) -> Iterator[_ConfigError]:
    errors = list(islice(_errors(config, _CONFIG, path), _MAX_ERRORS))
    yield from errors
    if any(error.ends_validation for error in errors):
        return
    is_complete = (
        {"provider", "api_key"} <= config.keys()
        or {"strategy", "targets"} <= config.keys()
        or config.get("provider") in ("ollama", "triton")
        or any(is_truthy(config.get(name)) for name in _SUFFICIENT)
    )
    if not is_complete:
        yield _ConfigError(path, _INCOMPLETE, ends_validation=False)
    if config.get("custom_host") and not is_trusted(config["custom_host"]):
        yield _ConfigError(path, "Invalid custom host", ends_validation=False)
