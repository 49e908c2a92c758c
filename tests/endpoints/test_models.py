"""Models, their snapshots and the parameters they accept."""

from time import process_time

import pytest

from mockbatch.endpoints.models import _cached_model, get_model, served_tier
from tests.support.bodies import CHAT, RESPONSES, recorded_bodies


@pytest.mark.parametrize(
    ("alias", "snapshot"),
    [
        ("gpt-5-nano", "gpt-5-nano-2025-08-07"),
        ("gpt-4o-mini", "gpt-4o-mini-2024-07-18"),
        ("gpt-3.5-turbo", "gpt-3.5-turbo-0125"),
    ],
)
def test_an_alias_stands_for_its_snapshot(alias: str, snapshot: str) -> None:
    """Responses name the same model as those of the real service."""
    assert get_model(alias).name == snapshot


@pytest.mark.parametrize("name", ["gpt-4o-2024-05-13", "my-model", "", "\ud800", "-", "ft:"])
def test_other_names_are_their_own_snapshot(name: str) -> None:
    """Those of snapshots and of unknown models."""
    assert get_model(name).name == name


@pytest.mark.parametrize("name", ["-" * 1_000_000, "gpt-4o-mini-" + "a-" * 500_000])
def test_a_name_of_megabytes_takes_no_time_and_is_not_kept(name: str) -> None:
    """A request may have one, and the next request another."""
    started = process_time()
    before = _cached_model.cache_info().currsize
    assert get_model(name).is_known == name.startswith("gpt")
    assert _cached_model.cache_info().currsize == before
    assert process_time() - started < 1


@pytest.mark.parametrize("path", [CHAT, RESPONSES])
def test_recorded_snapshots_are_known(path: str) -> None:
    """Every model name that was recorded belongs to a known family."""
    assert all(get_model(body["model"]).is_known for body in recorded_bodies(path))


@pytest.mark.parametrize("name", ["o1", "o3-mini", "o4-mini", "gpt-5", "gpt-5-nano-2025-08-07"])
def test_models_that_reason(name: str) -> None:
    """The o series and gpt-5 reason by default."""
    assert get_model(name).reasons(None)


@pytest.mark.parametrize("name", ["gpt-4o", "gpt-4.1-nano", "gpt-5-chat-latest", "o9", "my-model"])
def test_models_that_do_not_reason(name: str) -> None:
    """Earlier and unknown models do not reason, whatever the effort."""
    assert not get_model(name).reasons("high")
    assert get_model(name).reasoning_tokens("high") == 0


def test_effort_none_turns_reasoning_off() -> None:
    """Even for a model that can reason."""
    assert not get_model("gpt-5.6-terra").reasons("none")
    assert get_model("gpt-5.6-terra").reasoning_tokens("none") == 0


def test_medium_effort_takes_64_tokens() -> None:
    """As in the recorded responses."""
    assert get_model("gpt-5-nano").reasoning_tokens(None) == 64


def test_a_fine_tuned_model_belongs_to_the_family_of_its_base() -> None:
    """Its name contains that of the base model."""
    tuned = get_model("ft:gpt-4o-mini-2024-07-18:acme::abc")
    assert (tuned.is_known, tuned.name) == (True, "ft:gpt-4o-mini-2024-07-18:acme::abc")


def test_a_fine_tuned_model_has_the_limits_of_its_base() -> None:
    """They are those of the snapshot, which may have others than its family."""
    base = get_model("gpt-4o-2024-05-13").limits
    assert get_model("ft:gpt-4o-2024-05-13:acme::abc").limits == base
    assert base != get_model("gpt-4o").limits


def test_a_prefix_ends_before_a_hyphen() -> None:
    """A name that only begins like a family is unknown."""
    assert not get_model("o10-mini").is_known


def test_vectors_of_the_large_model_are_longer() -> None:
    """text-embedding-3-large has 3072 dimensions, others 1536."""
    assert get_model("text-embedding-3-large").dimensions == 3072
    assert get_model("text-embedding-3-small").dimensions == 1536


def test_only_new_embedding_models_are_resizable() -> None:
    """ada-002 always has its 1536 dimensions."""
    assert get_model("text-embedding-3-small").is_resizable
    assert not get_model("text-embedding-ada-002").is_resizable


def test_a_fingerprint_belongs_to_the_model() -> None:
    """Two snapshots have different ones, gpt-3.5-turbo has none, as recorded."""
    first, second = get_model("gpt-4o").fingerprint, get_model("gpt-4o-2024-05-13").fingerprint
    assert first != second
    assert get_model("gpt-3.5-turbo").fingerprint is None


@pytest.mark.parametrize(
    ("requested", "served"),
    [(None, "default"), ("auto", "default"), ("fast", "priority"), ("flex", "flex")],
)
def test_tiers_are_resolved(requested: str | None, served: str) -> None:
    """A response names the tier that served it."""
    assert served_tier(requested) == served
