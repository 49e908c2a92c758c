"""What the journal keeps and shows of a request."""

import pytest

from mockbatch.faults.message import MAX_BODY_BYTES, Message
from mockbatch.strings.redaction import MASK


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Authorization", "Bearer sk-secret", f"Bearer {MASK}"),
        ("Proxy-Authorization", "Basic c2VjcmV0", f"Basic {MASK}"),
        ("Authorization", "sk-secret", MASK),
        ("Cookie", "session=secret theme=dark", MASK),
        ("api-key", "sk secret", MASK),
        ("Idempotency-Key", "order 1", "order 1"),
        ("User-Agent", "curl/8 (x)", "curl/8 (x)"),
    ],
)
def test_secrets_in_headers_are_masked(name: str, value: str, shown: str) -> None:
    """Only the scheme of an authorization stays."""
    assert Message([(name, value)]).as_json()["headers"] == {name.lower(): shown}


def test_headers_of_one_name_are_joined() -> None:
    """In their order, whatever their case, as HTTP lets a recipient combine them."""
    message = Message([("Via", "1.1 a"), ("Accept", "*/*"), ("via", "1.1 b")])
    assert message.as_json()["headers"] == {"via": "1.1 a, 1.1 b", "accept": "*/*"}


def test_a_body_cut_within_a_character_ends_before_it() -> None:
    """The cut breaks no character; one that the body itself breaks is replaced."""
    whole, broken = "x" * (MAX_BODY_BYTES - 1), "é".encode()
    assert Message.of([], whole.encode() + broken).as_json()["text"] == whole
    assert Message.of([], b"x" + broken[:1]).as_json()["text"] == "x\N{REPLACEMENT CHARACTER}"


def test_a_long_body_that_comes_in_parts_is_cut() -> None:
    """All of its bytes are counted."""
    message, part = Message(), b"x" * (MAX_BODY_BYTES // 2 + 1)
    for _ in range(3):
        message.append(part)
    assert (len(message.start), message.size) == (MAX_BODY_BYTES, 3 * len(part))


def test_texts_of_a_form_and_streams_take_memory() -> None:
    """A stream may still become as long as what is kept of any body."""
    assert Message(form={"purpose": "x" * 100}).kept_bytes == 100
    stream = Message()
    stream.tee([])
    assert stream.kept_bytes == MAX_BODY_BYTES
