"""Input files of any size, of the kind that clients send."""

import json
from collections.abc import Iterator

WORDS = ["the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "and", "runs", "away"]


def line(number: int, characters: int = 1000) -> bytes:
    """Return one request line, its prompt of about so many characters and like no other."""
    text = " ".join(
        WORDS[(number * 7 + place * place) % len(WORDS)] for place in range(characters // 5)
    )
    body = {
        "model": "gpt-4o-mini",
        "messages": [
            {"role": "system", "content": "You label support tickets. Answer with one word."},
            {"role": "user", "content": f"Ticket {number}: {text[:characters]}"},
        ],
        "temperature": 0.2,
        "max_tokens": 100,
    }
    request = {"custom_id": f"ticket-{number}", "method": "POST", "url": "/v1/chat/completions"}
    return json.dumps({**request, "body": body}).encode() + b"\n"


def lines(count: int, characters: int = 1000) -> Iterator[bytes]:
    """Yield so many request lines."""
    return (line(number, characters) for number in range(count))


def file(count: int, characters: int = 1000) -> bytes:
    """Return an input file of so many lines."""
    return b"".join(lines(count, characters))
