"""What Portkey's gateway refuses before it passes a request on, in its own words."""

import json
from dataclasses import dataclass
from typing import NamedTuple

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Response

from mockbatch.typing import Json
from mockbatch.web.portkey.config import PROVIDERS, config_errors, is_truthy
from mockbatch.web.portkey.hosts import is_trusted

EXCEPTION = (("x-portkey-gateway-exception", "true"),)


class Route(NamedTuple):
    """Where the gateway would send a request: with which key, by which option of its config."""

    key: str
    option: str


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


def went_wrong(headers: tuple[tuple[str, str], ...] = ()) -> RefusalError:
    """Return what the gateway says when it does not say what is wrong."""
    return RefusalError(500, failure("Something went wrong"), headers)


def check(headers: Headers) -> Route:
    """Return where a request goes; RefusalError for one that the gateway does not pass on."""
    kind = headers.get("Content-Type", "").partition(";")[0]
    if kind not in ("", "application/json", "multipart/form-data") and not kind.startswith("audio"):
        raise _refused("Invalid content type passed")
    provider, config = headers.get("x-portkey-provider"), headers.get("x-portkey-config")
    if not provider and not config:
        raise _refused("Either x-portkey-config or x-portkey-provider header is required")
    if provider and provider not in PROVIDERS:
        raise _refused("Invalid provider passed")
    host = headers.get("x-portkey-custom-host")
    if host and not is_trusted(host):
        raise _refused("Invalid custom host")
    given = _read(config, provider) if config else {}
    if not given.get("provider") and "targets" not in given:
        authorization = headers.get("Authorization", "undefined")
        own = {"provider": provider, "api_key": authorization.replace("Bearer ", "", 1)}
        given = {**given, **own}
    return _route(given, "config")


def _route(config: dict[str, Json], option: str) -> Route:
    """Return the route that a config, or a target in it, leads to."""
    mode = config.get("strategy", {}).get("mode")
    if mode == "conditional":
        # Ours, as below: the real gateway would look for a target.
        raise RefusalError(501, failure("mockbatch does not choose targets by conditions"))
    if mode is not None:
        targets = config.get("targets")
        if not targets:
            raise went_wrong()
        weighty = (index for index, target in enumerate(targets) if target.get("weight", 1) > 0)
        index = next(weighty, 0) if mode == "loadbalance" else 0
        return _route(targets[index], f"{option}.targets[{index}]")
    provider = config.get("provider", "")
    if provider in ("", "portkey"):
        raise RefusalError(500, failure(f"Provider {provider} not found"), EXCEPTION)
    if provider != "openai":
        # The real gateway would call that provider.
        raise RefusalError(501, failure(f"mockbatch serves the provider openai, not {provider}"))
    return Route(config.get("api_key", "undefined"), option)


def _read(text: str, provider: str | None) -> dict[str, Json]:
    """Return a config, which is whole; `provider` is what the request says beside it."""
    try:
        given = json.loads(text, parse_constant=_refuse_constant)
        if given is None and not provider:
            raise ValueError("null has no members")
    except (ValueError, RecursionError):
        raise _refused("Invalid config passed. You need to pass a valid json") from None
    members = given if isinstance(given, dict) else {}
    if not provider and not members.get("provider") and not is_truthy(members.get("targets")):
        raise _refused(
            "Either x-portkey-provider needs to be passed. Or the x-portkey-config header should "
            "have a valid config with provider details in it."
        )
    errors = config_errors(given)
    if errors:
        raise _refused("Invalid config passed", errors=errors)
    if is_truthy(members.get("options")):
        raise _refused(
            "This version of config is not supported in this route. Please migrate to the latest "
            "version"
        )
    return members


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _refused(message: str, **more: Json) -> RefusalError:
    return RefusalError(400, failure(message, **more))
