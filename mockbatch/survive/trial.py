"""One run of a program in one misfortune: from a fresh folder to the evidence."""

import json
import os
import shutil
import site
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mockbatch import clock
from mockbatch.endpoints.provider_registry import environment_variables
from mockbatch.ids import Seed
from mockbatch.survive import faketime
from mockbatch.survive.delivered import Delivery, read_delivered, read_files
from mockbatch.survive.evidence import Evidence, ProcessEvidence
from mockbatch.survive.met import is_met
from mockbatch.survive.misfortunes import Misfortune
from mockbatch.survive.process import RUN_VARIABLE, Ended, find_error, run_program
from mockbatch.survive.server import SurveyServer
from mockbatch.survive.server_witness import read_server
from mockbatch.survive.shims import ShimLog, read_shim_log, shim_environment
from mockbatch.world.world import World

_LOG_NAME = "sleeps.jsonl"
_NO_PROXY = "127.0.0.1,localhost"


@dataclass(frozen=True, slots=True)
class Program:
    """What is run: a command, and how.

    `sleep` is "skip", "real" or "faketime", with which time runs `speed` times faster. `results`
    is a shell command that prints what was delivered.
    `copies` are files and folders that each run finds in its folder. `keep` is a folder in which
    the folders of the runs stay.
    """

    command: tuple[str, ...]
    wall_seconds: float = 60
    sleep: str = "skip"
    results: str | None = None
    copies: tuple[Path, ...] = ()
    keep: Path | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    speed: int = faketime.DEFAULT_SPEED

    @property
    def full_command(self) -> tuple[str, ...]:
        """The command with what makes its time run faster, if that is wanted."""
        return faketime.wrap(self.command, self.speed) if self.is_faster else self.command

    @property
    def is_faster(self) -> bool:
        """Whether the time of the program runs faster."""
        return self.sleep == "faketime"


@dataclass(frozen=True, slots=True)
class Trial:
    """The evidence of a run, and its lines; those of the baseline are what is expected."""

    evidence: Evidence
    lines: frozenset[str]


def run_trial(
    server: SurveyServer,
    program: Program,
    misfortune: Misfortune,
    *,
    leap: bool,
    usual: frozenset[str] = frozenset(),
    find_stop: Callable[[], str] = lambda: "",
) -> Trial:
    """Run a program in a misfortune, and return what the witnesses say.

    `usual` are the lines that it prints and writes if nothing goes wrong.
    """
    name = f"{misfortune.name}{'' if leap else ' without leaps'}"
    with RunFolder(program, name) as folder:
        key = f"sk-mockbatch-{Seed.of('survive', str(folder.path)).hex(24)}"
        world = server.open_world(key, misfortune)
        try:
            environ = _environment(program, folder, server.url, key, leap=leap)
            ended = run_program(
                program.full_command,
                environ,
                folder.work,
                program.wall_seconds,
                lambda: find_stop() or ("waiting" if server.waiting(key) else ""),
            )
            if program.is_faster:
                faketime.remove_shared_memory(ended.pid)
            waiting = server.waiting(key)
            batches = server.batches(key)
            seen = read_server(
                world,
                batches,
                is_met=is_met(misfortune, world, batches),
                in_flight=server.in_flight(key),
                waits_for="" if not waiting else "ended" if waiting.has_ended else "unfinished",
            )
            delivery = _read_delivery(program, folder, ended, environ, world)
            process = _process_evidence(program, ended, read_shim_log(folder.log_path), world)
            delivered = read_delivered(delivery, seen, usual)
            folder.keep_evidence(delivery, world)
            return Trial(Evidence(seen, process, delivered), frozenset(delivery.lines()))
        finally:
            server.close_world(key)


class RunFolder:
    """The folder of one run: where the program works, its home and its temporary files."""

    def __init__(self, program: Program, name: str) -> None:
        self._keep = program.keep
        if program.keep is None:
            self.path = Path(tempfile.mkdtemp(prefix="mockbatch-survive-"))
        else:
            self.path = program.keep.resolve() / name.replace(" ", "-")
            shutil.rmtree(self.path, ignore_errors=True)
        self.work, self.home = self.path / "work", self.path / "home"
        self.temporary, self.log_path = self.path / "tmp", self.path / _LOG_NAME
        self._copies = program.copies

    def __enter__(self) -> "RunFolder":
        for folder in (self.work, self.home, self.temporary):
            folder.mkdir(parents=True)
        for path in self._copies:
            if path.is_dir():
                shutil.copytree(path, self.work / path.name)
            else:
                shutil.copy2(path, self.work / path.name)
        return self

    def __exit__(self, *_: object) -> None:
        if self._keep is None:
            remove_folder(self.path)

    def keep_evidence(self, delivery: Delivery, world: World) -> None:
        """Write what the program printed and requested into a folder that is kept."""
        if self._keep is None:
            return
        (self.path / "stdout.txt").write_bytes(delivery.stdout.kept())
        (self.path / "stderr.txt").write_bytes(delivery.stderr.kept())
        entries = world.journal.entries_by_id().items()
        lines = (json.dumps(entry.as_json(id, bodies=True)) + "\n" for id, entry in entries)
        (self.path / "requests.jsonl").write_text("".join(lines), encoding="utf-8")

    def contents(self) -> tuple[Path, ...]:
        """Return the folders whose files count as delivered."""
        return self.work, self.home, self.temporary


