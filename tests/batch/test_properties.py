"""Whatever is done to a batch, and whenever it is looked at, it keeps to the rules.

Lives are drawn: input files with refused and faulty lines, scenarios, a pace, and commands
at any time. A batch is lived through on a clock that a test moves, and looked at on the
seconds round each of its changes.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mockbatch.batch import commands
from mockbatch.batch.batch import Batch
from mockbatch.batch.timeline import FINAL, STATUSES
from mockbatch.errors import ApiError
from mockbatch.jsonio import parse
from mockbatch.typing import Json
from mockbatch.validation.schema import schema
from mockbatch.world.polling import retrieve_polled
from mockbatch.world.world import World
from tests.support.examples import examples

if TYPE_CHECKING:
    from tests.conftest import Make


DAY = 24 * 3600
NEXT = {
    "validating": {"in_progress", "failed", "expired", "cancelling"},
    "in_progress": {"finalizing", "expired", "cancelling"},
    "finalizing": {"completed", "cancelling"},
    "cancelling": {"cancelled"},
}
COMMANDS: dict[str, Any] = {
    "cancel": commands.cancel,
    "hold": commands.hold,
    "resume": commands.resume,
    "expire": commands.expire,
    "fail": partial(commands.fail, code="c", message="m"),
    "complete": commands.complete,
}
STAMPS = [f"{status}_at" for status in STATUSES if status != "validating"]
ERROR = {"message": "no", "type": "invalid_request_error", "param": None, "code": "c"}
MANY = examples(120)


@dataclass(frozen=True)
class Life:
    """What happens to a batch: its lines, its scenario and pace, and when which command comes."""

    lines: list[str]
    document: dict[str, Json]
    pace: float
    steps: list[tuple[float, str]]


@dataclass(frozen=True)
class Look:
    """What a batch shows at an instant."""

    now: float
    shown: dict[str, Json]

    @property
    def status(self) -> str:
        """The status that is shown."""
        return str(self.shown["status"])

    @property
    def stamps(self) -> dict[str, int]:
        """The stamps that are set."""
        return {name: self.shown[name] for name in STAMPS if self.shown[name] is not None}

    @property
    def counts(self) -> tuple[int, int, int]:
        """Total, completed and failed."""
        counts = self.shown["request_counts"]
        return counts["total"], counts["completed"], counts["failed"]


REPLIES = [
    {"status_code": 400, "body": {"error": ERROR}},
    {"error": {"code": "odd", "message": "It never ran."}},
    {"content": "said"},
]
SECONDS = st.sampled_from([1, 0, 0.4, 7, 100, 90_000, None])
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "stages": st.fixed_dictionaries({}, optional=dict.fromkeys(NEXT, SECONDS)),
        "executed": st.sampled_from([0, 0.01, 0.5, 1]),
        "overdue": st.sampled_from([0, 1800, None]),
        "replies": st.lists(
            st.fixed_dictionaries(
                {"fraction": st.sampled_from([0, 0.3, 1]), "reply": st.sampled_from(REPLIES)}
            ),
            max_size=2,
        ),
    },
)
WAITS = st.sampled_from([93, 70.5, 80, 99.9, 62, 61, 123, 30, 1, 0.5, 0, 605, DAY - 100, DAY])
OFTEN = ["cancel", "hold", "resume"]
STEPS = st.lists(st.tuples(WAITS, st.sampled_from([*COMMANDS, *OFTEN, "delete"])), max_size=6)
LINES = st.lists(st.sampled_from(["good", "good", "refused"]), min_size=1, max_size=30)
FAULTY = LINES.map(lambda kinds: [*kinds, "faulty"])


def lives(
    lines: st.SearchStrategy[list[str]] = LINES,
    steps: st.SearchStrategy[list[tuple[float, str]]] = STEPS,
) -> st.SearchStrategy[Life]:
    """Return lives of batches."""
    return st.builds(Life, lines, DOCUMENTS, st.sampled_from([1, 1, 60, 0.5]), steps)


class Run:
    """A batch that lives through its life, looked at on the way or not."""

    def __init__(self, make: "Make", life: Life, *, looking: bool = True) -> None:
        self.world: World = make.world(pace=life.pace)
        self.looks: list[Look] = []
        self._looking = looking
        self.id = _create(make, self.world, life).id
        for seconds, command in life.steps:
            self._wait_until(self.world.now() + seconds)
            self._do(command)
        self._wait_until(max(self.world.now(), self.batch.timeline.end.at) + DAY)

    @property
    def batch(self) -> Batch:
        """The batch as the last command left it."""
        return self.world.batch(self.id)

    @property
    def last(self) -> Look:
        """What the batch shows now."""
        return Look(self.world.now(), self.world.batch_json(self.batch))

    def files(self) -> dict[str, bytes]:
        """Return the bytes of the files of the batch, by the name of their member."""
        shown = self.last.shown
        names = [name for name in ("output_file_id", "error_file_id") if shown[name] is not None]
        return {name: _bytes(self.world, shown[name]) for name in names}

    def lines(self) -> dict[str, list[Json]]:
        """Return the lines of the files of the batch, by the name of their member."""
        return {name: list(map(parse, data.splitlines())) for name, data in self.files().items()}

    def _do(self, command: str) -> None:
        with suppress(ApiError):
            if command == "delete":
                self.world.delete_file(self.batch.input_file_id)
            else:
                self.world.command(self.id, COMMANDS[command])
        self._look()

    def _wait_until(self, target: float) -> None:
        while self._looking:
            self._look()
            coming = [at for at in self._instants() if self.world.now() < at < target]
            if not coming:
                break
            self.world.advance.to(min(coming))
        self.world.advance.to(target)
        self._look()

    def _instants(self) -> Iterator[float]:
        for change in self.batch.timeline.transitions:
            yield from (change.at - 1, change.at - 0.5, change.at, change.at + 1)

    def _look(self) -> None:
        if self._looking:
            retrieve_polled(self.world, self.id)
            self.looks.append(self.last)
            self.files()


def _create(make: "Make", world: World, life: Life) -> Batch:
    lines = [_line(make, number, kind) for number, kind in enumerate(life.lines)]
    return make.started(world, lines, **{"executed": 1, **life.document})


def _line(make: "Make", number: int, kind: str) -> Json:
    line = make.line(f"line-{number}")
    if kind == "refused":
        line["body"]["temperature"] = 3
    elif kind == "faulty":
        del line["url"]
    return line


def _bytes(world: World, id: str) -> bytes:
    file = world.file(id)
    content = file.content
    assert file.as_json()["bytes"] == content.size
    return content.read(0, content.size)


def _after(status: str) -> set[str]:
    """Return the statuses that can follow a status, at once or later."""
    later = NEXT.get(status, set())
    return later.union(*map(_after, later))


@given(lives())
@MANY
def test_a_status_moves_along_the_state_machine(make: "Make", life: Life) -> None:
    """A status is only followed by one that the state machine leads to, and an end by none."""
    for before, after in pairwise(Run(make, life).looks):
        assert after.status in {before.status, *_after(before.status)}


@given(lives())
@MANY
def test_each_change_is_an_edge_of_the_state_machine(make: "Make", life: Life) -> None:
    """No change of a batch, those on one second included, leaves out a status between."""
    changes = Run(make, life).batch.timeline.transitions
    assert changes[0].status == "validating"
    assert all(after.status in NEXT[before.status] for before, after in pairwise(changes))


@given(lives())
@MANY
def test_a_batch_fits_the_strict_schema_at_every_instant(make: "Make", life: Life) -> None:
    """Keys, types, stamps, files and usage are those of the status, whenever one looks."""
    for look in Run(make, life).looks:
        assert schema("batch").error(look.shown) is None


@given(lives())
@MANY
def test_a_stamp_stays_once_it_is_set(make: "Make", life: Life) -> None:
    """A stamp is never in the future, and never changes or goes."""
    run = Run(make, life)
    for before, after in pairwise(run.looks):
        assert before.stamps.items() <= after.stamps.items()
        assert all(stamp <= before.now for stamp in before.stamps.values())


@given(lives(steps=st.just([])))
@MANY
def test_a_stamp_is_there_from_its_exact_second_on(make: "Make", life: Life) -> None:
    """Without commands, a look shows exactly those stamps that are not after it."""
    run = Run(make, life)
    for look in run.looks:
        due = {name: stamp for name, stamp in run.last.stamps.items() if stamp <= look.now}
        assert look.stamps == due


@given(lives())
@MANY
def test_stamps_stand_in_the_order_of_the_statuses(make: "Make", life: Life) -> None:
    """The stamps of the statuses that were passed through do not go back in time."""
    last = Run(make, life).last
    passed = ["in_progress_at", "finalizing_at", "cancelling_at", f"{last.status}_at"]
    times = [
        last.shown["created_at"],
        *(last.stamps[name] for name in passed if name in last.stamps),
    ]
    assert times == sorted(times)


@given(lives())
@MANY
def test_only_a_command_expires_a_batch_early(make: "Make", life: Life) -> None:
    """The window has the same end whatever is done, and ends a batch when the scenario says."""
    last = Run(make, life).last
    assert last.shown["expires_at"] == last.shown["created_at"] + DAY
    if last.status == "expired" and "expire" not in {command for _, command in life.steps}:
        overdue = life.document.get("overdue", 0)
        assert last.shown["expired_at"] == last.shown["expires_at"] + overdue


@given(lives())
@MANY
def test_counts_grow_and_add_up(make: "Make", life: Life) -> None:
    """Counts never fall, and never exceed the total, which is known once a batch runs."""
    for before, after in pairwise(Run(make, life).looks):
        assert before.counts <= after.counts
        assert all(map(int.__le__, before.counts, after.counts))
        total, completed, failed = after.counts
        assert completed + failed <= total == ("in_progress_at" in after.stamps) * len(life.lines)


@given(lives())
@MANY
def test_what_is_written_down_is_all_done(make: "Make", life: Life) -> None:
    """Finalizing and completed batches have executed every line."""
    for look in Run(make, life).looks:
        if look.status in {"finalizing", "completed"}:
            total, completed, failed = look.counts
            assert completed + failed == total


@given(lives())
@MANY
def test_every_line_is_in_one_file_at_the_end(make: "Make", life: Life) -> None:
    """A batch that ran and ended has each custom_id of its input once, in one of its files."""
    run = Run(make, life)
    if run.last.status in FINAL:
        ids = Counter(line["custom_id"] for lines in run.lines().values() for line in lines)
        ran = "in_progress_at" in run.last.stamps
        assert ids == Counter(f"line-{number}" for number in range(len(life.lines) * ran))


@given(lives())
@MANY
def test_lines_are_counted_for_what_they_are(make: "Make", life: Life) -> None:
    """Answers are completed, errors failed, and lines that never ran are neither."""
    run = Run(make, life)
    if run.last.status in FINAL:
        lines = run.lines()
        errors = lines.get("error_file_id", [])
        never = f"batch_{run.last.status}"
        failed = [line for line in errors if (line["error"] or {}).get("code") != never]
        answers = lines.get("output_file_id", [])
        assert run.last.counts[1:] == (len(answers), len(failed))
        assert {line["error"]["code"] for line in errors if line["error"]} <= {never, "odd"}


@given(lives())
@MANY
def test_a_refused_line_never_succeeds(make: "Make", life: Life) -> None:
    """The output file has no line that its endpoint rejects."""
    refused = {f"line-{number}" for number, kind in enumerate(life.lines) if kind != "good"}
    answers = Run(make, life).lines().get("output_file_id", [])
    assert not refused & {line["custom_id"] for line in answers}


@given(lives())
@MANY
def test_every_line_fits_its_schema(make: "Make", life: Life) -> None:
    """The lines of both files are strict JSON that output_line.json accepts."""
    for lines in Run(make, life).lines().values():
        assert lines
        assert all(schema("output_line").accepts(line) for line in lines)


@given(lives())
@MANY
def test_a_file_exists_from_the_end_on(make: "Make", life: Life) -> None:
    """File ids are null until the batch has ended, and its files are stamped with that second."""
    run = Run(make, life)
    for look in run.looks:
        ids = {look.shown["output_file_id"], look.shown["error_file_id"]} - {None}
        assert look.status in FINAL or ids == set()
        for id in ids:
            assert run.world.file(id).created_at == look.shown[f"{look.status}_at"]


@given(lives())
@MANY
def test_what_has_ended_never_changes(make: "Make", life: Life) -> None:
    """From its end on a batch shows the same for ever."""
    ended = [look.shown for look in Run(make, life).looks if look.status in FINAL]
    assert all(shown == ended[0] for shown in ended)


@given(lives(lines=FAULTY))
@MANY
def test_faulty_input_never_runs(make: "Make", life: Life) -> None:
    """Whatever is done to it, a batch with a faulty line executes none."""
    for look in Run(make, life).looks:
        assert schema("batch").error(look.shown) is None
        assert "in_progress_at" not in look.stamps


@given(lives())
@MANY
def test_only_commands_fail_good_input(make: "Make", life: Life) -> None:
    """A batch whose input is good fails by command or with its file gone, never by itself."""
    if Run(make, life).last.status == "failed":
        assert {"fail", "delete"} & {command for _, command in life.steps}


@given(lives())
@MANY
def test_looking_changes_nothing(make: "Make", life: Life) -> None:
    """A batch that was polled all the time ends like one that was never polled."""
    looked_at, alone = Run(make, life), Run(make, life, looking=False)
    assert looked_at.last == alone.last
    assert looked_at.files() == alone.files()


@given(lives())
@MANY
def test_looking_twice_shows_the_same(make: "Make", life: Life) -> None:
    """Two looks at one instant, the files included, are equal."""
    run = Run(make, life)
    assert run.last == run.last
    assert run.files() == run.files()


@given(lives())
@MANY
def test_what_is_to_come_is_reported_as_it_comes(make: "Make", life: Life) -> None:
    """An advance reports each status change on its way, at the second of its timestamp."""
    world = make.world(pace=life.pace)
    batch = _create(make, world, life)
    events = {kind: at for at, kind, _ in world.advance.by(DAY + 400_000).events}
    stamps = Look(world.now(), world.batch_json(world.batch(batch.id))).stamps
    assert events == {
        f"batch.{name.removesuffix('_at')}": at
        for name, at in stamps.items()
        if at > batch.created_at
    }


def test_the_lives_lead_everywhere(make: "Make") -> None:
    """The generated lives include every kind of end."""
    ends: set[str] = set()

    @given(lives())
    @settings(max_examples=400, derandomize=True, database=None)
    def live(life: Life) -> None:
        ends.add(Run(make, life, looking=False).last.status)

    live()
    assert ends >= FINAL | {"cancelling", "finalizing"}
