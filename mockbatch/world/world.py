"""One key's world: the only thing that changes.

Commands change it, one after the other under its lock, each at a whole second. Reads take
no lock and change nothing: what they see are values that a command replaces whole.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from threading import RLock

from mockbatch.batch import commands, create, input_file
from mockbatch.batch.batch import NO_TOKENS, Batch
from mockbatch.batch.plan import Schedule
from mockbatch.batch.scripted_replies import apply_script
from mockbatch.batch.timeline import COMPLETED, VALIDATING
from mockbatch.clock import WorldClock
from mockbatch.endpoints import endpoints
from mockbatch.endpoints.endpoint import Endpoint, Execution
from mockbatch.endpoints.model_list import ModelList
from mockbatch.endpoints.respond import EndpointResponse
from mockbatch.errors import api_error
from mockbatch.faults.rule_set import FaultRules
from mockbatch.files import validation
from mockbatch.files.content import Content
from mockbatch.files.file import BATCH, File
from mockbatch.ids import Seed, request_id
from mockbatch.limits import Quotas
from mockbatch.pagination import Page
from mockbatch.repository import Repository
from mockbatch.scenarios.queue import ScenarioQueue
from mockbatch.scenarios.scenario import Scenario
from mockbatch.scripting.script import Entry, Script
from mockbatch.webhooks.webhooks import Webhooks
from mockbatch.world import explain, live_calls
from mockbatch.world.advance import Advance
from mockbatch.world.journal import Journal
from mockbatch.world.quotas import check_on_create, check_rate, recheck_waiting, with_token_count
from mockbatch.world.settings import WorldSettings
from mockbatch.world.snapshot.snapshot import Snapshot
from mockbatch.world.uploads import Uploads

Json = dict[str, object]


class World:
    """Files, batches, clock, faults and journal of one key; `name` is the key."""

    def __init__(
        self,
        name: str,
        settings: WorldSettings,
        organization: str,
        beginning: Snapshot | None = None,
    ) -> None:
        self.name = name
        self.organization = organization
        self._beginning = beginning or Snapshot(settings)
        self._lock = RLock()
        self._begin(settings)

    def reset(self, settings: WorldSettings) -> None:
        """Empty the world and let it begin anew with these settings."""
        with self._lock:
            self.close()
            self._begin(settings)

    def close(self) -> None:
        """Let no webhook go out any more, and nobody wait for one."""
        self.webhooks.close()

    def _begin(self, settings: WorldSettings) -> None:
        self.settings = settings
        self.journal = Journal()
        self.faults = FaultRules()
        beginning, start = self._beginning, settings.start_time
        start = beginning.now if start is None else start
        self.clock = WorldClock(settings.clock, start, self._lock)
        self._seed = beginning.seed or Seed.of(settings.seed, self.name)
        self._requests = count()
        self.scenarios = ScenarioQueue()
        self.script, self.models, self.quotas = settings.script, settings.models, settings.quotas
        self._hold(beginning)
        self.webhooks = Webhooks(self.clock, self._repository, self._seed, settings.webhooks)

    def snapshot(self) -> Snapshot:
        """Return everything that the world holds, as values."""
        with self._lock:
            now = self.now()
            self._repository.sweep(now)
            self.uploads.sweep(now)
            return Snapshot(
                settings=replace(self.settings, clock=self.clock.mode, quotas=self.quotas),
                seed=self._seed,
                now=now,
                numbers=dict(+self._repository.numbers),  # those that are not 0
                files=tuple(self._repository.uploads.values()),
                deleted=frozenset(self._repository.deleted),
                batches=tuple(self._repository.batches.values()),
                uploads=self.uploads.all(),
            )

    def restore(self, state: Snapshot) -> None:
        """Become the world that a state was taken of."""
        with self._lock:
            self.settings, self.quotas = state.settings, state.settings.quotas
            self.clock = WorldClock(state.settings.clock, state.now, self._lock)
            self._seed = state.seed or self._seed
            self._hold(state)
            self.webhooks.restart(self.clock, self._repository)

    def _hold(self, state: Snapshot) -> None:
        self._repository = Repository(validate=self.settings.validate)
        self._repository.numbers.update(state.numbers)
        self._repository.deleted.update(state.deleted)
        for file in state.files:
            self._repository.keep(file)
        for batch in state.batches:
            self._repository.add(batch)
        self.uploads = Uploads(self.clock, self._repository, self._seed, self.settings.limits)
        self.uploads.take(state.uploads)

    # --- time

    @property
    def advance(self) -> Advance:
        """The way into the future."""
        return Advance(self.clock, self._repository, self.uploads, self.webhooks.dispatcher)

    def deliver_due(self) -> None:
        """Deliver the webhooks that are due now, unless another thread is doing so."""
        self.webhooks.dispatcher.deliver_due()

    def now(self) -> float:
        """Return simulated epoch seconds, never before the last command."""
        return self.clock.now()

    def next_request_id(self) -> str:
        """Return the id of one more request to this world."""
        return request_id(self._seed.child("request", next(self._requests)))

    @contextmanager
    def _command(self) -> Iterator[int]:
        """Hold the lock for a command on a whole second, and decide anew what hangs on it."""
        with self.clock.command() as now:
            yield now
            if self.quotas.enqueued_tokens:
                self._decide(now)

    def _decide(self, now: int) -> None:
        for batch in recheck_waiting(
            self.quotas, self._repository.batches.values(), now, self.organization
        ):
            self._repository.replace(batch)

    def set_quotas(self, quotas: Quotas) -> None:
        """Limit what may be under way at once; batches that still wait are decided anew."""
        with self.clock.command() as now:
            self._limit(quotas, now)

    def _limit(self, quotas: Quotas, now: int) -> None:
        self.quotas = quotas
        for batch in list(self._repository.batches.values()):
            self._repository.replace(with_token_count(quotas, batch))
        self._decide(now)

    # --- files

    def upload(self, content: Content, filename: str, purpose: str, seconds: int | None) -> File:
        """Keep a file for `seconds`, None for its purpose's default; ApiError when refused."""
        validation.validate_upload(content, purpose, self.settings.limits)
        with self._command() as now:
            return self._repository.store(self._seed, now, content, filename, purpose, seconds)

    def file(self, id: str) -> File:
        """Return a file that exists now; ApiError 404 for any other."""
        return self._repository.file(id, self.now())

    def files(
        self, purpose: str | None, limit: int, after: str | None, *, newest_first: bool
    ) -> Page[File]:
        """Return a page of the files that exist now."""
        return self._repository.file_page(
            self.now(), purpose, limit, after, newest_first=newest_first
        )

    def delete_file(self, id: str) -> None:
        """Delete a file; a batch whose input it is will not find it if it still looks for it."""
        with self._command() as now:
            self._repository.file(id, now)
            self._repository.drop(id)
            missing = input_file.missing_input(id, self.organization)
            for batch in list(self._repository.batches.values()):
                if batch.input_file_id == id:
                    self._repository.replace(commands.lose_input(batch, now, missing))

    # --- batches

    def create_batch(self, request: create.BatchRequest) -> Batch:
        """Accept a batch; what is wrong with its input comes out later, in its `errors`."""
        # Reading the input may take a second: nobody else has to wait for it.
        given, readable_until = self._read_input(request)
        with self._command() as now, self._scenario(request) as scenario:
            if scenario.quotas is not None:
                self._limit(scenario.quotas, now)
            others = self._repository.batches.values()
            check_rate(self.quotas, others, now, self.clock.current)
            schedule = Schedule(scenario, self.settings.pace)
            seed = self._seed.child("batch", self._repository.number("batch"))
            number = len(others)
            batch = create.create_batch(
                request, given, schedule, seed, number, now, self.organization
            )
            deleted = request.input_file_id in self._repository.deleted
            if deleted or batch.timeline.status(readable_until) == VALIDATING:
                missing = input_file.missing_input(request.input_file_id, self.organization)
                batch = commands.lose_input(batch, now, missing)
            batch = with_token_count(self.quotas, apply_script(batch, self.script))
            batch = check_on_create(self.quotas, batch, others, now, self.organization)
            self._repository.add(batch)
            return batch

    @contextmanager
    def _scenario(self, request: create.BatchRequest) -> Iterator[Scenario]:
        """Lend what befalls a new batch; its own metadata decides before all else."""
        if request.scenario or self.settings.pinned:
            yield request.scenario or self.settings.scenario
        else:
            with self.scenarios.next_scenario() as chosen:
                yield chosen or self.settings.scenario

    def batch(self, id: str) -> Batch:
        """Return a batch; ApiError when there is none of that id."""
        batch = self._repository.batch(id)
        if self.now() < batch.visible_at:
            raise api_error("no_such_batch", id=id)
        return batch

    def batches(self, limit: int, after: str | None) -> Page[Batch]:
        """Return a page of the batches, newest first."""
        return self._repository.batch_page(limit, after)

    def batch_json(self, batch: Batch) -> Json:
        """Return the Batch object as of now, schema batch.json."""
        now = self.now()
        completed = batch.status(now) == COMPLETED and batch.planned_file_ids()
        return batch.as_json(now, self._repository.output(batch).tokens if completed else NO_TOKENS)

    def command(self, id: str, command: Callable[[Batch, int], Batch]) -> Batch:
        """Do something to a batch; ApiError when there is none or it may not be done."""
        with self._command() as now:
            changed = command(self.batch(id), now)
            self._repository.replace(changed)
            return changed

    def add_reply(self, entry: Entry) -> None:
        """Add a scripted reply, behind those that there are."""
        self.replace_script(self.script.extended(entry))

    def replace_script(self, script: Script) -> None:
        """Let lines that run from now on be answered by another script."""
        with self._command() as now:
            running = [one for one in self._repository.batches.values() if not one.is_final(now)]
            # A function in it may fail, which leaves all as it was.
            changed = [apply_script(batch, script, batch.timeline.done(now)) for batch in running]
            self.script = script
            for batch in changed:
                self._repository.replace(batch)

    def set_models(self, models: ModelList) -> None:
        """Serve these models from now on; batches that were accepted go on."""
        with self._lock:
            self.models = models

    def answer(self, endpoint: Endpoint, body: Json) -> EndpointResponse:
        """Return the answer to a live call; ApiError for what is refused."""
        live_calls.check_model(self.models, endpoint, body)
        with self._command() as now:
            seed = self._seed.child("live", self._repository.number("live"))
        return live_calls.respond_live(endpoint, body, Execution(seed, now), self.script)

    def explain(self, id: str) -> Json:
        """Return a batch's past and future, its webhooks among them, schema timeline.json."""
        batch, told = self._repository.batch(id), self.webhooks.attempts_for(id)
        return explain.timeline_json(
            batch, self.now(), *told, clock_is_behind=self.clock.is_behind()
        )

    def _read_input(self, request: create.BatchRequest) -> tuple[input_file.BatchInput, float]:
        """Return the input of a new batch, and the instant from which it is gone."""
        file = self._repository.uploads.get(request.input_file_id)
        if file is None or file.purpose != BATCH or not file.visible(self.now()):
            return input_file.missing_input(request.input_file_id, self.organization), float("inf")
        endpoint = endpoints()[request.endpoint]
        given = input_file.read_input(file.content, endpoint, self.settings.limits, self.models)
        return given, float("inf") if file.expires_at is None else file.expires_at
