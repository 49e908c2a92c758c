"""Identifiers in Anthropic's recorded forms, derived from a seed and never random."""

from mockbatch.ids import BASE58, Seed


def message_batch_id(seed: Seed, created_at: int) -> str:  # noqa: ARG001 - holds no time
    """Return `msgbatch_01` and 22 base58 characters."""
    return "msgbatch_01" + seed.text(BASE58, 22)


def message_id(seed: Seed) -> str:
    """Return `msg_011C` and 20 base58 characters, as recorded in 2026."""
    return "msg_011C" + seed.child("message").text(BASE58, 20)


def tool_use_id(seed: Seed) -> str:
    """Return `toolu_01` and 22 base58 characters."""
    return "toolu_01" + seed.child("tool").text(BASE58, 22)


def request_id(seed: Seed) -> str:
    """Return the value of a `request-id` header: `req_011C` and 20 base58 characters."""
    return "req_011C" + seed.text(BASE58, 20)


def organization_id(organization: str) -> str:
    """Return the UUID that stands for an organization in the response headers."""
    digits = Seed.of("organization", organization).hex(32)
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:32]}"
