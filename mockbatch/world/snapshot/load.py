"""Reading a state, and refusing what is none with the place of the fault."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from shutil import copyfileobj

from mockbatch.batch import commands, input_file, plan
from mockbatch.batch.batch import Batch
from mockbatch.batch.recorded import recorded_batch
from mockbatch.batch.timeline import COMPLETED, VALIDATING, ProgressPoint, Timeline, Transition
from mockbatch.clock import parse_mode
from mockbatch.endpoints import endpoints
from mockbatch.endpoints.models import get_model
from mockbatch.endpoints.scripted_reply import parse_reply as parse_reply
from mockbatch.errors import ApiError, api_error
from mockbatch.files.content import Content, temporary_file
from mockbatch.files.file import File
from mockbatch.files.upload import Upload
from mockbatch.ids import Seed
from mockbatch.jsonio import parse as parse_json
from mockbatch.limits import Quotas
from mockbatch.scenarios.scenario import Scenario, parse
from mockbatch.typing import Json
from mockbatch.validation.schema import schema
from mockbatch.world.settings import WorldSettings
from mockbatch.world.snapshot.snapshot import Snapshot
from mockbatch.world.snapshot.uploads import load as load_upload


def load(document: Json, settings: WorldSettings, folder: Path | None = None) -> Snapshot:
    """Return the state that a document holds; what it leaves out is as in `settings`.

    `folder` is where files named by `path` are looked for; without it they are refused.
    Raises ApiError 400 with the place of what is wrong as its param.
    """
    schema("state").check(document, "state")
    document = schema("state").coerce_integers(document)
    contents = {
        name: _content(given, folder, f"state.contents.{name}")
        for name, given in document.get("contents", {}).items()
    }
    reader = _Reader(contents, settings)
    shown = document.get("recorded", [])
    batches: list[Batch] = [reader.recorded(one, place) for place, one in enumerate(shown)]
    for place, one in enumerate(document.get("batches", [])):
        batches.append(reader.batch(one, len(batches), f"state.batches[{place}]"))
    files = [
        reader.file(one, f"state.files[{place}]")
        for place, one in enumerate(document.get("files", []))
    ]
    uploads = [
        load_upload(one, reader.found, f"state.uploads[{place}]")
        for place, one in enumerate(document.get("uploads", []))
    ]
    _distinct([batch.id for batch in batches], "state.batches")
    _distinct([file.id for file in files], "state.files")
    _distinct([upload.id for upload in uploads], "state.uploads")
    _distinct(
        [part["id"] for one in document.get("uploads", []) for part in one["parts"]],
        "state.uploads",
    )
    clock = document.get("clock", {})
    seed = document.get("seed")
    return Snapshot(
        settings=reader.settings(document),
        seed=None if seed is None else Seed(bytes.fromhex(seed)),
        now=clock.get("now", settings.start_time),
        numbers=_numbers(document, files, uploads),
        files=tuple(files),
        deleted_file_ids=frozenset(document.get("deleted", ())),
        batches=tuple(batches),
        uploads=tuple(uploads),
    )


def _numbers(document: Json, files: list[File], uploads: list[Upload]) -> dict[str, int]:
    """Return how many of each kind were made: at least as many as there are, unless it says."""
    own = len(document.get("batches", []))
    held = {
        "batch": own + len(document.get("recorded", [])),
        "file": len(files),
        "upload": len(uploads),
        "part": sum(len(upload.parts) for upload in uploads),
    }
    numbers = {**held, **document.get("numbers", {})}
    if numbers["batch"] < own:
        # A new batch would get the id of one that is there.
        raise _misplaced("state.numbers.batch", "there are more batches")
    return numbers


def load_file(path: str, settings: WorldSettings) -> Snapshot:
    """Return the state in a file; ValueError says in one line what is wrong with it."""
    try:
        return load(parse_json(Path(path).read_bytes()), settings, Path(path).parent)
    except (ApiError, ValueError) as error:
        place = f" at {error.param}" if isinstance(error, ApiError) else ""
        raise ValueError(f"{path}{place}: {error}") from error


class _Reader:
    """Reads the parts of one document."""

    def __init__(self, contents: Mapping[str, Content], settings: WorldSettings) -> None:
        self._contents = contents
        self._settings = settings

    def settings(self, document: dict[str, Json]) -> WorldSettings:
        changes = {**document.get("settings", {})}
        if "scenario" in changes:
            changes["scenario"] = self._scenario(changes["scenario"], "state.settings.scenario")
        if "quotas" in changes:
            changes["quotas"] = Quotas(**changes["quotas"])
        if "clock" in document:
            with _placed("state.clock.mode"):
                changes["clock"] = parse_mode(document["clock"]["mode"])
        return replace(self._settings, **changes)

    def file(self, given: dict[str, Json], place: str) -> File:
        content = self.found(given["content"], f"{place}.content")
        file = File(
            id=given["id"],
            purpose=given["purpose"],
            filename=given["filename"],
            created_at=given["created_at"],
            expires_at=given["expires_at"],
            source=lambda: content,
        )
        schema("file").check(file.as_json(), place)
        return file

    def recorded(self, given: dict[str, Json], place: int) -> Batch:
        schema("batch_recorded").check(given, f"state.recorded[{place}]")
        return recorded_batch(given, place)

    def batch(self, given: dict[str, Json], number: int, place: str) -> Batch:
        scenario = self._scenario(given["scenario"], f"{place}.scenario")
        line = self._timeline(given["timeline"], f"{place}.timeline")
        if line.transitions[:1] != (Transition(given["created_at"], VALIDATING),):
            raise _misplaced(
                f"{place}.timeline.transitions", "the first is validating, at creation"
            )
        held = given["held"]
        seed = Seed(bytes.fromhex(given["seed"]))
        given_input = self._input(given, place)
        replies = {
            int(line): parse_reply(reply, f"{place}.replies.{line}")
            for line, reply in given.get("replies", {}).items()
        }
        batch = Batch(
            id=given["id"],
            number=number,
            endpoint=given["endpoint"],
            input_file_id=given["input_file_id"],
            metadata=given["metadata"],
            output_seconds=given["output_seconds"],
            created_at=given["created_at"],
            model=None if given_input.model is None else get_model(given_input.model).name,
            schedule=plan.Schedule(scenario, given["pace"]),
            seed=seed,
            input=given_input,
            replies=replies,
            execution_order=plan.execution_order(given_input, seed, replies),
            timeline=line,
            enqueued_tokens=given.get("enqueued_tokens", 0),
            held=held and (held["at"], self._timeline(held["rest"], f"{place}.held.rest")),
        )
        _check_history(batch, f"{place}.timeline")
        if batch.held is not None:
            _check_held(batch, batch.held[0], f"{place}.held")
        return batch

    def _input(self, given: dict[str, Json], place: str) -> input_file.BatchInput:
        endpoint = endpoints().get(given["endpoint"])
        if endpoint is None:
            raise _misplaced(f"{place}.endpoint", f"there is no {given['endpoint']!r}")
        name = given["content"]
        content = Content.of(b"") if name is None else self.found(name, f"{place}.content")
        read = input_file.read_input(content, endpoint, self._settings.limits)
        # What a command or a lost file made of them counts, not what the lines say.
        return replace(read, errors=tuple(given["errors"]))

    def found(self, name: str, place: str) -> Content:
        if name not in self._contents:
            raise _misplaced(place, f"there is no content {name!r}")
        return self._contents[name]

    def _scenario(self, given: dict[str, Json], place: str) -> Scenario:
        schema("scenario").check(given, place)
        return parse(given)

    def _timeline(self, given: dict[str, Json], place: str) -> Timeline:
        instants = [change["at"] for change in given["transitions"]]
        marks = [mark["at"] for mark in given["marks"]]
        done = [mark["done"] for mark in given["marks"]]
        for name, numbers in (("transitions", instants), ("marks", marks), ("marks", done)):
            if numbers != sorted(numbers):
                raise _misplaced(f"{place}.{name}", "they are not in order")
        return Timeline(
            tuple(Transition(**change) for change in given["transitions"]),
            tuple(ProgressPoint(**mark) for mark in given["marks"]),
        )


def _check_history(batch: Batch, place: str) -> None:
    """Refuse a timeline that shows an object no batch can be, at any time."""
    marks, total = batch.timeline.marks, batch.input.total
    if marks and (marks[0].done or marks[-1].done > total):
        raise _misplaced(f"{place}.marks", f"they do not go from 0 to at most {total} lines")
    for index, change in enumerate(batch.timeline.transitions):
        error = schema(batch.schema).error(batch.as_json(change.at))
        if error is not None:
            raise _misplaced(f"{place}.transitions[{index}]", str(error))
        if change.status == COMPLETED and batch.timeline.done(change.at) < total:
            raise _misplaced(f"{place}.transitions[{index}]", f"not all {total} lines are done")


def _check_held(batch: Batch, held_at: int, place: str) -> None:
    """Refuse what a batch is held from, when it could not go on with that at once."""
    try:
        resumed = commands.resume(batch, held_at)
    except ApiError as error:
        raise _misplaced(place, str(error)) from None
    _check_history(resumed, f"{place}.rest")


def _content(given: dict[str, str], folder: Path | None, place: str) -> Content:
    if "text" in given:
        return Content.of(given["text"].encode("utf-8", "replace"))
    if "base64" in given:
        try:
            return Content.of(base64.b64decode(given["base64"], validate=True))
        except binascii.Error as error:
            raise _misplaced(place, str(error)) from None
    return _referred(given["path"], folder, place)


def _referred(path: str, folder: Path | None, place: str) -> Content:
    if folder is None:
        raise _misplaced(place, "only a file given with --load can refer to others")
    found = (folder / path).resolve()
    if not found.is_relative_to(folder.resolve()):
        raise _misplaced(place, f"{path!r} is not below the folder of the state")
    stream = temporary_file()
    try:
        # Copied: a content does not change, whatever becomes of the file.
        with found.open("rb") as file:
            copyfileobj(file, stream)
    except OSError as error:
        raise _misplaced(place, str(error)) from None
    return Content(stream)


def _distinct(ids: list[str], place: str) -> None:
    twice = [id for id in ids if ids.count(id) > 1] if len(set(ids)) < len(ids) else []
    if twice:
        raise _misplaced(place, f"{twice[0]!r} is there twice")


@contextmanager
def _placed(place: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise _misplaced(place, str(error)) from None


def _misplaced(place: str, reason: str) -> ApiError:
    return api_error("invalid_value", param=place, reason=reason)
