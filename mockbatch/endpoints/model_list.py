"""The models that a world serves, as `/v1/models` lists them."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cache, cached_property
from importlib import resources
from pathlib import Path

from mockbatch.endpoints.models import get_model, model_aliases
from mockbatch.errors import ApiError, api_error
from mockbatch.jsonio import parse as parse_json
from mockbatch.typing import Json
from mockbatch.validation.schema import schema

_DATE = re.compile(r"-(20[0-9]{2}-[01][0-9]-[0-3][0-9])(?![0-9])")
# Who owns most models, and one that only the user knows.
_OPENAI, _USER = "system", "mockbatch"


@dataclass(frozen=True)
class ModelList:
    """The models of these names, and the snapshots and aliases of these; None: any model."""

    names: tuple[str, ...] | None = None

    def serves(self, name: str) -> bool:
        """Tell whether there is a model of that name."""
        return self._snapshots is None or get_model(name).name in self._snapshots

    def listed(self) -> list[dict[str, Json]]:
        """Return the model objects of the list; without names, those of OpenAI's models."""
        names = dict.fromkeys([*_listed(), *model_aliases()]) if self.names is None else self.names
        return [_object(name) for name in names]

    def shown(self, name: str) -> dict[str, Json]:
        """Return the object of a model; ApiError 404 when there is none of that name."""
        if not self.serves(name):
            raise api_error("no_such_model_object", model=name)
        return _object(name)

    @cached_property
    def _snapshots(self) -> frozenset[str] | None:
        return (
            None if self.names is None else frozenset(get_model(name).name for name in self.names)
        )


def parse(document: Json) -> ModelList:
    """Return the list that a document holds, schema models.json: `{"models": [...] or null}`."""
    schema("models").check(document)
    names = document["models"]
    # A name twice would be an object twice.
    return ModelList(None if names is None else tuple(dict.fromkeys(names)))


def from_file(path: str) -> ModelList:
    """Return the list in a file: a JSON list of names, or a name on each line.

    Raises ValueError with one line that says what is wrong.
    """
    try:
        return parse({"models": _names(Path(path).read_bytes())})
    except (ApiError, OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ValueError(" ".join(f"{path}: {reason}".split())) from error


def _names(data: bytes) -> Json:
    if data.lstrip().startswith((b"[", b"{")):
        return parse_json(data)
    return [line.strip() for line in data.decode("utf-8").splitlines() if line.strip()]


def _object(name: str) -> dict[str, Json]:
    made_up = (_dated(get_model(name).name), _OPENAI if name in model_aliases() else _USER)
    created, owned_by = _listed().get(name, made_up)
    return {"id": name, "object": "model", "created": created, "owned_by": owned_by}


def _dated(name: str) -> int:
    """Return the day that a name tells, in epoch seconds; 0 for a name that tells none."""
    found = _DATE.search(name)
    try:
        day = datetime.fromisoformat(found[1]) if found else None
    except ValueError:
        day = None
    return 0 if day is None else int(day.replace(tzinfo=timezone.utc).timestamp())


@cache
def _listed() -> Mapping[str, Sequence[Json]]:
    path = resources.files("mockbatch").joinpath("endpoints", "listed_models.json")
    listed: dict[str, Sequence[Json]] = json.loads(path.read_bytes())["models"]
    return listed
