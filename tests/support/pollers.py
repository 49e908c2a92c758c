"""Clients that wait for a batch: a careful one, and some with habits that threads tell of.

Each habit is one step of the careful client done as it is done in the wild.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import openai

from mockbatch.typing import Json

FINAL = ("completed", "failed", "expired", "cancelled")
HOUR = 3600
# An hour more than the completion window: a batch may be marked as expired late.
PATIENCE = 25 * HOUR


class TooLongError(Exception):
    """A client goes on waiting for what does not come."""


class Careful:
    """Waits for a batch and accounts for each of its requests.

    `answers` is what it has in the end, by custom_id, and `failures` why there is none.
    `sleep` lets seconds pass; `now` tells the time.
    """

    def __init__(
        self, client: openai.OpenAI, sleep: Callable[[float], None], now: Callable[[], float]
    ) -> None:
        self.client = client
        self.sleep = sleep
        self.now = now
        self.answers: dict[str, str] = {}
        self.failures: dict[str, str] = {}
        self.tokens = 0
        self.progress: list[int] = []

    def run(self, id: str, custom_ids: list[str]) -> None:
        """Wait for a batch, and take what it brings."""
        self.custom_ids = custom_ids
        batch = self.wait(id)
        self.note(batch)
        for file_id in self.existing_file_ids(batch):
            lines = self.lines(self.download(file_id))
            self.check(batch, lines)
            self.take(lines)
        self.account(batch)

    # --- waiting

    def wait(self, id: str) -> Any:
        """Poll until the batch has ended; cancel it when that takes too long."""
        deadline, pause, has_cancelled = self.now() + PATIENCE, 30, False
        while True:
            batch = self.retrieve(id)
            if batch is not None:
                self.see(batch)
                if self.is_over(batch):
                    return batch
                if self.now() > deadline and not has_cancelled:
                    self.client.batches.cancel(id)
                    has_cancelled = True
            self.sleep(pause)
            pause = min(2 * pause, 4 * HOUR)

    def retrieve(self, id: str) -> Any:
        """Ask for the batch, which may not be there at once."""
        try:
            return self.client.batches.retrieve(id)
        except openai.NotFoundError:
            return None

    def see(self, batch: Any) -> None:
        """Note how far the batch is."""
        if batch.request_counts is not None:
            self.progress.append(batch.request_counts.completed)

    def is_over(self, batch: Any) -> bool:
        """Return whether the batch has ended, in whatever words."""
        stamps = (batch.completed_at, batch.failed_at, batch.expired_at, batch.cancelled_at)
        return batch.status in FINAL or any(stamps)

    # --- taking

    def note(self, batch: Any) -> None:
        """Look at the rest of the object."""

    def existing_file_ids(self, batch: Any) -> list[str]:
        """Return the files to be read: whatever the status, whichever there are."""
        return [id for id in (batch.output_file_id, batch.error_file_id) if id]

    def download(self, id: str) -> str:
        """Return a file."""
        return self.client.files.content(id).content.decode()

    def lines(self, text: str) -> list[str]:
        """Cut a file into lines, at line feeds alone."""
        return [line for line in text.split("\n") if line.strip()]

    def check(self, batch: Any, lines: list[str]) -> None:
        """Compare a file with its batch."""

    def take(self, lines: list[str]) -> None:
        """Take the lines, by custom_id, each once."""
        for line in self.parsed(lines):
            id = line["custom_id"]
            if id not in self.answers and id not in self.failures:
                self.take_line(id, line)

    def take_line(self, id: str, line: dict[str, Json]) -> None:
        """Take one line."""
        why = self.failure(line)
        if why is None:
            body = line["response"]["body"]
            self.answers[id] = body["choices"][0]["message"]["content"]
            self.tokens += self.bill(body)
        else:
            self.failures[id] = why

    def parsed(self, lines: list[str]) -> Iterator[dict[str, Json]]:
        """Parse lines, and leave out those that are broken."""
        for line in lines:
            with suppress(ValueError):
                yield json.loads(line)

    def failure(self, line: dict[str, Json]) -> str | None:
        """Tell why a line has no answer, None when it has one."""
        response = line["response"]
        if response is None:
            return str(line["error"]["code"])
        error = response["body"].get("error")
        if error is not None:
            return str(error["code"] or error["type"])
        return self.doubt(line["custom_id"], response["body"]["choices"][0])

    def doubt(self, id: str, choice: dict[str, Json]) -> str | None:
        """Tell why an answer is of no use: cut, withheld, refused, or of another kind."""
        if choice["finish_reason"] != "stop":
            return str(choice["finish_reason"])
        content = choice["message"]["content"]
        if content is None:
            return "refused" if choice["message"]["refusal"] else "empty"
        return None if self.fits(id, content) else "unfit"

    def fits(self, id: str, content: str) -> bool:
        """Return whether a text is of the requested kind."""
        return id in content

    def bill(self, body: dict[str, Json]) -> int:
        """Count the tokens of an answer."""
        return int(body.get("usage", {}).get("total_tokens", 0))

    def account(self, batch: Any) -> None:
        """Give a reason for each request of which no file tells."""
        for id in self.custom_ids:
            if id not in self.answers:
                self.failures.setdefault(id, f"lost: {batch.status}")


# --- habits


class WaitsForOutputFile(Careful):
    """Loops until there is an output file."""

    def wait(self, id: str) -> Any:  # noqa: D102 - as above
        while True:
            batch = self.retrieve(id)
            if batch is not None and batch.output_file_id:
                return batch
            self.sleep(HOUR)


class WaitsForEver(Careful):
    """Has no deadline."""

    def wait(self, id: str) -> Any:  # noqa: D102
        while True:
            batch = self.retrieve(id)
            if batch is not None and self.is_over(batch):
                return batch
            self.sleep(HOUR)


class StopsAtCountsComplete(Careful):
    """Takes a batch whose lines are all done for one that has ended."""

    def is_over(self, batch: Any) -> bool:  # noqa: D102
        counts = batch.request_counts
        done = counts is not None and counts.completed == counts.total > 0
        return done or super().is_over(batch)

    def existing_file_ids(self, batch: Any) -> list[str]:  # noqa: D102
        return (
            [batch.output_file_id]
            if not super().is_over(batch)
            else super().existing_file_ids(batch)
        )


class ExpectsCancelled(Careful):
    """Is sure that what is being cancelled will be cancelled."""

    def is_over(self, batch: Any) -> bool:  # noqa: D102
        over = super().is_over(batch)
        return batch.status == "cancelled" if batch.cancelling_at else over


class ExpectsTheBatchAtOnce(Careful):
    """Does not expect a 404 for a new batch."""

    def retrieve(self, id: str) -> Any:  # noqa: D102
        return self.client.batches.retrieve(id)


class KnowsAllStatuses(Careful):
    """Refuses a status that is none of the eight."""

    def see(self, batch: Any) -> None:  # noqa: D102
        if batch.status not in (*FINAL, "validating", "in_progress", "finalizing", "cancelling"):
            raise ValueError(batch.status)


class CompletedOrNothing(Careful):
    """Takes anything but completed for failed, and throws its output away."""

    def existing_file_ids(self, batch: Any) -> list[str]:  # noqa: D102
        return super().existing_file_ids(batch) if batch.status == "completed" else []


class ReadsCounts(Careful):
    """Reads the counts without a look whether there are any."""

    def see(self, batch: Any) -> None:  # noqa: D102
        self.progress.append(batch.request_counts.completed)


class ReadsErrorsData(Careful):
    """Looks into errors whenever they are not None."""

    def note(self, batch: Any) -> None:  # noqa: D102
        if batch.errors is not None:
            self.failures.update({f"line {error.line}": error.code for error in batch.errors.data})
            self.failures.clear()


class ReadsMetadata(Careful):
    """Finds its own job in the metadata."""

    def note(self, batch: Any) -> None:  # noqa: D102
        assert batch.metadata["job"] == "nightly"


class ComparesTheEndpoint(Careful):
    """Chooses by the endpoint how to read the lines."""

    def note(self, batch: Any) -> None:  # noqa: D102
        {"/v1/chat/completions": Careful.take_line}[batch.endpoint]


class ReadsRawMembers(Careful):
    """Has no SDK, and expects each member of the object."""

    def note(self, batch: Any) -> None:  # noqa: D102
        answer = self.client.batches.with_raw_response.retrieve(batch.id)
        json.loads(answer.http_response.content)["failed_at"]


class RefusesNewMembers(Careful):
    """Has a model of the object that is closed."""

    def note(self, batch: Any) -> None:  # noqa: D102
        if batch.model_extra:
            raise ValueError(f"unexpected {', '.join(batch.model_extra)}")


class TestsIdsForNone(Careful):
    """Takes every id that is not None for one."""

    def existing_file_ids(self, batch: Any) -> list[str]:  # noqa: D102
        return [id for id in (batch.output_file_id, batch.error_file_id) if id is not None]


class ReadsNoErrorFile(Careful):
    """Reads the output file only."""

    def existing_file_ids(self, batch: Any) -> list[str]:  # noqa: D102
        return [batch.output_file_id] if batch.output_file_id else []


class ComesBackTomorrow(Careful):
    """Downloads a day after the end."""

    def note(self, batch: Any) -> None:  # noqa: D102
        self.sleep(24 * HOUR)


class SplitsLines(Careful):
    """Cuts a file with splitlines()."""

    def lines(self, text: str) -> list[str]:  # noqa: D102
        return text.splitlines()

    def parsed(self, lines: list[str]) -> Iterator[dict[str, Json]]:  # noqa: D102
        return map(json.loads, lines)


class ParsesEveryLine(Careful):
    """Expects that each line can be parsed."""

    def parsed(self, lines: list[str]) -> Iterator[dict[str, Json]]:  # noqa: D102
        return map(json.loads, lines)


class CutsAtTheLastLineFeed(Careful):
    """Takes what follows the last line feed for nothing."""

    def lines(self, text: str) -> list[str]:  # noqa: D102
        return [line for line in text.split("\n")[:-1] if line.strip()]


class LooksForTheBrace(Careful):
    """Takes a line that does not end in a brace for a broken one."""

    def parsed(self, lines: list[str]) -> Iterator[dict[str, Json]]:  # noqa: D102
        return super().parsed([line for line in lines if line.endswith("}")])


class ExpectsALinePerCount(Careful):
    """Expects as many lines in the output file as are completed."""

    def check(self, batch: Any, lines: list[str]) -> None:  # noqa: D102
        first = not self.answers and not self.failures
        if batch.output_file_id and first and batch.request_counts is not None:
            assert len(lines) == batch.request_counts.completed


class TakesLinesTwice(Careful):
    """Bills each line, whether or not it has come before."""

    def take(self, lines: list[str]) -> None:  # noqa: D102
        for line in self.parsed(lines):
            self.take_line(line["custom_id"], line)


class JoinsByOrder(Careful):
    """Takes the first line for the answer to the first request."""

    def take(self, lines: list[str]) -> None:  # noqa: D102
        for id, line in zip(self.custom_ids, self.parsed(lines), strict=False):
            self.take_line(id, line)


class ReadsEveryResponse(Careful):
    """Expects a response in each line."""

    def failure(self, line: dict[str, Json]) -> str | None:  # noqa: D102
        if line["response"]["status_code"] >= 400:
            return str(line["response"]["body"]["error"]["code"])
        return super().failure(line)


class Expects200(Careful):
    """Takes any status of a line but 200 for a failure."""

    def failure(self, line: dict[str, Json]) -> str | None:  # noqa: D102
        why = super().failure(line)
        bad = line["response"] is not None and line["response"]["status_code"] != 200
        return why or ("not 200" if bad else None)


class TrustsTheErrorMember(Careful):
    """Takes a line without an `error` for a success."""

    def failure(self, line: dict[str, Json]) -> str | None:  # noqa: D102
        if line["error"] is not None:
            return str(line["error"]["code"])
        return self.doubt(line["custom_id"], line["response"]["body"]["choices"][0])


class BillsFullPrice(Careful):
    """Counts on no token from the cache."""

    def note(self, batch: Any) -> None:  # noqa: D102
        assert batch.usage.input_tokens_details.cached_tokens == 0


class BillsEveryBody(Careful):
    """Expects a usage in each body."""

    def bill(self, body: dict[str, Json]) -> int:  # noqa: D102
        return int(body["usage"]["total_tokens"])


class ExpectsContent(Careful):
    """Expects a text in each answer, and takes it for whole."""

    def doubt(self, id: str, choice: dict[str, Json]) -> str | None:  # noqa: D102
        return None if self.fits(id, choice["message"]["content"].strip()) else "unfit"


class TakesAnyText(Careful):
    """Looks neither why a text has ended nor what it says."""

    def doubt(self, id: str, choice: dict[str, Json]) -> str | None:  # noqa: D102
        content = choice["message"]["content"]
        return "empty" if content is None else None


class BelievesTheFormat(Careful):
    """Does not look whether a text is of the requested kind."""

    def fits(self, id: str, content: str) -> bool:  # noqa: D102
        return True


class Naive(
    WaitsForOutputFile,
    CompletedOrNothing,
    ReadsNoErrorFile,
    ReadsCounts,
    SplitsLines,
    ExpectsALinePerCount,
    JoinsByOrder,
):
    """Has the habits that threads tell of most, all of them."""

    def wait(self, id: str) -> Any:
        """Loop until there is an output file, and print the counts."""
        while True:
            batch = self.retrieve(id)
            if batch is not None:
                self.see(batch)
                if batch.output_file_id:
                    return batch
            self.sleep(HOUR)

    def check(self, batch: Any, lines: list[str]) -> None:
        """Expect a line for each that is completed."""
        assert len(lines) == batch.request_counts.completed
