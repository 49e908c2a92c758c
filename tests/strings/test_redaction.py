"""What is kept and shown of paths, URLs and messages."""

from time import process_time

import pytest

from mockbatch.strings.redaction import redact


@pytest.mark.parametrize(
    "name",
    [
        *("key", "api-key", "api_key", "access_token", "client_secret", "sig", "password"),
        *("passwd", "db_pwd"),
        *("X-Amz-Signature", "X-Amz-Credential", "Authorization", "keys[key]", "token[0]"),
        *("key+", "key%20", "k%65y", "k%2565y"),
    ],
)
@pytest.mark.parametrize("before", ["/v1/files?", "/v1/files?a=1&", "/v1/files;", "?a=1;"])
def test_the_values_of_secrets_are_masked(before: str, name: str) -> None:
    """In a query and in the parameters of a path, however the name is written."""
    assert redact(f"{before}{name}=hush&b=2", 100) == f"{before}{name}=***&b=2"


@pytest.mark.parametrize("text", ["?limit=2&after=file-key", "?max_tokens=3&key=&token", "key=1"])
def test_other_texts_are_kept(text: str) -> None:
    """A test asserts on them."""
    assert redact(text, 100) == text


def test_a_long_text_is_cut_and_says_so() -> None:
    """By a mark that the limit does not count."""
    assert redact("a" * 11, 10) == "a" * 10 + "..."
    assert redact("a" * 10, 10) == "a" * 10


def test_a_secret_at_the_cut_is_masked() -> None:
    """Its beginning is a secret as well."""
    assert redact("?key=hush-hush", 10) == "?key=***..."


@pytest.mark.parametrize("piece", ["?", "key", "?key", "&key=", "=", "key1", "%25"])
def test_no_text_takes_long(piece: str) -> None:
    """Of 100,000 characters."""
    started = process_time()
    redact(piece * (100_000 // len(piece)), 100_000)
    assert process_time() - started < 1
