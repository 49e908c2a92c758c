"""The plain lines of an output file, each written from the pattern of its form."""

from collections.abc import Container, Iterable, Sequence

from mockbatch.batch.batch import NO_TOKENS
from mockbatch.batch.gists import Gists
from mockbatch.batch.plain_forms import way
from mockbatch.endpoints.endpoint import Tokens
from mockbatch.endpoints.fast_path import Plain
from mockbatch.endpoints.json_template import escaped
from mockbatch.ids import LineIdentity


class PlainLines:
    """Writes the plain lines of a batch of an endpoint, by its path, but for the scripted ones."""

    def __init__(
        self,
        path: str,
        plain: Plain,
        gists: Gists,
        scripted: Container[int],
        *,
        validate: bool,
    ) -> None:
        self._plain = plain
        self._find = gists.opened()
        self._ways = [way(path, plain, form, validate=validate) for form in gists.forms]
        self._scripted = scripted
        #: What the lines so far are billed for.
        self.tokens = NO_TOKENS

    def texts(
        self, lines: Sequence[int], instants: Iterable[int | None], ids: Iterable[LineIdentity]
    ) -> list[str | None]:
        """Return lines with their ends; None in place of one that is to be written in full.

        `instants` are those at which they run, None for a line that never does.
        """
        ways, scripted = self._ways, self._scripted
        input, output = self._plain.input, self._plain.output
        given = made = thought = 0
        texts: list[str | None] = []
        each = zip(lines, self._find(lines), instants, ids, strict=True)
        for line, kept, at, (_, letters, id, request_id) in each:
            found = ways[kept[0]] if kept and line not in scripted else None
            if kept is None or found is None or at is None:
                texts.append(None)
                continue
            pattern, answering, reasoning = found
            _, custom_id, asked, tokens = kept
            values = answering(asked, tokens, letters, at)
            given += values[input]
            made += values[output]
            thought += reasoning
            texts.append(pattern.filled((id, escaped(custom_id), request_id, *values)))
        self.tokens = self.tokens.plus(Tokens(given, made, reasoning=thought))
        return texts
