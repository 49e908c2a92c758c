"""The plain lines of an output file, each written from the pattern of its form."""

from typing import Any

from mockbatch.batch.gists import Gists, Kept
from mockbatch.ids import Minted
from mockbatch.replies.endpoint import Tokens
from mockbatch.replies.pattern import Pattern, Place, escaped, pattern
from mockbatch.replies.plain import Answering, Plain, rest

Json = Any

_OF_THE_LINE: tuple[Place, ...] = (("id",), ("custom_id",), ("response", "request_id"))


class PlainLines:
    """Writes plain lines, once it has seen one of their form that was written in full."""

    def __init__(self, plain: Plain, gists: Gists) -> None:
        #: Returns what is kept of lines, None of one that is not plain.
        self.find = gists.opened()
        self._plain = plain
        self._forms = gists.forms
        self._places = (
            *_OF_THE_LINE,
            *(("response", "body", *place) for place in plain.places),
        )
        # By number of form; None where no pattern can be told.
        self._known: dict[int, tuple[Pattern, Answering, int] | None] = {}
        self._input = self._output = self._reasoning = 0

    @property
    def tokens(self) -> Tokens:
        """What the lines so far are billed for."""
        return Tokens(self._input, self._output, reasoning=self._reasoning)

    def learn(self, kept: Kept, written: dict[str, Json]) -> None:
        """Take a line that was written in full."""
        form = kept[0]
        if form not in self._known:
            reasoning = self._plain.reasoning(written["response"]["body"])
            found = pattern(written, self._places, end="\n")
            answering = self._plain.answering(rest(self._forms[form]))
            self._known[form] = None if found is None else (found, answering, reasoning)

    def text(self, kept: Kept, at: int, ids: Minted) -> str | None:
        """Return a line that runs at an instant, and its end; None if it is the first of a form."""
        form, custom_id, asked, given = kept
        known = self._known.get(form)
        if known is None:
            return None
        found, answering, reasoning = known
        _, letters, id, request_id = ids
        values = answering(asked, given, letters, at)
        self._input += values[self._plain.input]
        self._output += values[self._plain.output]
        self._reasoning += reasoning
        return found.filled((id, escaped(custom_id), request_id, *values))
