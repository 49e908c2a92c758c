"""A text with the length, the pattern or the format that a schema asks for."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from random import Random
from uuid import UUID

from mockbatch.endpoints.structured_output.alternatives import NoSampleError
from mockbatch.ids import Seed
from mockbatch.typing import Json
from mockbatch.validation.regex import compile_regex
from mockbatch.validation.regex_syntax import RegexError
from mockbatch.validation.step_budget import StepBudget

# The longest text that is generated, whatever a schema asks for.
MAX_TEXT_LENGTH = 100_000
_MAX_TRIES = 20
_DISTINGUISHING_DIGITS = 6
_NEW_YEAR = datetime(2026, 1, 1, tzinfo=timezone.utc)


def make_string(
    schema: Mapping[str, Json], random: Random, budget: StepBudget, default: str
) -> str:
    """Return a text that the schema allows: `default`, if it may be any text and has the length.

    `budget` limits the matching of patterns. Raises NoSampleError if no text was found.
    """
    minimum = int(schema.get("minLength", 0))
    maximum = int(schema.get("maxLength", MAX_TEXT_LENGTH))
    if minimum > maximum or minimum > MAX_TEXT_LENGTH:
        raise NoSampleError(f"no text of {minimum} to {maximum} characters is generated")
    if "pattern" in schema:
        return _match_pattern(schema["pattern"], random, budget, minimum, maximum)
    generate = _FORMATS.get(schema.get("format", ""))
    if generate is None:
        return _fit_length(default, minimum, maximum)
    for _ in range(_MAX_TRIES):
        text = generate(random)
        if minimum <= len(text) <= maximum:
            return text
    format_ = schema["format"]
    raise NoSampleError(f"no {format_} of {minimum} to {maximum} characters is generated")


def _match_pattern(
    pattern: str, random: Random, budget: StepBudget, minimum: int, maximum: int
) -> str:
    try:
        text = compile_regex(pattern).example(random, budget, minimum, maximum)
    except RegexError as error:
        raise NoSampleError(f"its pattern '{pattern[:100]}' is not supported: {error}") from error
    if text is None:
        raise NoSampleError(f"no text that matches its pattern '{pattern[:100]}' was found")
    return text


def _fit_length(text: str, minimum: int, maximum: int) -> str:
    """Return a text filled up with dots, or cut.

    A cut text ends in digits of its hash, which distinguish it from others that begin alike.
    """
    if len(text) > maximum:
        digits = Seed.of(text).hex(_DISTINGUISHING_DIGITS)[:maximum]
        return text[: maximum - len(digits)] + digits
    return text + "." * (minimum - len(text))


def _time_in_2026(random: Random) -> datetime:
    return _NEW_YEAR + timedelta(seconds=random.randrange(365 * 86400))


def _host(random: Random) -> str:
    return f"mock-{random.getrandbits(24):06x}.example.com"


def _uri(random: Random) -> str:
    return f"https://example.com/{random.getrandbits(24):06x}"


_FORMATS: Mapping[str, Callable[[Random], str]] = {
    "date-time": lambda random: f"{_time_in_2026(random):%Y-%m-%dT%H:%M:%SZ}",
    "date": lambda random: f"{_time_in_2026(random):%Y-%m-%d}",
    "time": lambda random: f"{_time_in_2026(random):%H:%M:%SZ}",
    "duration": lambda random: f"P{random.randrange(1, 30)}DT{random.randrange(1, 24)}H",
    "email": lambda random: f"mock-{random.getrandbits(24):06x}@example.com",
    "hostname": _host,
    "ipv4": lambda random: ".".join(["10", *(str(random.randrange(256)) for _ in range(3))]),
    "ipv6": lambda random: f"2001:db8::{random.randrange(1, 65536):x}:{random.getrandbits(16):x}",
    "uuid": lambda random: str(UUID(int=random.getrandbits(128), version=4)),
    # Not allowed in OpenAI's strict schemas, but often written by libraries for models.
    "uri": _uri,
    "url": _uri,
    "uri-reference": _uri,
    "regex": lambda _: ".*",
    "json-pointer": lambda random: f"/{random.getrandbits(24):06x}",
}