def remove_folder(folder: Path) -> None:
    """Remove a folder, even if a program has taken its permissions away."""
    for path, names, _ in os.walk(folder):
        for name in names:
            inner = Path(path, name)
            if not inner.is_symlink():
                inner.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


def _environment(
    program: Program, folder: RunFolder, url: str, key: str, *, leap: bool
) -> dict[str, str]:
    kept = {k: v for k, v in program.environ.items() if not k.startswith("XDG_")}
    others = environment_variables(url, key)
    absent = [name for name, value in others.items() if value is None]
    for name in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_WEBHOOK_SECRET", *absent):
        kept.pop(name, None)
    environ = {
        # Python finds what the user has installed below the usual home.
        "PYTHONUSERBASE": str(site.getuserbase()),
        "PYTHONUNBUFFERED": "1",
        # Else the functions of the module `openai` could not tell which of both is meant.
        "OPENAI_API_TYPE": "openai",
        **kept,
        **{name: value for name, value in others.items() if value is not None},
        **dict.fromkeys(("OPENAI_BASE_URL", "OPENAI_API_BASE"), f"{url}/v1"),
        **dict.fromkeys(("TMPDIR", "TMP", "TEMP"), str(folder.temporary)),
        **{
            name: ",".join(filter(None, [_NO_PROXY, kept.get(name)]))
            for name in ("NO_PROXY", "no_proxy")
        },
        "OPENAI_API_KEY": key,
        "HOME": str(folder.home),
        "PWD": str(folder.work),
        RUN_VARIABLE: str(folder.path),
    }
    if "-m" in program.command:
        # `python -m` finds modules in the working directory, which is another one now.
        environ["PYTHONPATH"] = os.pathsep.join(
            filter(None, [environ.get("PYTHONPATH"), str(Path.cwd())])
        )
    if program.sleep != "skip":
        return environ
    return shim_environment(url, key, leap, folder.log_path, environ)


def _read_delivery(
    program: Program, folder: RunFolder, ended: Ended, environ: Mapping[str, str], world: World
) -> Delivery:
    uploads = world.snapshot().files
    delivery = ended.delivery
    delivery.files = read_files(
        folder.contents(), uploaded=[b"".join(file.content.chunks()) for file in uploads]
    )
    if program.results is not None:
        printed = run_program(program.results, environ, folder.work, program.wall_seconds)
        delivery.results = printed.delivery.stdout
    return delivery


def _process_evidence(
    program: Program, ended: Ended, log: ShimLog, world: World
) -> ProcessEvidence:
    stderr = [line for line in ended.delivery.stderr.lines() if line.strip()]
    last_line = stderr[-1].strip() if stderr else ""
    code = ended.exit_code
    stopped_at = clock.wall_time()
    journal = world.journal.entries()
    last = max(
        ended.last_output_at,
        log.last_sleep_at or 0,
        journal[-1].wall if journal else 0,
    )
    return ProcessEvidence(
        exit_code=faketime.exit_code(code, last_line) if program.is_faster else code,
        stopped_for=ended.stopped_for,
        last_line=last_line[:300],
        error=find_error(stderr)[:300],
        wall_seconds=ended.wall_seconds,
        quiet_seconds=max(0.0, stopped_at - last),
        shim_called=log.called,
        sleeps=log.sleeps,
        leaps=log.leaps,
        skipped_seconds=log.skipped_seconds,
        speed=program.speed if program.is_faster else 1,
    )


def resolve_command(command: Sequence[str]) -> tuple[str, ...]:
    """Return a command whose words that name files of this folder name them from any folder."""
    program, *words = command
    if os.sep in program and Path(program).exists():
        # Not resolved: a virtual environment's Python is a link, and works by its own path.
        program = str(Path(program).absolute())
    return program, *(str(Path(word).absolute()) if Path(word).exists() else word for word in words)
