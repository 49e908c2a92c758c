"""Which requests meet which fault."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase

from mockbatch.errors import api_error
from mockbatch.faults import kinds
from mockbatch.faults.fault import Fault
from mockbatch.typing import Json
from mockbatch.validation.schema import schema


@dataclass(frozen=True, slots=True)
class Match:
    """Requests by their method and by a glob over their path without its query."""

    method: str = "*"
    path: str = "*"

    def meets(self, method: str, path: str) -> bool:
        """Tell whether a request is meant; a slash at the end of its path means nothing."""
        return self.method in ("*", method) and fnmatchcase(path.rstrip("/"), self.path.rstrip("/"))


@dataclass(frozen=True, slots=True)
class Rule:
    """A fault for `times` of the requests that match, for ever if None, after `skip` of them.

    `name` is what the journal shows.
    """

    match: Match
    fault: Fault
    times: int | None
    skip: int
    name: str

    def as_json(self) -> dict[str, Json]:
        """Return the rule, JSON-ready."""
        return {
            "name": self.name,
            "match": asdict(self.match),
            "fault": self.fault.as_json(),
            "times": self.times,
            "skip": self.skip,
        }


def parsed(document: Mapping[str, Json], name: str | None = None) -> Rule:
    """Make a rule from a document, schema fault_rule.json; ApiError 400 for what does not fit.

    Without a name, it has that of its fault.
    """
    schema("fault_rule").check(document)
    match = Match(**document["match"])
    _check(match)
    fault = kinds.parsed(document["fault"])
    times, skip = document.get("times", 1), document.get("skip", 0)
    return Rule(match, fault, times, skip, name or fault.name())


def _check(match: Match) -> None:
    """Raise ApiError 400 for a path that no request can have."""
    if not re.match(r"/v1(/|$|\*|\?|\[)|[*?[]", match.path):
        why = f"'{match.path}' meets no request: faults stand around the routes of /v1 only"
        raise api_error("invalid_value", param="match.path", why=why)
    if re.search(r"\?[^/]*=", match.path):
        why = "the query is not looked at: leave it out"
        raise api_error("invalid_value", param="match.path", why=why)
