"""The models that a world serves, as `/v1/models` lists them."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from functools import cache, cached_property
from pathlib import Path

from msgspec import Struct

from mockbatch.endpoints.models import get_model, model_aliases
from mockbatch.errors import ApiError, api_error
from mockbatch.jsonio import parse as parse_json
from mockbatch.package_data import read_json
from mockbatch.typing import Json
from mockbatch.validation.schema import schema

_DATE = re.compile(r"-(20[0-9]{2}-[01][0-9]-[0-3][0-9])(?![0-9])")
# The owner of most of OpenAI's models, and of those that only the user of the mock knows.
_OPENAI, _USER = "system", "mockbatch"


class ModelList(Struct, frozen=True, dict=True):
    """The models with these names, their snapshots and aliases; any model if `names` is None."""

    names: tuple[str, ...] | None = None

    def serves(self, name: str) -> bool:
        """Return whether there is a model with that name."""
        return self._snapshots is None or get_model(name).name in self._snapshots

    def as_json(self) -> list[dict[str, Json]]:
        """Return the model objects; if `names` is None, those of OpenAI's models."""
        names = self.names
        if names is None:
            names = tuple(dict.fromkeys([*_recorded_objects(), *model_aliases()]))
        return [_model_object(name) for name in names]

    def retrieve(self, name: str) -> dict[str, Json]:
        """Return the object of a model; ApiError 404 if there is no model with that name."""
        if not self.serves(name):
            raise api_error("no_such_model_object", model=name)
        return _model_object(name)

    @cached_property
    def _snapshots(self) -> frozenset[str] | None:
        if self.names is None:
            return None
        return frozenset(get_model(name).name for name in self.names)


def parse_model_list(document: Json) -> ModelList:
    """Return the list of a document, schema models.json: `{"models": [...] or null}`."""
    schema("models").check(document)
    names = document["models"]
    # A repeated name would make two objects.
    return ModelList(None if names is None else tuple(dict.fromkeys(names)))


def load_model_list(path: str) -> ModelList:
    """Return the list in a file: a JSON list of names, or a name on each line.

    Raises ValueError with one line that says what is wrong.
    """
    try:
        return parse_model_list({"models": _parse_names(Path(path).read_bytes())})
    except (ApiError, OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ValueError(" ".join(f"{path}: {reason}".split())) from error


def _parse_names(data: bytes) -> Json:
    if data.lstrip().startswith((b"[", b"{")):
        return parse_json(data)
    return [line.strip() for line in data.decode("utf-8").splitlines() if line.strip()]


def _model_object(name: str) -> dict[str, Json]:
    invented = (_date_in(get_model(name).name), _OPENAI if name in model_aliases() else _USER)
    created, owned_by = _recorded_objects().get(name, invented)
    return {"id": name, "object": "model", "created": created, "owned_by": owned_by}


def _date_in(name: str) -> int:
    """Return the date in a model's name, in epoch seconds; 0 if there is none."""
    match = _DATE.search(name)
    try:
        day = datetime.fromisoformat(match[1]) if match else None
    except ValueError:
        day = None
    return 0 if day is None else int(day.replace(tzinfo=timezone.utc).timestamp())


@cache
def _recorded_objects() -> Mapping[str, Sequence[Json]]:
    """Return `created` and `owned_by` of OpenAI's models by name."""
    objects: dict[str, Sequence[Json]] = read_json("endpoints", "listed_models.json")["models"]
    return objects
