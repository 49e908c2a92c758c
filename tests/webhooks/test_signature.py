"""The signature of a delivery, beside published vectors and the SDK's own check."""

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.ids import Seed
from mockbatch.webhooks import signature

# Source: the example of the Standard Webhooks libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_published_example() -> None:
    """The signature is that of the scheme's own example."""
    assert signature.sign(SECRET, ID, 1614265330, BODY) == SIGNATURE


@given(st.text(), st.binary(max_size=40).map(lambda key: Seed(key)))
def test_sdk_accepts_what_any_secret_signs(text: str, seed: Seed) -> None:
    """Whatever the body and the secret, `verify_signature` has no objection."""
    body, secret = text.encode("utf-8", "replace"), signature.new_secret(seed)
    client = openai.OpenAI(api_key="sk-x", webhook_secret=secret)
    headers = {
        "webhook-id": "wh_1",
        "webhook-timestamp": "1614265330",
        "webhook-signature": signature.sign(secret, "wh_1", 1614265330, body),
    }
    client.webhooks.verify_signature(body, headers, tolerance=10**10)


def test_secret_without_a_prefix_is_taken_as_it_is() -> None:
    """As the SDK takes it."""
    assert signature.decode_secret("plain") == b"plain"


def test_secret_that_is_no_base64_is_refused() -> None:
    """What cannot sign is told before it has to."""
    with pytest.raises(ValueError, match="not base64"):
        signature.decode_secret("whsec_?")


def test_hint_tells_no_secret() -> None:
    """Four characters at the end are all that it shows."""
    assert signature.mask_secret(SECRET) == "whsec_...LaSw"
    assert signature.mask_secret("plain-secret") == "...cret"


def test_two_secrets_differ() -> None:
    """Each seed has its own."""
    assert signature.new_secret(Seed.of(1)) != signature.new_secret(Seed.of(2))
