"""Identifiers: their recorded forms, and that nothing is left to chance."""

import re
import tracemalloc
from collections.abc import Callable
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch import ids
from mockbatch.ids import LineIdentity, Seed

SEED = Seed.of("test")
NAMES = st.lists(st.text(), min_size=1, max_size=3)


def test_a_batch_id_begins_with_the_time_of_creation_in_hex() -> None:
    """A batch id has the creation time, 4 digits, the constant 8190 and 16 digits."""
    assert re.fullmatch(
        r"batch_6627f5d0[0-9a-f]{4}8190[0-9a-f]{16}", ids.batch_id(SEED, 0x6627F5D0)
    )


def identities(count: int, seed: Seed = SEED, built_at: int = 0) -> list[LineIdentity]:
    """Return the identities of the first lines of a batch."""
    of_batch = ids.LineIdentities(seed, count, built_at)
    return [of_batch.of_line(index) for index in range(count)]


def test_an_output_line_id_has_the_time_its_file_was_built() -> None:
    """The id of an output line is stamped like that of a batch."""
    [line] = identities(1, built_at=0x6627F5D0)
    assert re.fullmatch(r"batch_req_6627f5d0[0-9a-f]{4}8190[0-9a-f]{16}", line.id)


def test_a_file_id_is_22_base58_characters() -> None:
    """A file id never holds 0, I, O or l."""
    assert re.fullmatch(r"file-[1-9A-HJ-NP-Za-km-z]{22}", ids.file_id(SEED))


@pytest.mark.parametrize(("mint", "prefix"), [(ids.upload_id, "upload_"), (ids.part_id, "part_")])
def test_an_upload_and_its_parts_have_the_stamp_of_a_batch(
    mint: Callable[[Seed, int], str], prefix: str
) -> None:
    """Their ids differ from a batch's in the prefix alone."""
    assert mint(SEED, 5) == prefix + ids.batch_id(SEED, 5).removeprefix("batch_")


def test_a_request_id_is_32_hex_digits() -> None:
    """The x-request-id has OpenAI's prefix and 32 digits."""
    assert re.fullmatch(r"req_[0-9a-f]{32}", ids.request_id(SEED))


def test_the_request_id_of_a_line_is_a_uuid4_with_dashes() -> None:
    """The request_id of an output line is a version 4 UUID."""
    for line in identities(500):
        assert UUID(line.request_id).version == 4
        assert UUID(line.request_id).variant == RFC_4122
        assert str(UUID(line.request_id)) == line.request_id


def test_the_identities_of_released_versions_stay() -> None:
    """The same seed gives the same ids in every version, recorded here from the first one."""
    assert ids.LineIdentities(Seed.of("x"), 3, 1_713_894_800).of_line(2)[1:] == (
        "AwBwKukJo18TnlBYxqanblXefhoG3doY",
        "batch_req_6627f590969281909792a09048230e73",
        "93ca0089-3f0b-4adb-abfc-1c85eb37f4ce",
    )


@given(st.integers(0, 99))
def test_a_line_is_identified_by_its_index(index: int) -> None:
    """However many lines its batch has."""
    few, many = ids.LineIdentities(SEED, 100, 5), ids.LineIdentities(SEED, 200, 5)
    assert few.of_line(index) == many.of_line(index)


def test_the_identities_of_a_batch_take_the_memory_of_its_seeds() -> None:
    """A seed has 32 bytes; its digits and letters would take three times as much."""
    tracemalloc.start()
    try:
        ids.LineIdentities(SEED, 50_000, 5)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 40 * 50_000


def test_no_two_lines_share_anything() -> None:
    """Seeds, letters and both ids belong to one line each, and to one batch."""
    lines = identities(1000) + identities(1000, SEED.child("other"))
    assert [len(set(column)) for column in zip(*lines, strict=True)] == [2000] * 4


def test_the_ids_of_a_line_do_not_repeat_each_other() -> None:
    """No five digits of its id are found in its request_id."""
    [line] = identities(1)
    stamped = line.id.removeprefix("batch_req_00000000")
    own, other = stamped.replace("8190", "", 1), line.request_id.replace("-", "")
    assert not {own[at : at + 5] for at in range(len(own) - 4)} & {
        other[at : at + 5] for at in range(len(other) - 4)
    }


def test_the_letters_of_a_line_are_those_of_its_seed() -> None:
    """The id of a response can be made of either."""
    [line] = identities(1)
    assert line.letters == line.seed.letters
    assert re.fullmatch("[A-Za-z0-9]{32}", line.letters)


@pytest.mark.parametrize("at", [0, 1, 2**32 - 1, 2**32])
def test_the_stamp_is_always_8_digits(at: int) -> None:
    """A time at either end of the range still gives an id of the usual length."""
    assert len(ids.batch_id(SEED, at)) == len("batch_") + 32


@given(NAMES)
def test_the_same_path_gives_the_same_bytes(names: list[str]) -> None:
    """A seed depends on its names alone."""
    assert Seed.of(*names).bytes(40) == Seed.of(*names).bytes(40)


@given(NAMES, NAMES)
def test_different_paths_give_different_seeds(one: list[str], other: list[str]) -> None:
    """Two lists of names share a seed only when they are equal."""
    assert (Seed.of(*one) == Seed.of(*other)) == (one == other)


def test_names_are_kept_apart() -> None:
    """Names that read the same when they are put together lead elsewhere."""
    assert Seed.of("ab", "c") != Seed.of("a", "bc")


def test_a_child_is_not_its_parent() -> None:
    """A child has a seed of its own, and each name another one."""
    assert len({SEED, SEED.child(), SEED.child("a"), SEED.child("b"), SEED.child("a", "b")}) == 5


def test_half_a_surrogate_pair_is_a_name() -> None:
    """A name that cannot be encoded, as JSON may hold it, leads to a seed too."""
    assert Seed.of("\ud800") != Seed.of("\udc00")


@given(st.integers(0, 200))
def test_bytes_come_in_any_length(count: int) -> None:
    """The stream gives the requested number of bytes, and a shorter run begins a longer one."""
    assert SEED.bytes(300).startswith(SEED.bytes(count))
    assert len(SEED.bytes(count)) == count


def test_text_is_of_its_alphabet() -> None:
    """Text has the length and the characters that are requested."""
    found = SEED.text("ab", 50)
    assert len(found) == 50
    assert set(found) == {"a", "b"}


def test_a_generator_repeats_itself() -> None:
    """Two generators of one seed give the same numbers."""
    assert SEED.random().random() == SEED.random().random()
