"""Signatures, compared with published vectors and with the SDK's own check."""

from collections.abc import Iterator

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.resources.webhooks.webhooks import Webhooks

from mockbatch.ids import Seed
from mockbatch.webhooks import signature

# Source: the example of the Standard Webhooks libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_published_example_is_signed_alike() -> None:
    """The signature is that of the scheme's own example."""
    assert signature.sign(SECRET, ID, 1614265330, BODY) == SIGNATURE


def test_a_new_secret_signs_with_32_bytes() -> None:
    """The scheme recommends 24 to 64."""
    assert len(signature.decode_secret(signature.new_secret(Seed.of("a")))) == 32


@pytest.fixture(scope="module")
def webhooks() -> Iterator[Webhooks]:
    """Return the SDK's resource for webhooks; a client takes long to create."""
    with openai.OpenAI(api_key="sk-x") as client:
        yield client.webhooks


@given(st.text(), st.binary(max_size=40).map(lambda key: Seed(key)))
def test_the_sdk_accepts_every_signature(webhooks: Webhooks, text: str, seed: Seed) -> None:
    """`verify_signature` accepts it, whatever the body and the secret."""
    body, secret = text.encode("utf-8", "replace"), signature.new_secret(seed)
    headers = {
        "webhook-id": "wh_1",
        "webhook-timestamp": "1614265330",
        "webhook-signature": signature.sign(secret, "wh_1", 1614265330, body),
    }
    webhooks.verify_signature(body, headers, secret=secret, tolerance=10**10)


def test_the_sdk_rejects_the_signature_of_another_secret(webhooks: Webhooks) -> None:
    """So its check can fail."""
    headers = {
        "webhook-id": ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": signature.sign(SECRET, ID, 1614265330, BODY),
    }
    other = signature.new_secret(Seed.of(1))
    with pytest.raises(openai.InvalidWebhookSignatureError):
        webhooks.verify_signature(BODY, headers, secret=other, tolerance=10**10)


def test_a_secret_without_the_prefix_is_used_as_it_is() -> None:
    """As the SDK does."""
    assert signature.decode_secret("plain") == b"plain"


def test_a_secret_that_is_not_base64_is_an_error() -> None:
    """It is reported before it has to sign anything."""
    with pytest.raises(ValueError, match="not base64"):
        signature.decode_secret("whsec_?")


def test_a_masked_secret_shows_four_characters() -> None:
    """The last four, after the prefix if there is one."""
    assert signature.mask_secret(SECRET) == "whsec_...LaSw"
    assert signature.mask_secret("plain-secret") == "...cret"


def test_two_secrets_differ() -> None:
    """Each seed has its own."""
    assert signature.new_secret(Seed.of(1)) != signature.new_secret(Seed.of(2))
