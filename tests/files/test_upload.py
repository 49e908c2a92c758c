"""Uploads as values: their status, their parts, and what these make."""

import hashlib
from collections.abc import Callable
from itertools import permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.errors import ApiError
from mockbatch.files.content import Content
from mockbatch.files.file import File
from mockbatch.files.upload import Part, Upload
from mockbatch.validation.schema import schema

CREATED = 1_713_894_800


def upload(*pieces: bytes, size: int | None = None) -> Upload:
    """Return an upload with these parts, `part_0` and so on."""
    size = sum(map(len, pieces)) if size is None else size
    made = Upload("upload_1", "in.jsonl", "batch", size, CREATED, None)
    for number, piece in enumerate(pieces):
        made = made.with_part(Part(f"part_{number}", made.id, CREATED, Content.of(piece)))
    return made


def completion_error(
    made: Upload, part_ids: list[str], md5: str | None = None
) -> tuple[int, str | None]:
    """Return status and param of the failure with which parts are not joined."""
    with pytest.raises(ApiError) as refused:
        made.join_parts(part_ids, md5)
    return refused.value.status, refused.value.param


def whole(made: Upload, part_ids: list[str], md5: str | None = None) -> bytes:
    """Return the bytes that parts make."""
    return made.join_parts(part_ids, md5).read(0, 9999)


class TestStatus:
    """What an upload is, as time goes by."""

    @pytest.mark.parametrize(
        ("seconds", "status"), [(0, "pending"), (3599.9, "pending"), (3600, "expired")]
    )
    def test_it_expires_after_an_hour(self, seconds: float, status: str) -> None:
        """On the second of expires_at it is expired, before it is pending."""
        assert upload().status(CREATED + seconds) == status

    @pytest.mark.parametrize("status", ["completed", "cancelled"])
    def test_an_end_is_for_ever(self, status: str) -> None:
        """What a client has ended does not expire."""
        assert upload(b"a").without_parts(status).status(CREATED + 10**9) == status

    def test_an_end_lets_the_parts_go(self) -> None:
        """What has ended holds no bytes."""
        assert upload(b"a").without_parts("cancelled").parts == {}


class TestJoined:
    """The file that parts make."""

    def test_the_order_of_the_ids_counts(self) -> None:
        """Parts are joined as they are named, not as they came."""
        made = upload(b"a", b"bb", b"ccc")
        for ids in permutations([0, 1, 2]):
            expected = b"".join([b"a", b"bb", b"ccc"][number] for number in ids)
            assert whole(made, [f"part_{number}" for number in ids]) == expected

    def test_a_part_may_be_left_out(self) -> None:
        """A part that was sent twice, after a lost answer, does no harm."""
        assert whole(upload(b"ab", b"ab", b"c", size=3), ["part_1", "part_2"]) == b"abc"

    def test_nothing_is_made_of_nothing(self) -> None:
        """An upload of no bytes has no parts."""
        assert whole(upload(), []) == b""

    @pytest.mark.parametrize("ids", [["part_9"], ["part_0", "part_9"], ["part_0", ""]])
    def test_an_unknown_part_is_named_by_its_place(self, ids: list[str]) -> None:
        """The param is the place of the first id that is none of the upload's."""
        assert completion_error(upload(b"ab"), ids) == (400, f"part_ids[{len(ids) - 1}]")

    def test_a_repeated_part_is_refused(self) -> None:
        """Even if the bytes would be as many as were announced."""
        assert completion_error(upload(b"ab", size=4), ["part_0", "part_0"]) == (400, "part_ids[1]")

    @pytest.mark.parametrize("size", [0, 2, 4])
    def test_other_bytes_than_announced_are_refused(self, size: int) -> None:
        """The message tells both numbers."""
        made = upload(b"ab", b"c", size=size)
        assert completion_error(made, ["part_0", "part_1"]) == (400, "part_ids")
        with pytest.raises(ApiError, match=rf"have 3 bytes.* for {size}\."):
            made.join_parts(["part_0", "part_1"], None)

    @pytest.mark.parametrize("change", [str.lower, str.upper])
    def test_a_right_checksum_is_accepted(self, change: Callable[[str], str]) -> None:
        """Hexadecimal digits of either case."""
        digest = change(hashlib.md5(b"abc").hexdigest())
        assert whole(upload(b"ab", b"c"), ["part_0", "part_1"], digest) == b"abc"

    def test_a_wrong_checksum_is_refused(self) -> None:
        """Of the same parts in another order, for one."""
        digest = hashlib.md5(b"cab").hexdigest()
        assert completion_error(upload(b"ab", b"c"), ["part_0", "part_1"], digest) == (400, "md5")

    @given(st.lists(st.binary(max_size=9), max_size=6), st.randoms())
    def test_any_parts_in_any_order(self, pieces: list[bytes], chance: Random) -> None:
        """The bytes are those of the parts named, whatever they are."""
        order = list(range(len(pieces)))
        chance.shuffle(order)
        expected = b"".join(pieces[number] for number in order)
        digest = hashlib.md5(expected).hexdigest()
        assert whole(upload(*pieces), [f"part_{number}" for number in order], digest) == expected


class TestJson:
    """The published objects."""

    def test_a_pending_upload_has_nine_members(self) -> None:
        """The SDK's type requires all but `file`, which is null until there is one."""
        shown = upload(b"abc").as_json(CREATED)
        assert shown == {
            "id": "upload_1",
            "object": "upload",
            "bytes": 3,
            "created_at": CREATED,
            "filename": "in.jsonl",
            "purpose": "batch",
            "status": "pending",
            "expires_at": CREATED + 3600,
            "file": None,
        }
        assert list(shown) == schema("upload").document["required"]

    def test_a_completed_upload_shows_its_file(self) -> None:
        """The File object stands in the Upload object as it is."""
        file = File("file-1", "batch", "in.jsonl", CREATED, None, lambda: Content.of(b"abc"))
        shown = upload(b"abc").without_parts("completed").as_json(CREATED, file)
        assert (shown["status"], shown["file"]) == ("completed", file.as_json())
        assert schema("upload").accepts(shown)

    def test_a_part_has_four_members(self) -> None:
        """As published."""
        [part] = upload(b"abc").parts.values()
        assert part.as_json() == {
            "id": "part_0",
            "object": "upload.part",
            "created_at": CREATED,
            "upload_id": "upload_1",
        }
        assert schema("upload_part").accepts(part.as_json())
