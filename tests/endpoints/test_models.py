"""Models, their snapshots and what they take."""

import pytest

from mockbatch.endpoints.models import get_model, served_tier
from tests.support.bodies import CHAT, RESPONSES, recorded


@pytest.mark.parametrize(
    ("alias", "snapshot"),
    [
        ("gpt-5-nano", "gpt-5-nano-2025-08-07"),
        ("gpt-4o-mini", "gpt-4o-mini-2024-07-18"),
        ("gpt-3.5-turbo", "gpt-3.5-turbo-0125"),
    ],
)
def test_an_alias_answers_as_its_snapshot(alias: str, snapshot: str) -> None:
    """What the real service called the model, the mock calls it."""
    assert get_model(alias).name == snapshot


@pytest.mark.parametrize("name", ["gpt-4o-2024-05-13", "my-model", "", "\ud800", "-", "ft:"])
def test_other_names_stand_for_themselves(name: str) -> None:
    """A snapshot and an unknown name are answered as they are."""
    assert get_model(name).name == name


@pytest.mark.parametrize("path", [CHAT, RESPONSES])
def test_recorded_snapshots_are_known(path: str) -> None:
    """Every model name that was recorded belongs to a known family."""
    assert all(get_model(body["model"]).known for body in recorded(path))


@pytest.mark.parametrize("name", ["o1", "o3-mini", "o4-mini", "gpt-5", "gpt-5-nano-2025-08-07"])
def test_models_that_reason(name: str) -> None:
    """The o series and gpt-5 reason unless told otherwise."""
    assert get_model(name).reasons(None)


@pytest.mark.parametrize("name", ["gpt-4o", "gpt-4.1-nano", "gpt-5-chat-latest", "o9", "my-model"])
def test_models_that_do_not_reason(name: str) -> None:
    """Earlier and unknown models do not reason, whatever the effort."""
    assert not get_model(name).reasons("high")
    assert get_model(name).reasoning_tokens("high") == 0


def test_no_effort_is_no_reasoning() -> None:
    """The effort `none` turns reasoning off."""
    assert not get_model("gpt-5.6-terra").reasons("none")
    assert get_model("gpt-5.6-terra").reasoning_tokens("none") == 0


def test_medium_effort_takes_64_tokens() -> None:
    """The recorded replies reasoned for 64 tokens."""
    assert get_model("gpt-5-nano").reasoning_tokens(None) == 64


def test_a_fine_tuned_model_is_of_its_base() -> None:
    """The name of a fine-tuned model tells the family."""
    tuned = get_model("ft:gpt-4o-mini-2024-07-18:acme::abc")
    assert (tuned.known, tuned.name) == (True, "ft:gpt-4o-mini-2024-07-18:acme::abc")


def test_a_name_that_only_begins_alike_is_unknown() -> None:
    """Families end at a hyphen."""
    assert not get_model("o10-mini").known


def test_vectors_of_the_large_model_are_longer() -> None:
    """text-embedding-3-large has 3072 dimensions, others 1536."""
    assert get_model("text-embedding-3-large").dimensions == 3072
    assert get_model("text-embedding-3-small").dimensions == 1536


def test_only_new_embeddings_are_resizable() -> None:
    """ada-002 always has its 1536 dimensions."""
    assert get_model("text-embedding-3-small").resizable
    assert not get_model("text-embedding-ada-002").resizable


def test_fingerprints_are_of_the_model() -> None:
    """Two snapshots have two fingerprints, gpt-3.5-turbo has none, as recorded."""
    first, second = get_model("gpt-4o").fingerprint, get_model("gpt-4o-2024-05-13").fingerprint
    assert first != second
    assert get_model("gpt-3.5-turbo").fingerprint is None


@pytest.mark.parametrize(
    ("wanted", "served"),
    [(None, "default"), ("auto", "default"), ("fast", "priority"), ("flex", "flex")],
)
def test_tiers_are_resolved(wanted: str | None, served: str) -> None:
    """A reply names the tier that served it."""
    assert served_tier(wanted) == served
