"""What a program delivered: looks for marks and for news in what it printed and wrote."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from mockbatch.survive.evidence import DeliveredEvidence, Question, ServerEvidence

_MARK = re.compile(rb"mark[0-9a-f]{10}", re.IGNORECASE)
_MARK_BYTES = 14
_BLOCK_BYTES = 1 << 20
# How much of a text is read for what it says: so much of its beginning, and of its end.
_KEPT_BYTES = 2 << 20
# So much of an error message is looked for, as programs cut and wrap them.
_MESSAGE_CHARACTERS = 40
# A custom_id that is shorter says something only beside a word for a failure, or in quotes.
_SHORT_ID = 3
# How a batch ends that did not complete.
_BAD_ENDS = ("failed", "expired", "cancelled")
# A line that is longer is data, in which any number and word may stand; so is one with a mark.
_LONGEST_SENTENCE = 300
_FAILURE = re.compile(
    r"fail|error|miss|expir|lost|unanswer|incomplet|reject|cancel|without|not |no |skip|null|none",
    re.IGNORECASE,
)


class Text:
    """A stream of bytes of any length: its marks, its beginning and its end."""

    def __init__(self) -> None:
        self.marks: Counter[str] = Counter()
        self.size = 0
        self._head, self._tail = bytearray(), bytearray()
        self._rest = b""

    def feed(self, block: bytes) -> None:
        """Add the next bytes."""
        self.size += len(block)
        data = self._rest + block
        found = list(_MARK.finditer(data))
        self.marks.update(match[0].decode().lower() for match in found)
        # A mark may go on in the next block; one that was counted must not be counted again.
        end = found[-1].end() if found else 0
        self._rest = data[max(end, len(data) - _MARK_BYTES + 1) :]
        missing = _KEPT_BYTES - len(self._head)
        self._head += block[:missing]
        self._tail += block[max(missing, 0) :]
        if len(self._tail) > 2 * _KEPT_BYTES:
            del self._tail[:-_KEPT_BYTES]

    def kept(self) -> bytes:
        """Return the beginning and the end."""
        return bytes(self._head + self._tail)

    def lines(self) -> list[str]:
        """Return the lines of the beginning and of the end; of binary data, all in one line."""
        data = self.kept()
        text = data.decode("utf-8", "replace")
        return [text] if b"\0" in data else text.splitlines()


@dataclass(slots=True)
class Delivery:
    """Everything that one run printed and wrote."""

    stdout: Text = field(default_factory=Text)
    stderr: Text = field(default_factory=Text)
    files: dict[str, Text] = field(default_factory=dict)
    #: What the command of `--results` printed; it then counts instead of stdout and files.
    results: Text | None = None

    def marks(self) -> Counter[str]:
        """Return how often each mark was delivered."""
        if self.results is not None:
            return self.results.marks
        return sum((text.marks for text in self.files.values()), self.stdout.marks)

    def lines(self) -> set[str]:
        """Return every different line."""
        texts = [self.stdout, self.stderr, *self.files.values()]
        texts += [self.results] if self.results else []
        return {line for text in texts for line in text.lines()}


def read_files(folders: Iterable[Path], *, uploaded: Iterable[bytes]) -> dict[str, Text]:
    """Return the files below some folders, except those that the program has uploaded."""
    inputs = set(uploaded)
    sizes = {len(data) for data in inputs}
    found = {}
    for path in _walk(folders):
        # A program may have made a file unreadable.
        with suppress(OSError):
            if path.stat().st_size not in sizes or path.read_bytes() not in inputs:
                found[str(path)] = _read(path)
    return found


def _read(path: Path) -> Text:
    text = Text()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            text.feed(block)
    return text


def _walk(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield path


def read_delivered(
    delivery: Delivery, server: ServerEvidence, usual: frozenset[str]
) -> DeliveredEvidence:
    """Return what a run delivered; `usual` are the lines of one in which nothing goes wrong."""
    lines = [line for line in delivery.lines() if line not in usual]
    unanswered = [question for question in server.questions if not question.has_answer]
    # The custom_ids in binary data may be those of the input, which is no news.
    readable = [line for line in lines if "\0" not in line]
    sentences = [line for line in readable if _is_sentence(line)]
    errors = {text for one in unanswered for text in one.errors} | set(server.batch_errors)
    ids = {id for one in unanswered for id in one.custom_ids}
    everything, text = "\n".join(lines), "\n".join(readable)
    return DeliveredEvidence(
        marks=dict(delivery.marks()),
        reported=frozenset(
            [
                *(error for error in errors if _says(everything, error)),
                *(id for id in ids if _names(text, id)),
            ]
        ),
        tells_count=_tells_count(sentences, server.questions, unanswered),
        tells_failure=any(map(_FAILURE.search, sentences))
        or any(_says(text, error) for error in server.request_errors),
        told_status=_find_status(sentences, server),
    )


def _is_sentence(line: str) -> bool:
    return len(line) <= _LONGEST_SENTENCE and not _MARK.search(line.encode("utf-8", "replace"))


def _find_status(sentences: Iterable[str], server: ServerEvidence) -> str:
    """Return the status of a batch that ended badly, if a sentence has it; else ""."""
    words = {word for line in sentences for word in re.findall(r"[a-z]+", line.lower())}
    statuses = (status for _, status in server.batches if status in _BAD_ENDS)
    return next((status for status in statuses if status in words), "")


def _says(text: str, error: str) -> bool:
    """Return whether a text has a code or the beginning of a message, in JSON as well."""
    wanted = error.strip()[:_MESSAGE_CHARACTERS]
    return bool(wanted) and (wanted in text or wanted.replace('"', '\\"') in text)


def _names(text: str, custom_id: str) -> bool:
    """Return whether a text has a custom_id as a word of its own."""
    word = re.compile(rf"(?<![\w-]){re.escape(custom_id)}(?![\w-])")
    if len(custom_id) >= _SHORT_ID:
        return bool(word.search(text))
    return f'"{custom_id}"' in text or any(
        _FAILURE.search(line) for line in text.splitlines() if word.search(line)
    )


def _tells_count(
    lines: Iterable[str], questions: Iterable[Question], unanswered: Iterable[Question]
) -> bool:
    """Return whether a new line says how many lines have no answer, or how many of all have one."""
    missing, total = len(list(unanswered)), len(list(questions))
    if not missing:
        return False
    for line in lines:
        numbers = {int(number) for number in re.findall(r"(?<![\w.-])\d{1,9}(?![\w-])", line)}
        if missing in numbers and _FAILURE.search(line):
            return True
        if missing < total and {total, total - missing} <= numbers:
            return True
    return False
