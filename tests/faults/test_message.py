"""What the journal shows of a request's headers."""

import pytest

from mockbatch.faults.message import Message
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
