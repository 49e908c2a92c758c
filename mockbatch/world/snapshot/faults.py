"""Fault rules with their counts in a state document."""

from mockbatch.errors import ApiError
from mockbatch.faults.rule import parse
from mockbatch.faults.rule_set import CountedRule
from mockbatch.world.snapshot.cursor import Cursor


def load_faults(documents: Cursor) -> tuple[CountedRule, ...]:
    """Return the rules that documents describe; ApiError 400 if one is not valid."""
    return tuple(_load_fault(document) for document in documents.items())


def _load_fault(document: Cursor) -> CountedRule:
    values = dict(document.value)
    name, matched, fired = values.pop("name"), values.pop("matched"), values.pop("fired")
    if fired > matched:
        raise document["fired"].error(f"only {matched} requests have matched")
    try:
        return CountedRule(parse(values, name), matched, fired)
    except ApiError as error:
        raise document.error(error) from None
