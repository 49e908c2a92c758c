"""What Portkey's gateway says of the config in a request, in its own words.

They are those of zod, the library that it checks configs with.
"""

from collections.abc import Iterator
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
# What a config may hold: the name of a type, a choice with the name it has in messages, a list
# of one shape, or an object, whose names with an exclamation mark have to be there.
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
_INCOMPLETE = (
    "Invalid configuration. It must have either 'provider' and 'api_key', or 'strategy' and "
    "'targets', or 'cache', or 'retry', or 'request_timeout'"
)


# Any one of these makes a config whole.
_SUFFICIENT = (
    *("cache", "retry", "request_timeout", "after_request_hooks", "before_request_hooks"),
    *("input_guardrails", "output_guardrails"),
)


class _Fault(NamedTuple):
    place: tuple[str | int, ...]
    message: str
    is_last: bool  # what is built upon it is not looked at any more

    def __str__(self) -> str:
        return f"path: {','.join(map(str, self.place))}, message: {self.message}"


def config_errors(config: Json) -> list[str]:
    """Return what the gateway would say is wrong with a config, nothing when it is whole."""
    return [str(fault) for fault in _faults(config, "config", ())]


def is_truthy(value: Json) -> bool:
    """Tell whether JavaScript takes a value for true; an empty list or object it does."""
    return bool(value) or isinstance(value, list | dict)


def _faults(value: Json, shape: Json, place: tuple[str | int, ...]) -> Iterator[_Fault]:
    """Yield what is wrong with a part of a config, in the order of its shape."""
    if shape == "config":
        yield from _config_faults(value, place)
        return
    expected = shape if isinstance(shape, str) else _EXPECTED[type(shape)]
    found = _TYPES[type(value)]
    if found != expected:
        yield _Fault(place, f"Expected {expected}, received {found}", is_last=True)
    elif isinstance(shape, tuple):
        name, *choices = shape
        if value not in choices:
            known = ", ".join(choices)
            message = f"Invalid '{name}' value. Must be one of: {known}"
            yield _Fault(place, message, is_last=False)
    elif isinstance(shape, list):
        for index, item in enumerate(value):
            yield from _faults(item, shape[0], (*place, index))
    elif isinstance(shape, dict):
        for name, inner in shape.items():
            key = name.rstrip("!")
            if key in value:
                yield from _faults(value[key], inner, (*place, key))
            elif name != key:
                yield _Fault((*place, key), "Required", is_last=True)


def _config_faults(config: Json, place: tuple[str | int, ...]) -> Iterator[_Fault]:
    faults = list(_faults(config, _CONFIG, place))
    yield from faults
    if any(fault.is_last for fault in faults):
        return
    complete = (
        {"provider", "api_key"} <= config.keys()
        or {"strategy", "targets"} <= config.keys()
        or config.get("provider") in ("ollama", "triton")
        or any(is_truthy(config.get(name)) for name in _SUFFICIENT)
    )
    if not complete:
        yield _Fault(place, _INCOMPLETE, is_last=False)
    if config.get("custom_host") and not is_trusted(config["custom_host"]):
        yield _Fault(place, "Invalid custom host", is_last=False)
