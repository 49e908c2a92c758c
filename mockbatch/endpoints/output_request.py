"""What a request wants for a reply: a text, JSON of some shape, or calls of tools."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from mockbatch.endpoints import text
from mockbatch.endpoints.structured_output.generator import ECHO
from mockbatch.endpoints.structured_output.sample import Shape, written
from mockbatch.endpoints.tool_calls import Call, tokens, within
from mockbatch.endpoints.tools import Arguments, Tool
from mockbatch.errors import NoReplyPossibleError
from mockbatch.typing import Json


class Spoken(NamedTuple):
    """One reply: a text or calls, their tokens, and whether the limit cut them."""

    text: str | None
    calls: tuple[Call, ...]
    tokens: int
    cut: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request wants; without `calls` and `json`, any text.

    `calls` are the tools that have to be called, `named` tells whether the request names the
    one. `shape` is that of the JSON that is asked for, None for any object.
    """

    calls: tuple[tuple[Tool, Arguments], ...] = ()
    named: bool = False
    json: bool = False
    shape: Shape | None = None

    def spoken(self, asked: str, place: int, limit: int | None, stop: Iterable[str] = ()) -> Spoken:
        """Return the reply to what was asked, within `limit` tokens; `place` counts from 0."""
        if self.calls:
            calls = [
                Call(tool.name, arguments(asked, place), custom=tool.kind == "custom")
                for tool, arguments in self.calls
            ]
            made = within(calls, limit)
            return Spoken(None, made, tokens(made), cut=made != tuple(calls))
        said = text.said(self._text(asked, place), limit, stop)
        return Spoken(said.text, (), said.tokens, said.cut)

    def _text(self, asked: str, place: int) -> str:
        if self.shape is not None:
            return self.shape.text(asked, place)
        said = text.reply(asked, place)
        return written({ECHO: said}) if self.json else said


def or_text(wanted: Callable[[dict[str, Json]], Wanted], body: dict[str, Json]) -> Wanted:
    """Return what a request body wants, any text where the mock finds nothing that is wanted.

    Such an answer is only for a scripted reply to be put into.
    """
    try:
        return wanted(body)
    except NoReplyPossibleError:
        return Wanted()
