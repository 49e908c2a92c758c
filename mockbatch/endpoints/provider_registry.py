"""Which requests belong to which provider: the files `providers/*/provider.json`.

They are short and read when a server starts. The modules of a provider are imported when its
first request comes, so that servers which only play OpenAI start as fast as without them.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import NamedTuple

from mockbatch.package_data import read_json
from mockbatch.typing import Json

#: The provider of all requests that no other provider claims.
OPENAI = "openai"


class Claim(NamedTuple):
    """A path, and everything below it, that belongs to a provider.

    With a `header`, as WSGI names it, only requests that have it belong to the provider, and
    with `begins` only those in which its value begins so.
    """

    path: str
    header: str | None
    provider: str
    begins: tuple[str, ...] = ("",)

    def fits(self, environ: Mapping[str, Json]) -> bool:
        """Return whether a request, as WSGI describes it, belongs to the provider."""
        path = environ["PATH_INFO"]
        if path != self.path and not path.startswith(f"{self.path}/"):
            return False
        if self.header is None:
            return True
        value = environ.get(self.header)
        return value is not None and value.startswith(self.begins)


@cache
def provider_documents() -> Mapping[str, dict[str, Json]]:
    """Return the documents of the providers other than OpenAI, by name."""
    folders = resources.files("mockbatch").joinpath("providers").iterdir()
    names = sorted(folder.name for folder in folders if folder.joinpath("provider.json").is_file())
    return {name: read_json("providers", name, "provider.json") for name in names}


@cache
def _claims() -> tuple[Claim, ...]:
    """Return all claims: longer paths first, and those with a header before those without."""
    claims = [
        Claim(claim["path"], _header(claim), provider, tuple(claim.get("begins", ("",))))
        for provider, document in provider_documents().items()
        for claim in document["requests"]
    ]
    return tuple(sorted(claims, key=lambda claim: (-len(claim.path), claim.header is None)))


def claimed_paths() -> list[str]:
    """Return the paths that belong to providers, also those that need a header."""
    return [claim.path for claim in _claims()]


def _header(claim: Mapping[str, Json]) -> str | None:
    return _wsgi_name(claim["header"]) if "header" in claim else None


def _wsgi_name(header: str) -> str:
    return "HTTP_" + header.upper().replace("-", "_")


@cache
def _any_claim() -> re.Pattern[str]:
    paths = "|".join(re.escape(claim.path) for claim in _claims())
    return re.compile(f"(?:{paths})(?:/|$)" if paths else "(?!)")


def find_provider(environ: Mapping[str, Json]) -> str:
    """Return the name of the provider that a request, as WSGI describes it, belongs to."""
    if _any_claim().match(environ["PATH_INFO"]) is None:  # spares most requests the search
        return OPENAI
    return next((claim.provider for claim in _claims() if claim.fits(environ)), OPENAI)


def providers_at(path: str) -> frozenset[str]:
    """Return the providers to which requests to a path may belong, whatever their headers are."""
    return frozenset(
        claim.provider for claim in _claims() if f"{path}/".startswith(f"{claim.path}/")
    )


@cache
def _counterparts() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return the paths of providers that OpenAI has, too, the longest first, and OpenAI's."""
    pairs = [
        (own, openai)
        for document in provider_documents().values()
        for own, openai in document.get("openai_paths", {}).items()
    ]
    return tuple(
        (
            re.compile(re.escape(own).replace(r"\{id\}", "(?P<id>[^/?]+)") + "(?P<rest>[/?].*)?"),
            openai.replace("{id}", r"\g<id>") + r"\g<rest>",
        )
        for own, openai in sorted(pairs, key=lambda pair: -len(pair[0]))
    )


def openai_path(path: str) -> str:
    """Return what the path of a request is called in OpenAI's API, the path itself if it is there.

    The results of a batch that are no file are called the content of a file with the batch's id.
    """
    if _any_claim().match(path) is None:
        return path
    for own, openai in _counterparts():
        match = own.fullmatch(path)
        if match:
            return match.expand(openai)
    return path


def environment_variables(url: str, key: str) -> dict[str, str | None]:
    """Return the variables by which the SDKs of providers find a server; None for one to remove."""
    return {
        name: value and value.format(url=url, key=key)
        for document in provider_documents().values()
        for name, value in document.get("environment", {}).items()
    }


@cache
def key_headers() -> tuple[str, ...]:
    """Return the headers in which providers take a key, as WSGI names them."""
    documents = provider_documents().values()
    return tuple(
        _wsgi_name(name) for document in documents for name in document.get("key_headers", ())
    )


@cache
def provider_endpoints() -> Mapping[str, str]:
    """Return the modules that define the endpoints of providers, by the path of the endpoint."""
    return {
        path: f"mockbatch.providers.{name}.{module}"
        for name, document in provider_documents().items()
        for path, module in document.get("endpoints", {}).items()
    }
