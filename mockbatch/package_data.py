"""Catalogues of the package: folders of JSON files, each an entry with a name."""

import json
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from importlib import resources

from mockbatch.typing import Json


def read(*folder: str) -> Mapping[str, dict[str, Json]]:
    """Return the documents of a folder of the package by name, in order of name."""
    entries = resources.files("mockbatch").joinpath(*folder).iterdir()
    files = sorted(
        (entry for entry in entries if entry.name.endswith(".json")), key=lambda e: e.name
    )
    documents = [json.loads(file.read_bytes()) for file in files]
    return {document["name"]: document for document in documents}


def near(name: str, known: Iterable[str]) -> str:
    """Return the sentence that helps somebody who got a name wrong."""
    names = list(known)
    found = get_close_matches(name, names, n=3, cutoff=0.5)
    return ("Near it: " if found else "There are: ") + ", ".join(found or names) + "."
