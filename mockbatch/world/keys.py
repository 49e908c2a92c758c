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


class StoredName(str):
    """What a store calls the world of a key: a digest of it, with the key as the log shows it.

    It stands for the key where that is not known. No client can send one: what comes from a
    client is never of this type.
    """

    __slots__ = ("label",)

    label: str

    @classmethod
    def of(cls, key: str) -> "StoredName":
        """Return the name of the world of a key."""
        if isinstance(key, StoredName):
            return key
        return cls.labelled(_digest(key)[:32], shorten_key(key))

    @classmethod
    def labelled(cls, name: str, label: str) -> "StoredName":
        """Return a name that a store has listed."""
        stored = cls(name)
        stored.label = label
        return stored


def shorten_key(key: str) -> str:
    """Return a key as the log shows it: just enough to distinguish worlds."""
    if isinstance(key, StoredName):
        return key.label
    return f"{key[:3]}...{key[-2:]}" if len(key) >= 12 else f"{key[:2]}..."


def key_digest(key: str) -> str:
    """Return a name for the world of a key, by which the owner of the server can refer to it."""
    return (key if isinstance(key, StoredName) else _digest(key))[:12]


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()
