"""Planted faults in the bodies of output lines, each in those of one endpoint only."""

from collections.abc import Callable, Iterator, Mapping

from mockbatch.typing import Json
from tests.contract.planting import PlantedFault, add_to, change_result_lines

Change = Callable[[Json], Json]


def _has_image_input(body: Json) -> bool:
    return bool(body["usage"]["input_tokens_details"]["image_tokens"])


def _is_images(body: Json) -> bool:
    return "data" in body and "object" not in body


# Recognizes the bodies of an endpoint, named as the cases name it.
_IS_BODY: Mapping[str, Callable[[Json], bool]] = {
    "chat": lambda body: body.get("object") == "chat.completion",
    "responses": lambda body: body.get("object") == "response",
    "embeddings": lambda body: body.get("object") == "list",
    "completions": lambda body: body.get("object") == "text_completion",
    "moderations": lambda body: "results" in body,
    "images": lambda body: _is_images(body) and not _has_image_input(body),
    "edits": lambda body: _is_images(body) and _has_image_input(body),
    "videos": lambda body: body.get("object") == "video",
}


def _without(name: str) -> Change:
    return lambda value: {key: value[key] for key in value if key != name}


def _with(**members: Json) -> Change:
    return lambda value: {**value, **members}


def _within(*path: str, change: Change) -> Change:
    """Return a change of the value at a path; of a list, each item is changed."""
    if not path:
        return lambda value: [change(item) for item in value] if _is_list(value) else change(value)
    name, *rest = path
    inner = _within(*rest, change=change)

    def change_member(value: Json) -> Json:
        if _is_list(value):
            return [change_member(item) for item in value]
        return {**value, name: inner(value[name])}

    return change_member


def _is_list(value: Json) -> bool:
    return isinstance(value, list)


def _fault(case: str, change: Change) -> PlantedFault:
    """Return a fault that the case `bodies/{case}` has to catch."""
    is_body = _IS_BODY[case.partition("_")[0]]

    def change_line(line: Json) -> Json:
        body = line["response"]["body"] if line["response"] else None
        if not isinstance(body, dict) or body.get("error") or not is_body(body):
            return line
        return {**line, "response": {**line["response"], "body": change(body)}}

    return PlantedFault(f"bodies/{case}", change_result_lines(change_line))


def _usage_faults() -> Iterator[tuple[str, PlantedFault]]:
    add_one = add_to("total_tokens", by=1)
    for endpoint in ("chat", "responses", "embeddings", "completions", "images", "edits"):
        yield f"{endpoint}: the usage is null", _fault(f"{endpoint}_usage", _with(usage=None))
        yield (
            f"{endpoint}: the total is not a sum",
            _fault(f"{endpoint}_total", _within("usage", change=add_one)),
        )
    for endpoint in ("images", "edits"):
        change = _within("usage", "input_tokens_details", change=add_to("text_tokens", by=1))
        yield f"{endpoint}: the details are not a sum", _fault(f"{endpoint}_details", change)


BODIES: Mapping[str, PlantedFault] = {
    **dict(_usage_faults()),
    "the body of a chat is a string": _fault("chat", lambda _: "Hi."),
    "a chat completion has no fingerprint": _fault("chat", _without("system_fingerprint")),
    "a choice of a chat has no logprobs": _fault(
        "chat_choices", _within("choices", change=_without("logprobs"))
    ),
    "a chat message has no refusal": _fault(
        "chat_messages", _within("choices", "message", change=_without("refusal"))
    ),
    "a response has no status": _fault("responses", _without("status")),
    "an item of a response has no content": _fault(
        "responses_output", _within("output", change=_without("content"))
    ),
    "embeddings have no model": _fault("embeddings", _without("model")),
    "an embedding has no index": _fault(
        "embeddings_data", _within("data", change=_without("index"))
    ),
    "embeddings are in the wrong order": _fault(
        "embeddings_order", lambda body: {**body, "data": body["data"][::-1]}
    ),
    "a completion is a chat completion": _fault("completions", _with(object="chat.completion")),
    "a choice of a completion has no text": _fault(
        "completions_choices", _within("choices", change=_without("text"))
    ),
    "a moderation has no model": _fault("moderations", _without("model")),
    "a moderation lacks a category": _fault(
        "moderations_results", _within("results", "categories", change=_without("illicit"))
    ),
    "generated images have no created": _fault("images", _without("created")),
    "a generated image is null": _fault(
        "images_data", _within("data", change=_with(b64_json=None))
    ),
    "edited images have no created": _fault("edits", _without("created")),
    "an edited image is null": _fault("edits_data", _within("data", change=_with(b64_json=None))),
    "a video has no status": _fault("videos", _without("status")),
}
