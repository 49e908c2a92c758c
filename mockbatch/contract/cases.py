"""The cases, from their data files: what is asked, what is expected, and who says so."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from mockbatch.package_data import near, read
from mockbatch.typing import Json
from mockbatch.validation.schema import schema

# Where an expectation may come from, the best evidence first.
SOURCES: Mapping[str, str] = {
    "recorded": "seen in recorded traffic of the real service",
    "observed": "seen in answers of the real service that others have published",
    "spec": "in the document that the service's maker publishes",
    "sdk": "in the official SDK, which depends on it",
    "memory": "from memory only: unverified",
}


@dataclass(frozen=True, slots=True)
class Preparation:
    """Steps that cases begin with; what is `shared` is made once a run, for all of them."""

    name: str
    description: str
    preparations: tuple[str, ...]
    steps: tuple[dict[str, Json], ...]
    is_shared: bool
    is_optional: bool

    @property
    def waits_for_batch(self) -> bool:
        """Tell whether it waits, or something does that it begins with."""
        return _wait(self.steps, self.preparations)


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that a server must do; `steps` are as in contract_cases.json."""

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
        """Its group and name, as in `files/upload`."""
        return f"{self.group}/{self.name}"

    @property
    def is_verified(self) -> bool:
        """Tell whether more than memory says so."""
        return self.source != "memory"

    @property
    def waits_for_batch(self) -> bool:
        """Tell whether it waits for a batch, or begins with something that does."""
        return _wait(self.steps, self.preparations)


@cache
def load_groups() -> Mapping[str, dict[str, Json]]:
    """Return the groups by name, in order of name; each is checked by contract_cases.json."""
    return _read("cases")


@cache
def load_preparations() -> Mapping[str, Preparation]:
    """Return the preparations by name."""
    return {
        name: Preparation(
            name=name,
            description=one["description"],
            preparations=tuple(one.get("preparations", ())),
            steps=tuple(one["steps"]),
            is_shared=one.get("shared", False),
            is_optional=one.get("optional", False),
        )
        for name, one in _read("preparations").items()
    }


def load_cases(only: Iterable[str] = ()) -> list[Case]:
    """Return the cases of some groups, of all when none is named; ValueError for unknown ones."""
    for name in only:
        if name not in load_groups():
            raise ValueError(f"there is no group {name!r}. {near(name, load_groups())}")
    chosen = [name for name in load_groups() if not only or name in only]
    return [_case(name, one) for name in chosen for one in load_groups()[name]["cases"]]


def _case(group: str, one: Mapping[str, Json]) -> Case:
    return Case(
        group=group,
        name=one["name"],
        description=one["description"],
        source=one["evidence"]["source"],
        where=one["evidence"]["where"],
        needs=frozenset(one.get("needs", ())),
        is_optional=one.get("optional", False),
        preparations=tuple(one.get("preparations", ())),
        steps=tuple(one["steps"]),
    )


def _read(folder: str) -> Mapping[str, dict[str, Json]]:
    found = read("contract", folder)
    for name, document in found.items():
        schema(f"contract_{folder}").assert_valid(document, f"{folder}/{name} of the contract")
    return found


def _wait(steps: Iterable[Mapping[str, Json]], given: Iterable[str]) -> bool:
    return any("until" in step or "received" in step for step in steps) or any(
        load_preparations()[name].waits_for_batch for name in given
    )
