"""A text of the length, the pattern or the format that a schema asks for."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from random import Random
from uuid import UUID

from mockbatch.endpoints.structured_output.alternatives import NoSampleError
from mockbatch.ids import Seed
from mockbatch.typing import Json
from mockbatch.validation.regex import RegexError, StepBudget, compile_regex

# How long a text may be made, whatever a schema asks for.
MAX_TEXT_LENGTH = 100_000
_TRIES = 20
_DIGITS_THAT_DIFFER = 6
_NEW_YEAR = datetime(2026, 1, 1, tzinfo=timezone.utc)


def make_string(schema: Mapping[str, Json], random: Random, steps: StepBudget, said: str) -> str:
    """Return a text that the schema allows: `said`, where it leaves the choice and the room."""
    least, most = int(schema.get("minLength", 0)), int(schema.get("maxLength", MAX_TEXT_LENGTH))
    if least > most or least > MAX_TEXT_LENGTH:
        raise NoSampleError(f"no text of {least} to {most} characters is made")
    if "pattern" in schema:
        return _of_pattern(schema["pattern"], random, steps, least, most)
    make = _FORMATS.get(schema.get("format", ""))
    if make is None:
        return _of_length(said, least, most)
    for _ in range(_TRIES):
        made = make(random)
        if least <= len(made) <= most:
            return made
    raise NoSampleError(f"no {schema['format']} of {least} to {most} characters is made")


def _of_pattern(source: str, random: Random, steps: StepBudget, least: int, most: int) -> str:
    try:
        made = compile_regex(source).example(random, steps, least, most)
    except RegexError as error:
        raise NoSampleError(f"its pattern '{source[:100]}' is not supported: {error}") from error
    if made is None:
        raise NoSampleError(f"no text for its pattern '{source[:100]}' was found")
    return made


def _of_length(said: str, least: int, most: int) -> str:
    """Return what is said; too long, it is cut and ends in digits that still tell it apart."""
    if len(said) > most:
        digits = Seed.of(said).hex(_DIGITS_THAT_DIFFER)[:most]
        return said[: most - len(digits)] + digits
    return said + "." * (least - len(said))


def _instant(random: Random) -> datetime:
    return _NEW_YEAR + timedelta(seconds=random.randrange(365 * 86400))


def _host(random: Random) -> str:
    return f"mock-{random.getrandbits(24):06x}.example.com"


def _uri(random: Random) -> str:
    return f"https://example.com/{random.getrandbits(24):06x}"


_FORMATS: Mapping[str, Callable[[Random], str]] = {
    "date-time": lambda random: f"{_instant(random):%Y-%m-%dT%H:%M:%SZ}",
    "date": lambda random: f"{_instant(random):%Y-%m-%d}",
    "time": lambda random: f"{_instant(random):%H:%M:%SZ}",
    "duration": lambda random: f"P{random.randrange(1, 30)}DT{random.randrange(1, 24)}H",
    "email": lambda random: f"mock-{random.getrandbits(24):06x}@example.com",
    "hostname": _host,
    "ipv4": lambda random: ".".join(["10", *(str(random.randrange(256)) for _ in range(3))]),
    "ipv6": lambda random: f"2001:db8::{random.randrange(1, 65536):x}:{random.getrandbits(16):x}",
    "uuid": lambda random: str(UUID(int=random.getrandbits(128), version=4)),
    # Beyond what OpenAI's strict schemas have, what libraries of models write most.
    "uri": _uri,
    "url": _uri,
    "uri-reference": _uri,
    "regex": lambda _: ".*",
    "json-pointer": lambda random: f"/{random.getrandbits(24):06x}",
}
