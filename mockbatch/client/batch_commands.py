"""What a test does to one batch of a world."""

from mockbatch.client.connection import WorldConnection
from mockbatch.client.results import HasId, id_of
from mockbatch.typing import Json

__tracebackhide__ = True


class BatchCommands(WorldConnection):
    """The commands of a world on one of its batches, which is given as an object or by its id."""

    def timeline(self, batch: str | HasId) -> dict[str, Json]:
        """Return a batch's past and future events, its scenario, and an explanation."""
        timeline: dict[str, Json] = self.call("GET", f"/_mock/batches/{id_of(batch)}/timeline")
        return timeline

    def hold(self, batch: str | HasId) -> None:
        """Keep a batch in its status until it is resumed; its completion window runs on."""
        self._command(batch, "hold")

    def resume(self, batch: str | HasId) -> None:
        """Resume a batch that is on hold."""
        self._command(batch, "resume")

    def expire(self, batch: str | HasId) -> None:
        """Expire a batch, with the lines that are done."""
        self._command(batch, "expire")

    def fail(self, batch: str | HasId, code: str | None = None, message: str | None = None) -> None:
        """Fail a batch that is being validated."""
        error = {"code": code, "message": message}
        self._command(batch, "fail", {key: text for key, text in error.items() if text is not None})

    def complete(self, batch: str | HasId) -> None:
        """Complete a batch now, its remaining lines included."""
        self._command(batch, "complete")

    def _command(self, batch: str | HasId, name: str, body: Json = None) -> None:
        self.call("POST", f"/_mock/batches/{id_of(batch)}/{name}", body)
