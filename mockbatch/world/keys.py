"""How API keys are shown to people."""

import hashlib


def mask_key(key: str) -> str:
    """Return a key as an error message shows it: its first 8 and last 4 characters.

    These are all of 12 characters; of a key as short as that only the first 2 are shown.

    Source: OpenAI's own message masks keys so, recorded in 2026, but prints keys shorter than
    12 characters whole.
    """
    if len(key) <= 12:
        return key[:2] + "*" * len(key[2:])
    return key[:8] + "*" * (len(key) - 12) + key[-4:]


def shorten_key(key: str) -> str:
    """Return a key as the log shows it: enough to tell worlds apart, and no more."""
    return f"{key[:3]}...{key[-2:]}" if len(key) >= 12 else f"{key[:2]}..."


def key_digest(key: str) -> str:
    """Return a name for the world of a key by which the owner of the server can ask for it."""
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()[:12]
