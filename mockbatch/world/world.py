"""The state of one API key: itself mutable, but made of immutable values.

Commands change it one at a time, under its lock, each at a whole second. Those that change
batches may take seconds to compute how, and leave the lock free meanwhile. Reads take no lock
and change nothing: what they see are immutable values, which commands replace whole.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import RLock

from msgspec.structs import replace

from mockbatch.batch import commands, create
from mockbatch.batch.batch import NO_TOKENS, Batch
from mockbatch.batch.input_file import missing_input
from mockbatch.batch.plan import Schedule
from mockbatch.batch.scripted_replies import prepare_scripts
from mockbatch.batch.timeline import COMPLETED
from mockbatch.clock import WorldClock, WorldLock
from mockbatch.endpoints.endpoint import Endpoint, Execution
from mockbatch.endpoints.model_list import ModelList
from mockbatch.endpoints.respond import EndpointResponse
from mockbatch.errors import api_error
from mockbatch.faults.rule_set import FaultRules
from mockbatch.files import validation
from mockbatch.files.content import Content
from mockbatch.files.file import OPENAI_FILES, File, FileRules
from mockbatch.ids import RequestIds, Seed
from mockbatch.limits import Quotas
from mockbatch.pagination import Page
from mockbatch.repository import Repository
from mockbatch.scenarios.queue import ScenarioQueue
from mockbatch.scripting.script import Entry, Script, Use
from mockbatch.typing import Json
from mockbatch.webhooks.webhooks import Webhooks
from mockbatch.world import explain, file_list, live_calls
from mockbatch.world.advance import Advance
from mockbatch.world.batch_input import find_batch_input
from mockbatch.world.expiry import Expiry
from mockbatch.world.journal import Journal
from mockbatch.world.keys import shorten_key
from mockbatch.world.quotas import EnforcedQuotas
from mockbatch.world.room import Room
from mockbatch.world.settings import WorldSettings
from mockbatch.world.snapshot.snapshot import Snapshot
from mockbatch.world.snapshot.take import take_snapshot
from mockbatch.world.status_log import StatusLog
from mockbatch.world.upcoming import Upcoming
from mockbatch.world.uploads import Uploads


class World:
    """The files, batches, clock, faults, webhooks and journal of one key, which is its `name`.

    `models` are those that it serves; replacing them does not affect accepted batches.
    It starts from the snapshot `initial`, if given, and returns to it at each reset.
    """

    _skew_seconds = 0.0  # by how much its wall time is ahead of the time of this process

    def __init__(
        self, name: str, settings: WorldSettings, organization: str, initial: Snapshot | None = None
    ) -> None:
        self.name = name
        self.organization = organization
        self._initial, self._loads = initial or Snapshot(settings), 0
        self._lock, self._planning, self._reading = self._make_locks()
        self._begin(settings)

    def _make_locks(self) -> tuple[WorldLock, WorldLock, "RLock | None"]:
        return RLock(), RLock(), None

    def reset(self, settings: WorldSettings) -> None:
        """Empty the world, and start again with these settings."""
        with self._planning, self._lock:
            self.close()
            self._begin(settings)

    def close(self) -> None:
        """Stop sending webhooks, without waiting for one that is being sent."""
        self.webhooks.close()

    def _begin(self, settings: WorldSettings) -> None:
        # Named after its test, a world has the same seed from run to run, with any key.
        self.seed = Seed.of(settings.seed, settings.owner or self.name)
        start_time = self._initial.now if settings.start_time is None else settings.start_time
        self._load(replace(self._initial, settings=settings, now=start_time))
        self.webhooks.add_configured_endpoint()

    def snapshot(self) -> Snapshot:
        """Return the whole world as a value."""
        with self._lock:
            self.release_expired()
            return take_snapshot(self)

    def restore(self, snapshot: Snapshot) -> None:
        """Become the world of a snapshot."""
        with self._planning, self._lock:
            self.close()
            self._load(snapshot)

    def _load(self, snapshot: Snapshot) -> None:
        settings, limits = snapshot.settings, snapshot.settings.limits
        self.settings = settings
        parts = self._lock, self._planning, self._reading, snapshot.polls, self._skew_seconds
        self.clock = WorldClock(settings.clock, snapshot.now, *parts)
        self.seed = snapshot.seed or self.seed
        repository = Repository(validate=settings.validate, marks=settings.marks, limits=limits)
        self.room = Room(repository, limits)
        self.request_ids = RequestIds(self.seed.child("request"), snapshot.numbers["request"])
        self.journal, self.faults = Journal(snapshot.journal), FaultRules(snapshot.faults, limits)
        self.scenarios = ScenarioQueue(snapshot.scenarios, limits)
        self.script = (snapshot.script or settings.script.restarted()).copied()
        self.models = snapshot.models or settings.models
        self.quotas = EnforcedQuotas(settings.quotas, repository, self.clock, self.organization)
        self.status_log = StatusLog(shorten_key(self.name), self.clock, repository)
        self.upcoming = Upcoming(self.clock, repository)
        self._loads += 1
        objects = snapshot.files, snapshot.batches
        repository.load(*objects, snapshot.deleted_file_ids, snapshot.numbers)
        self.repository = repository  # now, because some read it without the lock
        self.uploads = Uploads(self.clock, repository, self.seed, limits)
        self.uploads.load(snapshot.uploads)
        self.clock.move_to(snapshot.last_command_at)
        self.release_expired = Expiry(self.clock, repository, self.uploads).release
        about = self.clock, repository, self.seed, settings.webhooks
        self.webhooks = Webhooks(*about, self.status_log, snapshot.webhooks, limits)

    def now(self) -> float:
        """Return simulated epoch seconds, never before the last command."""
        return self.clock.now()

    @property
    def advance(self) -> Advance:
        """The object that moves the clock forward."""
        dispatcher = self.webhooks.dispatcher
        return Advance(self.clock, self.repository, self.uploads, dispatcher, self.upcoming)

    @property
    def version(self) -> tuple[object, ...]:
        """A value that changes with batches, files, webhooks and replies, not with time alone."""
        return self._loads, self.repository.version, self.webhooks.version, id(self.script)

    def deliver_due(self) -> None:
        """Deliver the webhooks that are due now, unless another thread is doing so."""
        self.webhooks.dispatcher.deliver_due()

    @contextmanager
    def _command(self, lines: int | None = None) -> Iterator[int]:  # noqa: ARG002 (shared worlds)
        """Yield the second of a command on batches, of so many lines, while no other is planned."""
        with self._planning:
            yield int(self.now())

    @contextmanager
    def _change(self, planned_at: int) -> Iterator[int]:
        """Change batches as planned, and apply the quotas; yield the second at which it happens."""
        with self.clock.command() as now:
            yield now
            self.quotas.recheck(planned_at)

    def set_quotas(self, quotas: Quotas) -> None:
        """Limit what may be enqueued at once, also by batches that are still validating."""
        with self._command() as now:
            self.quotas.set(quotas, now)
            with self._change(now):
                pass

    def serve_models(self, models: ModelList) -> None:
        """Serve these models from now on."""
        with self._lock:
            self.models = models

    def upload(
        self,
        content: Content,
        filename: str,
        purpose: str,
        seconds: int | None,
        rules: FileRules = OPENAI_FILES,
    ) -> File:
        """Create a file that lives for `seconds`, None for its purpose's default."""
        validation.validate_upload(content, purpose, self.settings.limits)
        with self.clock.command() as now:
            self.room.check_file(content.size)
            create_file = self.repository.create_file
            return create_file(self.seed, now, content, filename, purpose, seconds, rules)

    def file(self, id: str) -> File:
        """Return a file that exists now; ApiError 404 for any other."""
        return self.repository.file(id, self.now())

    def files(
        self, purpose: str | None, limit: int, after: str | None, *, newest_first: bool
    ) -> Page[File]:
        """Return a page of the files that exist now."""
        list_page, now = file_list.list_page, self.now()
        return list_page(self.repository, now, purpose, limit, after, newest_first=newest_first)

    def delete_file(self, id: str) -> None:
        """Delete a file; a batch that has not read it as its input yet will fail."""
        with self._command() as now, self._change(now):
            self.repository.file(id, now)
            self.repository.delete_file(id, now)
            missing = missing_input(id, self.organization)
            losing = self.repository.batches_of_input(id)
            self.repository.replace_batches(commands.lose_input(b, now, missing) for b in losing)

    def create_batch(self, request: create.BatchRequest) -> Batch:
        """Create a batch; errors of its input show up later, when its validation ends."""
        about = self.repository, self.now(), self.settings.limits, self.models, self.organization
        batch_input, input_expires_at = find_batch_input(request, *about)
        with self._command(batch_input.total) as now:
            # Metadata takes precedence over the queue, and both over the default.
            queued = None if request.scenario else self.scenarios.first()
            scenario = request.rules.adapt(request.scenario or queued or self.settings.scenario)
            if scenario.quotas is not None:
                self.quotas.set(scenario.quotas, now)
            self.quotas.check_rate(request.rules, now)
            file = self.repository.uploaded_files.get(request.input_file_id)
            # After another state was loaded, the file with this id may be another one.
            is_same = file and (batch_input.errors or file.content is batch_input.content)
            is_gone = not (is_same or request.input)
            with self.clock.reading:
                self.room.check_batch(request.input)
                self.webhooks.check_batch(now)
                number = self.repository.number_of_next("batch")
            context = create.CreationContext(
                number=len(self.repository.batches),
                seed=self.seed.child("batch", number),
                created_at=now,
                schedule=Schedule(scenario, self.settings.pace, request.window_seconds),
                script=self.script,
                organization=self.organization,
                input_expires_at=now - 1 if is_gone else input_expires_at,
                check_quota=partial(self.quotas.check_on_create, now),
            )
            batch = create.create_batch(request, batch_input, context)
            # All in one change: if anything fails before, the batch was never there.
            with self._change(now):
                self.repository.next_number("batch")
                self.repository.add_batch(batch)
                if queued is not None:
                    self.scenarios.use(queued)
            return batch

    def batch(self, id: str) -> Batch:
        """Return a batch; ApiError 404 if it does not exist or cannot be found yet."""
        batch = self.repository.batch(id)
        if self.now() < batch.visible_at:
            raise api_error("no_such_batch", id=id)
        return batch

    def batches(self, limit: int, after: str | None, provider: str | None = None) -> Page[Batch]:
        """Return a page of the batches, of all providers or of one, newest first."""
        return self.repository.batch_page(limit, after, provider)

    def batch_json(self, batch: Batch, at: int | None = None) -> dict[str, Json]:
        """Return the Batch object as of now, or of a given second; it fits the batch's schema."""
        now = self.now() if at is None else at
        is_completed = batch.status(now) == COMPLETED and batch.planned_file_ids()
        tokens = self.repository.outputs.tokens(batch) if is_completed else NO_TOKENS
        return batch.as_json(now, tokens)

    def command(self, id: str, command: Callable[[Batch, int], Batch]) -> Batch:
        """Apply a command to a batch; ApiError 404 if unknown, 409 if its status forbids it."""
        with self._command() as now:
            changed = command(self.batch(id), now)
            with self._change(now):
                self.repository.replace_batch(changed)
            return changed

    def explain(self, id: str) -> dict[str, Json]:
        """Return a batch's past and future, with its webhooks, schema timeline.json."""
        batch, attempts = self.repository.batch(id), self.webhooks.attempts_for(id)
        is_behind = self.clock.is_behind()
        return explain.timeline_json(batch, self.now(), *attempts, is_clock_behind=is_behind)

    def add_reply(self, entry: Entry) -> None:
        """Add a scripted reply; earlier ones take precedence. ApiError 400 above a limit."""
        with self._planning:
            used = entry._replace(use=Use())
            self.replace_script(self.script.extended(used, self.settings.limits))

    def replace_script(self, script: Script) -> None:
        """Use another script for the lines that have not run yet."""
        with self._command() as now:
            # A function in the script may fail, and then everything stays as it was.
            apply = prepare_scripts(self.repository.batches.values(), script, now)
            with self._change(now) as later:  # lines may have run meanwhile
                self.script = script
                self.repository.replace_batches(apply(later))

    def respond(self, endpoint: Endpoint, body: dict[str, Json]) -> EndpointResponse:
        """Return the response to a live call; ApiError if it fails."""
        live_calls.check_model(self.models, endpoint, body)
        with self.clock.command() as now:
            seed = self.seed.child("live", self.repository.next_number("live"))
        return live_calls.respond_live(endpoint, body, Execution(seed, now), self.script)
