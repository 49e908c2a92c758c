"""The checks that Portkey's gateway makes before it forwards a request, with its messages."""

import json
from dataclasses import dataclass
from typing import NamedTuple

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Response

from mockbatch.typing import Json
from mockbatch.web.portkey.config import PROVIDERS, config_errors, is_truthy
from mockbatch.web.portkey.hosts import is_trusted

# The header of an error that the gateway's code did not expect.
EXCEPTION_HEADERS = (("x-portkey-gateway-exception", "true"),)


class Target(NamedTuple):
    """Where the gateway sends a request: its key, the path of the config option, the provider."""

    key: str
    option: str
    provider: str = "openai"


@dataclass
class GatewayError(Exception):
    """An error of the gateway itself; these are the only `x-portkey-*` headers of its response."""

    status: int
    body: dict[str, Json]
    headers: tuple[tuple[str, str], ...] = ()

    def response(self) -> Response:
        """Return the response, in compact JSON as the gateway sends it."""
        text = json.dumps(self.body, separators=(",", ":"))
        return Response(text, self.status, list(self.headers), content_type="application/json")


def failure_body(message: str, **members: Json) -> dict[str, Json]:
    """Return the body of a gateway error."""
    return {"status": "failure", "message": message, **members}


def internal_error(headers: tuple[tuple[str, str], ...] = ()) -> GatewayError:
    """Return the gateway's error without a reason."""
    return GatewayError(500, failure_body("Something went wrong"), headers)


def choose_target(headers: Headers) -> Target:
    """Return where a request goes; GatewayError if the gateway does not forward it."""
    mimetype = headers.get("Content-Type", "").partition(";")[0]
    known = mimetype in ("", "application/json", "multipart/form-data")
    if not known and not mimetype.startswith("audio"):
        raise _bad_request("Invalid content type passed")
    provider, config = headers.get("x-portkey-provider"), headers.get("x-portkey-config")
    if not provider and not config:
        raise _bad_request("Either x-portkey-config or x-portkey-provider header is required")
    if provider and provider not in PROVIDERS:
        raise _bad_request("Invalid provider passed")
    host = headers.get("x-portkey-custom-host")
    if host and not is_trusted(host):
        raise _bad_request("Invalid custom host")
    members = _parse_config(config, provider) if config else {}
    if not members.get("provider") and "targets" not in members:
        authorization = headers.get("Authorization", "undefined")
        from_headers = {"provider": provider, "api_key": authorization.replace("Bearer ", "", 1)}
        members = {**members, **from_headers}
    return _target(members, "config")


def _target(config: dict[str, Json], option: str) -> Target:
    """Return the target of a config, or of a config among the targets of another."""
    mode = config.get("strategy", {}).get("mode")
    if mode == "conditional":
        # Differs from the gateway, which would evaluate the conditions.
        raise GatewayError(501, failure_body("mockbatch does not choose targets by conditions"))
    if mode is not None:
        targets = config.get("targets")
        if not targets:
            raise internal_error()
        weighted = (index for index, target in enumerate(targets) if target.get("weight", 1) > 0)
        index = next(weighted, 0) if mode == "loadbalance" else 0
        return _target(targets[index], f"{option}.targets[{index}]")
    provider = config.get("provider", "")
    if provider in ("", "portkey"):
        message = f"Provider {provider} not found"
        raise GatewayError(500, failure_body(message), EXCEPTION_HEADERS)
    return Target(config.get("api_key", "undefined"), option, provider)


def _parse_config(text: str, provider: str | None) -> dict[str, Json]:
    """Return the members of a valid config; `provider` is that of the request's other header."""
    try:
        config = json.loads(text, parse_constant=_reject_constant)
        if config is None and not provider:
            raise ValueError("null has no members")
    except (ValueError, RecursionError):
        raise _bad_request("Invalid config passed. You need to pass a valid json") from None
    members = config if isinstance(config, dict) else {}
    if not provider and not members.get("provider") and not is_truthy(members.get("targets")):
        raise _bad_request(
            "Either x-portkey-provider needs to be passed. Or the x-portkey-config header should "
            "have a valid config with provider details in it."
        )
    errors = config_errors(config)
    if errors:
        raise _bad_request("Invalid config passed", errors=errors)
    if is_truthy(members.get("options")):
        raise _bad_request(
            "This version of config is not supported in this route. Please migrate to the latest "
            "version"
        )
    return members


def _reject_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _bad_request(message: str, **members: Json) -> GatewayError:
    return GatewayError(400, failure_body(message, **members))
