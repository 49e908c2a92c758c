"""How API keys are shown to people."""

import hashlib


def mask_key(key: str) -> str:
    """Return a key as an error message shows it: its first 8 and last 4 characters.

    For a key of 12 characters that would be all of it, so a key of at most 12 characters shows
    only its first 2.

    Source: OpenAI's own message masks keys so, recorded in 2026, but prints keys shorter than
    12 characters whole.
    """
    if len(key) <= 12:
        return key[:2] + "*" * len(key[2:])
    return key[:8] + "*" * (len(key) - 12) + key[-4:]


def shorten_key(key: str) -> str:
    """Return a key as the log shows it: just enough to distinguish worlds."""
    return f"{key[:3]}...{key[-2:]}" if len(key) >= 12 else f"{key[:2]}..."


def key_digest(key: str) -> str:
    """Return a name for the world of a key, by which the owner of the server can refer to it."""
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()[:12]
