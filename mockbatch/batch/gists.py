"""What is kept of the plain lines of an input file, so that nobody has to parse them again."""

import marshal
from array import array
from collections.abc import Callable, Iterable, Sequence

from mockbatch.endpoints.fast_path import Gist
from mockbatch.files.content import Content, temporary_file

# A batch whose lines differ in more than their texts gains nothing from this.
_MOST_FORMS = 256
_IN_MEMORY_BYTES = 16 << 20
# So many are worth a call, at which others get a turn.
_WORTH_A_CALL = 50


# Of a line: the number of its form, its custom_id, and what its gist is beside the form.
Kept = tuple[int, str, tuple[str, bool], int]


class Gists:
    """The gists of the lines of one file; `forms` are those that they have."""

    def __init__(self, forms: Sequence[bytes], content: Content, starts: "array[int]") -> None:
        self.forms = forms
        self._content = content
        self._starts = starts

    def opened(self) -> Callable[[Iterable[int]], list[Kept | None]]:
        """Return what finds the gists of lines, None of one that is not plain.

        It may hold all of them in memory: lines run in another order than they are in, and
        many a read of a few bytes takes its time.
        """
        content, starts = self._content, self._starts
        whole = content.read(0, content.size) if content.size <= _IN_MEMORY_BYTES else None

        def find(lines: Iterable[int]) -> list[Kept | None]:
            bounds = [(starts[line], starts[line + 1]) for line in lines]
            if whole is None:
                written = [content.read(start, stop) for start, stop in bounds]
            else:
                written = [whole[start:stop] for start, stop in bounds]
            return [marshal.loads(data) for data in written]  # noqa: S302 - by `Writer`

        return find


class Writer:
    """Keeps the gists of one line after the other, on disk if they are many."""

    def __init__(self) -> None:
        self._forms: dict[bytes, int] = {}
        self._spool = temporary_file()
        self._starts = array("Q", [0])
        # What waits for others.
        self._waiting: list[bytes] = []

    def knows(self, gist: Gist) -> bool:
        """Tell whether there was a line of this form."""
        return gist.form in self._forms

    def put(self, line: int, custom_id: str, gist: Gist) -> None:
        """Keep the gist of line `line`, which comes after those kept before."""
        form, asked, given = gist
        number = self._forms.get(form)
        if number is None:
            if len(self._forms) >= _MOST_FORMS:
                return
            number = self._forms[form] = len(self._forms)
        self._fill(line)
        self._keep((number, custom_id, asked, given))

    def close(self, lines: int) -> Gists:
        """Return the gists of so many lines."""
        self._fill(lines)
        self._flush()
        return Gists(tuple(self._forms), Content(self._spool), self._starts)

    def _fill(self, line: int) -> None:
        """Note that the lines before this one are not plain."""
        while len(self._starts) <= line:
            self._keep(None)

    def _keep(self, kept: Kept | None) -> None:
        data = marshal.dumps(kept)
        self._starts.append(self._starts[-1] + len(data))
        self._waiting.append(data)
        if len(self._waiting) >= _WORTH_A_CALL:
            self._flush()

    def _flush(self) -> None:
        self._spool.write(b"".join(self._waiting))
        self._waiting.clear()
