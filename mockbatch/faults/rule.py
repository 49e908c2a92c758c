"""Which requests a fault hits."""

import re
from collections.abc import Mapping

from msgspec import Struct

from mockbatch.endpoints.provider_registry import (
    claimed_paths,
    openai_path,
    provider_documents,
    providers_at,
)
from mockbatch.errors import api_error
from mockbatch.faults import kinds
from mockbatch.faults.fault import Fault
from mockbatch.strings.globs import glob
from mockbatch.typing import Json
from mockbatch.validation.schema import schema


class Match(Struct, frozen=True):
    """Requests by their method, and by a glob for the path without its query.

    With `every_provider`, also the requests of other providers that OpenAI has under such a path;
    with `providers`, those of the providers with these names.
    """

    method: str = "*"
    path: str = "*"
    every_provider: bool = False
    providers: tuple[str, ...] = ()

    def meets(self, method: str, path: str) -> bool:
        """Return whether a request matches; a slash at the end of the path is ignored."""
        if self.method not in ("*", method):
            return False
        pattern = glob(self.path.rstrip("/"))
        if pattern.matches(path.rstrip("/")):
            return True
        is_wanted = self.every_provider or not providers_at(path).isdisjoint(self.providers)
        return is_wanted and pattern.matches(openai_path(path).rstrip("/"))

    def as_json(self) -> dict[str, Json]:
        """Return it as JSON, with other providers only if it has any."""
        shown: dict[str, Json] = {"method": self.method, "path": self.path}
        if self.providers:
            shown["providers"] = list(self.providers)
        return {**shown, "every_provider": True} if self.every_provider else shown


class Rule(Struct, frozen=True):
    """A fault that hits `times` matching requests, all if None, after the first `skip`.

    `name` is its name in the journal.
    """

    match: Match
    fault: Fault
    times: int | None
    skip: int
    name: str

    def as_json(self) -> dict[str, Json]:
        """Return the rule as JSON."""
        return {
            "name": self.name,
            "match": self.match.as_json(),
            "fault": self.fault.as_json(),
            "times": self.times,
            "skip": self.skip,
        }


def parse(document: Mapping[str, Json], name: str | None = None) -> Rule:
    """Parse a document of schema fault_rule.json; ApiError 400 if it does not fit.

    Without a name, the rule has the name of its fault.
    """
    schema("fault_rule").check(document)
    wanted = document["match"]
    match = Match(**{**wanted, "providers": tuple(wanted.get("providers", ()))})
    _check(match)
    fault = kinds.parse(document["fault"])
    times, skip = document.get("times", 1), document.get("skip", 0)
    return Rule(match, fault, times, skip, name or fault.name())


def _may_match_below(root: str, pattern: str) -> bool:
    """Return whether a glob may match a path, or one below it."""
    literal = re.split(r"[*?[]", pattern, maxsplit=1)[0]
    is_open = literal != pattern and root.startswith(literal)
    return is_open or literal == root or literal.startswith(f"{root}/")


def _check(match: Match) -> None:
    """Raise ApiError 400 for a costly path, one that matches nothing, or an unknown provider."""
    unknown = [name for name in match.providers if name not in provider_documents()]
    if unknown:
        reason = f"'{unknown[0]}' is not one of {', '.join(provider_documents())}"
        raise api_error("invalid_value", param="match.providers", reason=reason)
    if not any(_may_match_below(root, match.path) for root in ("/v1", *claimed_paths())):
        reason = f"'{match.path}' matches no request: faults apply to routes of an API only"
        raise api_error("invalid_value", param="match.path", reason=reason)
    try:
        glob(match.path)
    except ValueError as error:
        raise api_error("invalid_value", param="match.path", reason=error) from None
    if re.search(r"\?[^/]*=", match.path):
        reason = "queries are not matched: leave it out"
        raise api_error("invalid_value", param="match.path", reason=reason)
