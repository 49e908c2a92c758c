"""A user's program: asks a model for an object of a class, by way of the package `instructor`.

It finds the service in OPENAI_BASE_URL and OPENAI_API_KEY, and prints what it got as JSON.
"""

import asyncio
import json
from typing import Any

import instructor
import openai
from pydantic import BaseModel

ASKED: Any = {
    "model": "gpt-4o",
    "messages": [{"role": "user", "content": "I was charged twice!"}],
}


class Ticket(BaseModel):
    """What a customer wants."""

    label: str
    urgent: bool


def main() -> None:
    """Ask in several ways."""
    tools = instructor.from_openai(openai.OpenAI())
    as_json = instructor.from_openai(openai.OpenAI(), mode=instructor.Mode.JSON)
    found = {
        "tools": tools.chat.completions.create(response_model=Ticket, **ASKED),
        "json": as_json.chat.completions.create(response_model=Ticket, **ASKED),
        "async": asyncio.run(ask_async()),
        "partial": list(tools.chat.completions.create_partial(response_model=Ticket, **ASKED))[-1],
    }
    print(json.dumps({name: ticket.model_dump() for name, ticket in found.items()}))


async def ask_async() -> Ticket:
    """Ask without blocking."""
    async with openai.AsyncOpenAI() as client:
        create = instructor.from_openai(client).chat.completions.create
        ticket: Ticket = await create(response_model=Ticket, **ASKED)
        return ticket


if __name__ == "__main__":
    main()
