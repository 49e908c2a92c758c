"""What Portkey's gateway refuses before it passes a request on, in its own words."""

import ipaddress
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Response

Json = Any

# In the order in which the gateway itself lists them.
PROVIDERS = tuple(
    [
        "anthropic",
        "anyscale",
        "azure-openai",
        "cohere",
        "google",
        "vertex-ai",
        "mistral-ai",
        "openai",
        "palm",
        "perplexity-ai",
        "reka-ai",
        "together-ai",
        "deepinfra",
        "ncompass",
        "stability-ai",
        "nomic",
        "ollama",
        "ai21",
        "bedrock",
        "groq",
        "segmind",
        "jina",
        "fireworks-ai",
        "workers-ai",
        "moonshot",
        "openrouter",
        "lingyi",
        "zhipu",
        "novita-ai",
        "monsterapi",
        "deepseek",
        "predibase",
        "triton",
        "voyage",
        "azure-ai",
        "github",
        "deepbricks",
        "siliconflow",
        "huggingface",
        "cerebras",
        "inference-net",
        "sambanova",
        "lemonfox-ai",
        "upstage",
        "lambda",
        "dashscope",
        "x-ai",
        "cortex",
        "sagemaker",
        "nebius",
        "recraft-ai",
        "milvus",
        "replicate",
        "portkey",
        "lepton",
        "kluster-ai",
        "nscale",
        "hyperbolic",
        "bytez",
        "featherless-ai",
        "krutrim",
        "qdrant",
        "302ai",
        "cometapi",
        "matterai",
        "meshy",
        "tripo3d",
        "nextbit",
        "modal",
        "z-ai",
        "oracle",
        "iointelligence",
        "aibadgr",
        "ovhcloud",
    ]
)
_INCOMPLETE = (
    "Invalid configuration. It must have either 'provider' and 'api_key', or 'strategy' and "
    "'targets', or 'cache', or 'retry', or 'request_timeout'"
)


@dataclass
class RefusalError(Exception):
    """An answer of the gateway's own, without the headers that it adds to others."""

    status: int
    body: dict[str, Json]
    headers: tuple[tuple[str, str], ...] = ()

    def response(self) -> Response:
        """Return the answer, compact as the gateway's are."""
        text = json.dumps(self.body, separators=(",", ":"))
        return Response(text, self.status, list(self.headers), content_type="application/json")


def failure(message: str, **more: Json) -> dict[str, Json]:
    """Return the body of a refusal."""
    return {"status": "failure", "message": message, **more}


def check(headers: Headers) -> None:
    """Raise RefusalError for a request that the gateway does not pass on."""
    kind = headers.get("Content-Type", "").partition(";")[0]
    if kind not in ("", "application/json", "multipart/form-data") and not kind.startswith(
        "audio/"
    ):
        raise _refused("Invalid content type passed")
    provider, config = headers.get("x-portkey-provider"), headers.get("x-portkey-config")
    if not provider and not config:
        raise _refused("Either x-portkey-config or x-portkey-provider header is required")
    if provider and provider not in PROVIDERS:
        raise _refused("Invalid provider passed")
    host = headers.get("x-portkey-custom-host")
    if host and not _is_trusted(host):
        raise _refused("Invalid custom host")
    chosen = _configured(config, provider) if config else provider
    if chosen == "portkey":
        exception = (("x-portkey-gateway-exception", "true"),)
        raise RefusalError(500, failure("Provider portkey not found"), exception)
    if chosen != "openai":
        # Ours: the real gateway would call that provider.
        raise RefusalError(501, failure(f"mockbatch serves the provider openai, not {chosen}"))


def _configured(config: str, provider: str | None) -> str:
    """Return the provider that a config chooses."""
    try:
        given = json.loads(config)
    except (ValueError, RecursionError):
        raise _refused("Invalid config passed. You need to pass a valid json") from None
    given = given if isinstance(given, dict) else {}
    if not provider and not given.get("provider") and not given.get("targets"):
        raise _refused(
            "Either x-portkey-provider needs to be passed. Or the x-portkey-config header should "
            "have a valid config with provider details in it."
        )
    errors = list(_faults(given, ()))
    if errors:
        raise _refused("Invalid config passed", errors=errors)
    if given.get("options"):
        raise _refused(
            "This version of config is not supported in this route. Please migrate to the latest "
            "version"
        )
    while given.get("targets"):
        given = given["targets"][0]
    return str(given.get("provider") or provider)


def _faults(config: Json, path: tuple[object, ...]) -> Iterator[str]:
    place = ",".join(map(str, path))
    if not isinstance(config, dict):
        yield f"path: {place}, message: Expected object"
        return
    provider = config.get("provider")
    if provider is not None and provider not in PROVIDERS:
        where = ",".join(map(str, (*path, "provider")))
        known = ", ".join(PROVIDERS)
        yield f"path: {where}, message: Invalid 'provider' value. Must be one of: {known}"
    targets = config.get("targets")
    if targets is not None and not isinstance(targets, list):
        yield f"path: {','.join(map(str, (*path, 'targets')))}, message: Expected array"
        targets = None
    for index, target in enumerate(targets or ()):
        yield from _faults(target, (*path, "targets", index))
    complete = (
        (provider and config.get("api_key"))
        or (config.get("strategy") and targets)
        or any(config.get(name) for name in ("cache", "retry", "request_timeout"))
    )
    if not complete:
        yield f"path: {place}, message: {_INCOMPLETE}"


def _is_trusted(url: str) -> bool:
    """Tell whether the gateway would call this host; loopback it would, a private net not."""
    try:
        parts = urlsplit(url)
        name, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or "@" in url or port == 0:
        return False
    if not re.fullmatch("[a-z0-9.-]+", name) or name.endswith("."):
        return False
    if name in ("localhost", "127.0.0.1", "host.docker.internal") or name.endswith(".localhost"):
        return True
    if name.endswith((".local", ".localdomain", ".internal", ".intranet", ".lan", ".home")):
        return False
    if name.endswith((".corp", ".test", ".invalid", ".onion")):
        return False
    try:
        return ipaddress.ip_address(name).is_global
    except ValueError:
        return True


def _refused(message: str, **more: Json) -> RefusalError:
    return RefusalError(400, failure(message, **more))
