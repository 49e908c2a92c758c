"""What Azure's content filter adds to a chat completion, in its batches and outside of them.

Source: the sample of an output line in the guide to batches.
"""

from mockbatch.typing import Json

_CATEGORIES = ("hate", "self_harm", "sexual", "violence")


def with_filter_results(body: Json) -> Json:
    """Return a chat completion with the results of the filter; other bodies as they are."""
    if not isinstance(body, dict) or body.get("object") != "chat.completion":
        return body
    choices = [{"content_filter_results": _severities(), **choice} for choice in body["choices"]]
    prompt = {**_severities(), "jailbreak": {"filtered": False, "detected": False}}
    results = {"prompt_index": 0, "content_filter_results": dict(sorted(prompt.items()))}
    return {**body, "choices": choices, "prompt_filter_results": [results]}


def _severities() -> dict[str, Json]:
    return {name: {"filtered": False, "severity": "safe"} for name in _CATEGORIES}
