"""Which requests get a scripted reply."""

import json
import re
from collections.abc import Mapping
from functools import cached_property

from msgspec import Struct
from msgspec.structs import asdict

from mockbatch.endpoints import known_paths
from mockbatch.errors import api_error
from mockbatch.strings.globs import Glob
from mockbatch.typing import Json
from mockbatch.validation.schema import schema

_GLOB = re.compile(r"[*?\[]")
# An escaped character.
_ESCAPED = re.compile(r"\[([*?\[])\]")


class RequestContext(Struct, frozen=True, dict=True):
    """A request as matchers see it; its body has not been checked.

    `request` is a line of an input file, or a live call in the form of one, which has no
    custom_id, no `line` (the place in the file, from 1) and no `batch_id`.
    """

    request: Mapping[str, Json]
    endpoint: str
    line: int | None = None
    batch_id: str | None = None

    @property
    def custom_id(self) -> str | None:
        """The custom_id of a line."""
        custom_id = self.request.get("custom_id")
        return custom_id if isinstance(custom_id, str) else None

    @property
    def model(self) -> str | None:
        """The model as the request names it."""
        body = self.request.get("body")
        model = body.get("model") if isinstance(body, dict) else None
        return model if isinstance(model, str) else None

    @cached_property
    def last_user_text(self) -> str:
        """The text of the last user message."""
        return last_user_text(self.request.get("body"))


class Match(Struct, frozen=True, dict=True):
    """The conditions of an entry; a member that is None is no condition.

    `custom_id` and `model` are globs; they also match their own text. `contains` is looked for
    in the last user message. `line` counts from 1.
    """

    custom_id: str | None = None
    model: str | None = None
    endpoint: str | None = None
    contains: str | None = None
    line: int | None = None
    batch_id: str | None = None

    @classmethod
    def for_custom_id(cls, custom_id: str) -> "Match":
        """Return the match for lines with exactly this custom_id."""
        return cls(custom_id=_GLOB.sub(r"[\g<0>]", custom_id))

    @cached_property
    def exact_custom_id(self) -> str | None:
        """The only custom_id that matches; None if there may be several."""
        if self.custom_id is None or _GLOB.search(_ESCAPED.sub("", self.custom_id)):
            return None
        return _ESCAPED.sub(r"\1", self.custom_id)

    def matches(self, context: RequestContext) -> bool:
        """Return whether a request matches."""
        return (
            (self.endpoint is None or self.endpoint == context.endpoint)
            and (self.line is None or self.line == context.line)
            and (self.batch_id is None or self.batch_id == context.batch_id)
            and (self.custom_id is None or self._is_id(context.custom_id))
            and (self.model is None or self._is_model(context.model))
            and (self.contains is None or self.contains in context.last_user_text)
        )

    def as_json(self) -> dict[str, Json]:
        """Return the match, JSON-ready, schema match.json."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def _is_id(self, custom_id: str | None) -> bool:
        # A replayed file has one match for each line, which needs no glob.
        if custom_id is None or self.exact_custom_id is not None:
            return custom_id is not None and custom_id == self.exact_custom_id
        return custom_id == self.custom_id or self._id_glob.matches(custom_id)

    def _is_model(self, model: str | None) -> bool:
        return model is not None and (model == self.model or self._model_glob.matches(model))

    @cached_property
    def _id_glob(self) -> Glob:
        return Glob(self.custom_id or "")

    @cached_property
    def _model_glob(self) -> Glob:
        return Glob(self.model or "")


def parse(document: Json, path: str = "match") -> Match:
    """Return the match in a document, schema match.json.

    Raises ApiError 400 whose param is the path of the error, as in `match.endpoint`.
    """
    schema("match").check(document, path)
    document = schema("match").coerce_integers(document)
    endpoint = document.get("endpoint")
    if endpoint is not None and endpoint not in known_paths():
        supported = ", ".join(map(repr, known_paths()))
        param = f"{path}.endpoint"
        raise api_error("unsupported_value", param=param, value=endpoint, supported=supported)
    match = Match(**document)
    if match.exact_custom_id is None:
        _check_glob(match.custom_id, f"{path}.custom_id")
    _check_glob(match.model, f"{path}.model")
    return match


def _check_glob(pattern: str | None, param: str) -> None:
    try:
        Glob(pattern or "")
    except ValueError as error:
        raise api_error("invalid_value", param=param, reason=error) from None


def last_user_text(body: Json) -> str:
    """Return the text of the last user message; the body may be any JSON.

    If the user has none, it is that of the last message or item. For inputs and prompts that are
    not messages, it is all of their texts.
    """
    given = body if isinstance(body, dict) else {}
    found = next((given[name] for name in ("messages", "input", "prompt") if given.get(name)), "")
    items = found if isinstance(found, list) else [found]
    turns = [item for item in items if isinstance(item, dict) and "role" in item]
    for item in reversed(turns):
        if item["role"] == "user" and item.get("type", "message") == "message":
            return _texts(item.get("content"))
    texts = _texts(items)
    if texts or not isinstance(items[-1], dict):
        return texts
    # The output of a tool, for example, is in a member that only its item has.
    content = items[-1].get("content")
    return json.dumps(items[-1], ensure_ascii=False) if content is None else _texts(content)


def _texts(content: Json) -> str:
    parts = content if isinstance(content, list) else [content]
    texts = (part.get("text") if isinstance(part, dict) else part for part in parts)
    return "\n".join(text for text in texts if isinstance(text, str))
