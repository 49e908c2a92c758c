"""What the journal shows of a request's headers."""

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
