"""Secrets and signatures of the Standard Webhooks scheme, as the SDK's `unwrap` checks them."""

import base64
import binascii
import hashlib
import hmac

from mockbatch.ids import Seed

#: What a secret in base64 begins with.
PREFIX = "whsec_"
#: Sent by a receiver that calls the control API: the id of the delivery that waits for it.
DELIVERY_HEADER = "x-mockbatch-delivery"


def new_secret(seed: Seed) -> str:
    """Return a signing secret."""
    return PREFIX + base64.b64encode(seed.child("webhook secret").bytes(32)).decode()


def decode_secret(secret: str) -> bytes:
    """Return the bytes that a secret signs with; ValueError if it is not valid base64.

    A secret without the prefix is used as it is, as the SDK does.
    """
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError(f"what follows {PREFIX} is not base64: {error}") from None


def sign(secret: str, id: str, timestamp: int, body: bytes) -> str:
    """Return the `webhook-signature` of a delivery."""
    signed = f"{id}.{timestamp}.".encode() + body
    digest = hmac.new(decode_secret(secret), signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def mask_secret(secret: str) -> str:
    """Return a secret masked for display: its prefix and its last four characters.

    Source: the form of the service's own hints is not known.
    """
    return f"{PREFIX if secret.startswith(PREFIX) else ''}...{secret[-4:]}"
