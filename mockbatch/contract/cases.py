"""Loads the cases from their JSON files: what to send, what to expect, and the evidence for it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from mockbatch.contract.errors import CannotCheckError
from mockbatch.package_data import did_you_mean, read_json_folder
from mockbatch.typing import Json
from mockbatch.validation.schema import schema

# What an expectation rests on, the best evidence first.
SOURCES: Mapping[str, str] = {
    "recorded": "seen in recorded traffic of the real service",
    "observed": "seen in responses of the real service that others have published",
    "spec": "in OpenAI's published specification",
    "sdk": "in the official SDK, which depends on it",
    "memory": "from memory only: unverified",
}


@dataclass(frozen=True, slots=True)
class Preparation:
    """Steps that run before those of a case; if `is_shared`, once in a run for all cases.

    `source` and `where` are as in a case. If `is_optional`, a server need not implement what the
    first step requests.
    """

    name: str
    description: str
    source: str
    where: str
    preparations: tuple[str, ...]
    steps: tuple[dict[str, Json], ...]
    is_shared: bool
    is_optional: bool

    @property
    def waits_for_batch(self) -> bool:
        """True if a step of it, or of its own preparations, waits for a batch."""
        return _waits_for_batch(self.steps, self.preparations)

    def as_case(self) -> "Case":
        """Return a case that stands for it in the results of a run, if it fails."""
        return Case(
            group="preparations",
            name=self.name,
            description=f"Other cases need {self.description}.",
            source=self.source,
            where=self.where,
            needs=frozenset(),
            is_optional=self.is_optional,
            preparations=self.preparations,
            steps=self.steps,
        )


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that a server must do; `steps` are as in contract_cases.json.

    `source` is a key of SOURCES, and `where` names the place in it. `needs` are conditions
    without which the case is skipped: control, direct, gateway or local. If `is_optional`, a
    server need not implement what the first step requests.
    """

    group: str
    name: str
    description: str
    source: str
    where: str
    needs: frozenset[str]
    is_optional: bool
    preparations: tuple[str, ...]
    steps: tuple[dict[str, Json], ...]

    @property
    def id(self) -> str:
        """The group and the name, as in `files/upload`."""
        return f"{self.group}/{self.name}"

    @property
    def is_verified(self) -> bool:
        """True if the expectation rests on more than memory."""
        return self.source != "memory"

    @property
    def sends_key(self) -> bool:
        """True if a request of it, or of its preparations, has the key of the run."""
        requests = [step["request"] for step in self.steps if "request" in step]
        return bool(self.preparations) or any(
            "Authorization" not in request.get("headers", {}) for request in requests
        )

    @property
    def waits_for_batch(self) -> bool:
        """True if a step of it, or of its preparations, waits for a batch or a webhook."""
        return _waits_for_batch(self.steps, self.preparations)


@cache
def load_groups() -> Mapping[str, dict[str, Json]]:
    """Return the documents of the groups by name, sorted; each is valid by contract_cases.json."""
    return _read("cases")


@cache
def load_preparations() -> Mapping[str, Preparation]:
    """Return the preparations by name."""
    return {
        name: Preparation(
            name=name,
            description=document["description"],
            source=document["evidence"]["source"],
            where=document["evidence"]["where"],
            preparations=tuple(document.get("preparations", ())),
            steps=tuple(document["steps"]),
            is_shared=document.get("shared", False),
            is_optional=document.get("optional", False),
        )
        for name, document in _read("preparations").items()
    }


@cache
def load_provider_groups(provider: str) -> Mapping[str, dict[str, Json]]:
    """Return the groups of cases for a provider besides OpenAI, none if it has none."""
    return _read("cases", "providers", provider)


def load_cases(group_names: Iterable[str] = (), provider: str | None = None) -> list[Case]:
    """Return the cases of some groups, or of all; CannotCheckError if there is no such group.

    They are OpenAI's unless another `provider` is given.
    """
    groups = load_groups() if provider is None else load_provider_groups(provider)
    for name in group_names:
        if name not in groups:
            raise CannotCheckError(f"no group {name!r}. {did_you_mean(name, groups)}")
    selected = [name for name in groups if not group_names or name in group_names]
    return [_parse_case(name, document) for name in selected for document in groups[name]["cases"]]


def _parse_case(group: str, document: Mapping[str, Json]) -> Case:
    return Case(
        group=group,
        name=document["name"],
        description=document["description"],
        source=document["evidence"]["source"],
        where=document["evidence"]["where"],
        needs=frozenset(document.get("needs", ())),
        is_optional=document.get("optional", False),
        preparations=tuple(document.get("preparations", ())),
        steps=tuple(document["steps"]),
    )


def _read(kind: str, *folder: str) -> Mapping[str, dict[str, Json]]:
    """Return the documents of a kind, which are in the folder of that name unless one is given."""
    documents = read_json_folder("contract", *(folder or (kind,)))
    for name, document in documents.items():
        schema(f"contract_{kind}").assert_valid(document, f"{kind}/{name} of the contract")
    return documents


def _waits_for_batch(steps: Iterable[Mapping[str, Json]], preparations: Iterable[str]) -> bool:
    return any("until" in step or "received" in step for step in steps) or any(
        load_preparations()[name].waits_for_batch for name in preparations
    )
