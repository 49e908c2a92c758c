"""JSON files of the package, and suggestions for names that are not among them."""

import json
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from importlib import resources

from mockbatch.typing import Json


def read_json(*path: str) -> Json:
    """Return the document of a JSON file of the package."""
    return json.loads(resources.files("mockbatch").joinpath(*path).read_bytes())


def read_texts(*folder: str) -> Mapping[str, bytes]:
    """Return the JSON files of a folder of the package as they are, by name without suffix."""
    entries = resources.files("mockbatch").joinpath(*folder).iterdir()
    return {
        entry.name.removesuffix(".json"): entry.read_bytes()
        for entry in entries
        if entry.name.endswith(".json")
    }


def read_json_folder(*folder: str) -> Mapping[str, dict[str, Json]]:
    """Return the JSON documents of a folder of the package by their `name`, sorted."""
    entries = resources.files("mockbatch").joinpath(*folder).iterdir()
    files = sorted(
        (entry for entry in entries if entry.name.endswith(".json")), key=lambda e: e.name
    )
    documents = [json.loads(file.read_bytes()) for file in files]
    return {document["name"]: document for document in documents}


def in_groups(
    documents: Mapping[str, dict[str, Json]], schema: dict[str, Json]
) -> list[tuple[str, list[dict[str, Json]]]]:
    """Return the documents by their `group`, in the order in which the schema lists the groups."""
    groups: list[str] = schema["properties"]["group"]["enum"]
    return [
        (group, [document for document in documents.values() if document["group"] == group])
        for group in groups
    ]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a sentence that suggests similar names, or lists all if none is similar."""
    names = list(known)
    similar = get_close_matches(name[:100], names, n=3, cutoff=0.5)
    return ("Did you mean: " if similar else "Valid names: ") + ", ".join(similar or names) + "."
