"""The command `mockbatch`, as a process of its own."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openai
import pytest

import mockbatch
from mockbatch import cli

ROOT = Path(__file__).parents[2]
REQUESTS = ROOT / "fixtures" / "requests"
INVALID = ROOT / "fixtures" / "invalid"
CHAT = "/v1/chat/completions"
SECONDS = 20  # nothing takes as long as this, unless it hangs


def command(*arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `mockbatch` until it ends."""
    return subprocess.run(
        [sys.executable, "-m", "mockbatch", *map(str, arguments)],
        env=environment(variables),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.fixture
def here(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `mockbatch` in this process, which is quicker: for what serves nothing."""

    def run(*arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(os, "environ", environment(variables))
        try:
            status: Any = cli.main(list(map(str, arguments)))
        except SystemExit as end:
            status = end.code
        return subprocess.CompletedProcess(list(map(str, arguments)), status, *capsys.readouterr())

    return run


def environment(variables: dict[str, str]) -> dict[str, str]:
    """Return this process's environment with no option of ours in it but these."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("MOCKBATCH_")}
    return {**kept, **variables}


@dataclass
class Served:
    """A server that runs as a process, with what it has said so far."""

    process: subprocess.Popen[str]
    stdout: list[str] = field(default_factory=list)
    stderr: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.stdout[0].split()[-1]

    @property
    def address(self) -> tuple[str, int]:
        """Where a socket finds it."""
        return "127.0.0.1", int(self.url.rpartition(":")[2])

    def client(self, key: str = "sk-mockbatch") -> openai.OpenAI:
        """Return an SDK client of it."""
        return openai.OpenAI(base_url=f"{self.url}/v1", api_key=key, max_retries=0)

    def clock(self) -> dict[str, Any]:
        """Ask for its time."""
        with urllib.request.urlopen(f"{self.url}/_mock/clock") as answer:
            return json.load(answer)

    def logged(self, pattern: str) -> re.Match[str]:
        """Wait for a line on stderr."""
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            for line in [*self.stderr]:
                if found := re.fullmatch(pattern, line):
                    return found
            time.sleep(0.01)
        raise AssertionError(f"no line like {pattern!r} in {self.stderr}")

    def stopped(self, by: int = signal.SIGTERM) -> tuple[int, float]:
        """Stop it; return its exit status and the seconds that took."""
        began = time.monotonic()
        self.process.send_signal(by)
        return self.process.wait(SECONDS), time.monotonic() - began


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """Start servers on free ports; they end with the test."""
    with contextlib.ExitStack() as stack:

        def start(*arguments: object, **variables: str) -> Served:
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "mockbatch", "serve", *map(str, arguments)],
                    env=environment({"MOCKBATCH_PORT": "0", **variables}),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(process.kill)
            served = Served(process)
            reader = threading.Thread(target=lambda: served.stderr.extend(lines(process.stderr)))
            reader.start()
            stack.callback(reader.join)
            stack.callback(process.kill)
            served.stdout += [process.stdout.readline().rstrip("\n") for _ in range(3)]
            assert served.stdout[0], served.stderr
            return served

        def lines(stream: Any) -> Iterator[str]:
            return (line.rstrip("\n") for line in stream)

        yield start


Serve = Callable[..., Served]
Here = Callable[..., subprocess.CompletedProcess[str]]


class TestReady:
    """What is said when it listens."""

    def test_ready_line_and_what_a_shell_can_take(self, serve: Serve) -> None:
        """Three lines on stdout, and nothing else."""
        served = serve()
        assert re.fullmatch(
            r"mockbatch is listening on http://127\.0\.0\.1:[1-9]\d+", served.stdout[0]
        )
        assert served.stdout[1:] == [
            f"export OPENAI_BASE_URL={served.url}/v1",
            "export OPENAI_API_KEY=sk-mockbatch",
        ]
        served.stopped()
        assert served.process.stdout.read() == ""

    def test_shell_can_take_them(self, serve: Serve) -> None:
        """The two lines are shell, and lead to the server."""
        served = serve()
        script = "\n".join([*served.stdout[1:], 'echo "$OPENAI_BASE_URL $OPENAI_API_KEY"'])
        done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
        assert done.stdout.split() == [f"{served.url}/v1", "sk-mockbatch"]

    def test_nothing_is_said_on_stderr(self, serve: Serve) -> None:
        """Nothing to warn of, no request yet."""
        served = serve()
        served.stopped()
        assert served.stderr == []

    def test_ready_file_tells_where_and_who(self, serve: Serve, tmp_path: Path) -> None:
        """Written when it listens, whole from the first moment."""
        served = serve("--ready-file", tmp_path / "ready")
        until = time.monotonic() + SECONDS
        while not (tmp_path / "ready").exists() and time.monotonic() < until:
            time.sleep(0.01)
        assert json.loads((tmp_path / "ready").read_text()) == {
            "url": served.url,
            "pid": served.process.pid,
            "version": mockbatch.__version__,
        }
        assert [path.name for path in tmp_path.iterdir()] == ["ready"]

    def test_host_off_loopback_prints_a_warning(self, serve: Serve) -> None:
        """Whoever reaches the port reaches the mock; the address printed is one to use."""
        served = serve("--host", "0.0.0.0")
        served.logged("mockbatch: warning: 0.0.0.0 can be reached from other machines")
        assert served.url.startswith("http://127.0.0.1:")
        assert served.clock()["mode"] == "realtime"

    def test_installed_command_is_the_same(self) -> None:
        """`mockbatch` and `python -m mockbatch`."""
        installed = shutil.which("mockbatch", path=str(Path(sys.executable).parent))
        assert installed
        done = subprocess.run([installed, "--version"], capture_output=True, text=True, check=True)
        assert done.stdout == f"{mockbatch.__version__}\n" == command("--version").stdout


class TestStop:
    """Ending it."""

    @pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
    def test_signal_ends_it_within_a_second(self, serve: Serve, by: int) -> None:
        """With status 0, whatever connections are open: one kept, one in its middle."""
        served = serve()
        half = (
            "POST /v1/files HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer sk-1\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 9999\r\n\r\n--b"
        )
        with (
            served.client() as client,
            socket.create_connection(served.address) as upload,
            socket.create_connection(served.address) as silent,
        ):
            client.files.list()
            upload.sendall(half.encode())
            silent.sendall(b"GET ")
            status, seconds = served.stopped(by)
        assert status == 0
        assert seconds < 2  # a second, and what a busy machine takes
        assert not [line for line in served.stderr if "Traceback" in line]

    def test_port_is_free_again(self, serve: Serve) -> None:
        """A restart on the same port works at once."""
        served = serve()
        with served.client() as client:
            client.files.list()
            served.stopped()
        assert serve("--port", served.address[1]).url == served.url


class TestRefused:
    """What it cannot begin with: one line on stderr, status 2."""

    @staticmethod
    def refused(done: subprocess.CompletedProcess[str]) -> str:
        """Check that a command was refused as it should be, and return the line."""
        assert (done.returncode, done.stdout) == (2, "")
        [line] = done.stderr.splitlines()
        assert line.startswith("mockbatch")
        return line

    def test_taken_port(self) -> None:
        """The line names it."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            line = self.refused(command("serve", "--port", port))
        assert line.startswith(f"mockbatch: cannot listen on 127.0.0.1:{port}: ")

    @pytest.mark.parametrize(
        ("arguments", "named"),
        [
            (["--load", "missing.json"], "missing.json"),
            (["--host", "203.0.113.1"], "203.0.113.1"),  # an address of nobody
        ],
    )
    def test_what_cannot_be_served(self, arguments: list[str], named: str) -> None:
        """The line names it."""
        assert named in self.refused(command("serve", "--port", 0, *arguments))

    @pytest.mark.parametrize(
        ("arguments", "named"),
        [
            (["--port", "http"], "--port"),
            (["--port", "65536"], "--port"),
            (["--port", "-1"], "--port"),
            (["--pace", "0"], "--pace"),
            (["--pace", "nan"], "--pace"),
            (["--pace", "fast"], "--pace"),
            (["--clock", "fast"], "'fast' is no clock mode"),
            (["--clock", "x0"], "'x0' is no clock mode"),
            (["--start-time", "soon"], "'soon'"),
            (["--start-time", "-5"], "1970"),
            (["--scenario", "hapy"], "Near it: happy"),
            (["--scenario", "missing.json"], "missing.json"),
            (["--worlds", "two"], "--worlds"),
            (["--log-format", "xml"], "--log-format"),
            (["--limit", "rows=5"], "there are lines, embedding_inputs"),
            (["--limit", "lines"], "--limit"),
            (["--limit", "lines=0"], "'0' is no number for lines"),
            (["--limit", "lines=1e9"], "'1e9' is no number for lines"),
            (["--nonsense"], "--nonsense"),
            (["extra"], "extra"),
        ],
    )
    def test_bad_option(self, here: Here, arguments: list[str], named: str) -> None:
        """The line names the option, or what there is."""
        assert named in self.refused(here("serve", *arguments))

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("MOCKBATCH_PORT", "tcp://10.0.0.1:8787"),
            ("MOCKBATCH_PACE", "0"),
            ("MOCKBATCH_WORLDS", "two"),
            ("MOCKBATCH_LOG_FORMAT", "xml"),
            ("MOCKBATCH_LIMIT", "lines=5,rows=7"),
        ],
    )
    def test_bad_variable(self, here: Here, name: str, text: str) -> None:
        """The line names the variable, for nobody sees it in the command."""
        line = self.refused(here("serve", **{name: text}))
        assert line.startswith(f"mockbatch: {name}: ")

    def test_bad_variable_concerns_serve_alone(self, here: Here) -> None:
        """Other commands do not read it."""
        assert here("--version", MOCKBATCH_PORT="x").returncode == 0
        assert "MOCKBATCH_PORT" in here("serve", "--help", MOCKBATCH_PORT="x").stdout

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("{broken", ""),
            ("[]", "an object"),
            ('{"name": "x"}', "summary"),
            ('{"name": "x", "summary": "-", "sees": "-", "stages": {"lunch": 1}}', "lunch"),
            ('{"name": "x", "summary": "-", "sees": "-", "executed": 2}', "executed"),
        ],
    )
    def test_bad_scenario_file(self, here: Here, tmp_path: Path, text: str, told: str) -> None:
        """The line names the file and what is wrong in it."""
        (tmp_path / "own.json").write_text(text)
        line = self.refused(here("serve", "--scenario", tmp_path / "own.json"))
        assert "own.json" in line
        assert told in line

    def test_no_command(self, here: Here) -> None:
        """`mockbatch` alone says what there is."""
        assert "COMMAND" in self.refused(here())

    def test_unknown_command(self, here: Here) -> None:
        """The line names those that there are."""
        assert "serve" in self.refused(here("srve"))


class TestOptions:
    """What options and their variables do."""

    def test_variables_do_the_same(self, serve: Serve, tmp_path: Path) -> None:
        """Each option has one."""
        served = serve(
            MOCKBATCH_CLOCK="manual",
            MOCKBATCH_START_TIME="2024-04-23T17:53:20Z",
            MOCKBATCH_API_KEY="sk-first-of-two, sk-second",
            MOCKBATCH_SCENARIO="expired_empty",
            MOCKBATCH_READY_FILE=str(tmp_path / "ready"),
        )
        assert served.stdout[2] == "export OPENAI_API_KEY=sk-first-of-two"
        clock = served.clock()
        assert (clock["now"], clock["mode"]) == (1_713_894_800, "manual")
        with served.client("sk-second") as client:
            assert client.files.list().data == []
        with served.client("sk-third") as client, pytest.raises(openai.AuthenticationError):
            client.files.list()

    def test_flag_wins_over_variable(self, serve: Serve) -> None:
        """Also where it can be repeated, and where the variable makes no sense."""
        served = serve(
            "--clock=x60",
            "--api-key=sk-a",
            "--api-key=sk-b",
            "--worlds=one",
            MOCKBATCH_CLOCK="manual",
            MOCKBATCH_API_KEY="sk-from-the-environment",
            MOCKBATCH_WORLDS="nonsense",
        )
        assert served.stdout[2] == "export OPENAI_API_KEY=sk-a"
        assert served.clock()["mode"] == "x60"
        with served.client("sk-b") as client:
            client.files.create(file=b"", purpose="user_data")
        with served.client("sk-a") as client:
            assert len(client.files.list().data) == 1

    @pytest.mark.parametrize("how", ["flag", "variable"])
    def test_control_api_has_the_names_that_it_is_given(self, serve: Serve, how: str) -> None:
        """`--allow-host`, however the name is written, once and again."""
        names = ["Mock.team.svc", "mock.team.svc.cluster.local"]
        flags = [f"--allow-host={name}" for name in names]
        variables = {"MOCKBATCH_ALLOW_HOST": ",".join(names)}
        served = serve(*flags) if how == "flag" else serve(**variables)
        for name in names:
            headers = {"Host": f"{name}:8787"}
            request = urllib.request.Request(f"{served.url}/_mock/health", headers=headers)
            with urllib.request.urlopen(request) as answer:
                assert json.load(answer)["status"] == "ok"

    def test_batch_ends_in_about_two_seconds(self, serve: Serve) -> None:
        """At the default pace, on the real clock."""
        with serve().client() as client:
            began = time.monotonic()
            batch = submit(client)
            while batch.status != "completed":
                assert time.monotonic() - began < SECONDS
                time.sleep(0.05)
                batch = client.batches.retrieve(batch.id)
            assert 1 < time.monotonic() - began < SECONDS
            assert batch.completed_at - batch.created_at == 2

    def test_pace_1_is_the_recorded_pace(self, serve: Serve) -> None:
        """Two minutes of real time, or one request on a clock that stands still."""
        with serve("--pace", "1", "--clock", "on-poll").client() as client:
            batch = submit(client)
            assert client.batches.retrieve(batch.id).in_progress_at == batch.created_at + 62

    def test_seed_decides_the_ids(self, serve: Serve) -> None:
        """Two servers with the same seed that get the same requests."""
        ids = []
        for seed in ("a", "a", "b"):
            with serve("--seed", seed).client() as client:
                ids.append(client.files.create(file=b"", purpose="user_data").id)
        assert ids[0] == ids[1] != ids[2]

    def test_limits_can_be_moved(self, serve: Serve) -> None:
        """`--limit`, or several in the variable: one line more fails the batch."""
        for options, variables in (
            (("--limit", "lines=1", "--limit", "file_bytes=2000"), {}),
            ((), {"MOCKBATCH_LIMIT": "lines=1, file_bytes=2000"}),
        ):
            with serve("--clock=on-poll", *options, **variables).client() as client:
                ends = [client.batches.retrieve(submit(client, count).id) for count in (1, 2)]
                assert [batch.status for batch in ends] == ["in_progress", "failed"]
                assert ends[1].errors.data[0].code == "too_many_tasks"
                with pytest.raises(openai.APIStatusError, match="2000"):
                    client.files.create(file=b"x" * 2001, purpose="user_data")

    def test_scenario_can_be_a_file(self, serve: Serve, tmp_path: Path) -> None:
        """In the form of the shipped ones."""
        own = {"name": "own", "summary": "-", "sees": "-", "stages": {"validating": 7}}
        (tmp_path / "own.json").write_text(json.dumps(own))
        served = serve("--pace=1", "--clock=on-poll", "--scenario", tmp_path / "own.json")
        with served.client() as client:
            batch = submit(client)
            assert client.batches.retrieve(batch.id).in_progress_at == batch.created_at + 7

    def test_each_world_begins_with_what_is_loaded(self, serve: Serve) -> None:
        """`--load`: whoever asks first."""
        served = serve("--load", ROOT / "fixtures" / "worlds" / "portkey-page.json")
        for key in ("sk-one", "sk-two"):
            with served.client(key) as client:
                assert client.batches.retrieve("batch_abc123").status == "completed"

    def test_gateway_demands_its_header_on_every_call(self, serve: Serve) -> None:
        """`--gateway`: a client that works here works behind Portkey."""
        with serve("--gateway").client() as client:
            with pytest.raises(openai.BadRequestError):
                client.files.list()
            assert client.files.list(extra_headers={"x-portkey-provider": "openai"}).data == []

    def test_tls_comes_with_its_authority(self, serve: Serve) -> None:
        """`--tls`: https, and the file that makes clients trust it."""
        pytest.importorskip("trustme")
        served = serve("--tls")
        served.stdout += [served.process.stdout.readline().rstrip("\n") for _ in range(3)]
        files = dict(line.removeprefix("export ").split("=") for line in served.stdout[3:])
        assert list(files) == ["CURL_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"]
        trusting = ssl.create_default_context(cafile=files["CURL_CA_BUNDLE"])
        with urllib.request.urlopen(f"{served.url}/_mock/health", context=trusting) as answer:
            assert answer.status == 200

    @pytest.mark.parametrize(
        "path", sorted(Path(mockbatch.__file__).parent.glob("scenarios/*.json"))
    )
    def test_shipped_scenarios_are_such_files(self, path: Path) -> None:
        """A copy of one is where an own one begins."""
        from mockbatch.scenarios import from_option

        assert from_option(str(path)).name == path.stem == from_option(path.stem).name


class TestLog:
    """One line a request, on stderr."""

    def test_line_has_simulated_time(self, serve: Serve) -> None:
        """Then method, path and status."""
        served = serve("--start-time=1713894800", "--clock=manual")
        with served.client() as client:
            client.files.list()
        served.logged("2024-04-23 17:53:20Z GET /v1/files 200")

    def test_line_without_a_world_has_no_time(self, serve: Serve) -> None:
        """Nobody's clock."""
        served = serve()
        with urllib.request.urlopen(f"{served.url}/_mock/health"):
            served.logged("- GET /_mock/health 200")

    def test_json_line_can_be_read_by_programs(self, serve: Serve) -> None:
        """The same fields, by name."""
        served = serve("--log-format=json", "--start-time=1713894800", "--clock=manual")
        with served.client() as client, pytest.raises(openai.NotFoundError):
            client.files.retrieve("file-1")
        line = json.loads(served.logged(r"\{.*\}")[0])
        assert (line["method"], line["path"], line["status"]) == ("GET", "/v1/files/file-1", 404)
        assert line["now"] == 1_713_894_800

    @pytest.mark.parametrize("form", ["text", "json"])
    def test_path_with_line_ends_is_one_line(self, serve: Serve, form: str) -> None:
        """Nobody can write lines of their own into the log."""
        served = serve("--log-format", form)
        with pytest.raises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(f"{served.url}/v1/%0D%0AGET%20forged")
        raised.value.close()
        served.logged(".*forged.*404.*")
        served.stopped()
        assert len(served.stderr) == 1


class TestValidate:
    """`mockbatch validate`."""

    @pytest.mark.parametrize("path", sorted(REQUESTS.glob("*.jsonl")), ids=lambda path: path.stem)
    def test_good_file_would_run(self, here: Here, path: Path) -> None:
        """Status 0, and what would run."""
        lines = path.read_text().strip().split("\n")
        endpoint = json.loads(lines[0])["url"]
        done = here("validate", path, "--endpoint", endpoint)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith(f"The batch would run: {len(lines)} requests to ")

    def test_bad_file_would_fail(self, here: Here) -> None:
        """Status 1, each fault with its line, as a compiler tells it."""
        path = INVALID / "many_faults.jsonl"
        expected = json.loads((INVALID / "many_faults.errors.json").read_text())["errors"]
        done = here("validate", path, "--endpoint", CHAT)
        assert (done.returncode, done.stderr) == (1, "")
        *faults, last = done.stdout.splitlines()
        assert [fault.partition(": ")[0] for fault in faults] == [
            f"{path}:{error['line']}" for error in expected
        ]
        assert [fault.split(": ")[1] for fault in faults] == [error["code"] for error in expected]
        assert last == f"The batch would fail: {len(expected)} errors in {path}."

    def test_refused_upload(self, here: Here) -> None:
        """Status 1, with the message of the refusal."""
        path = INVALID / "upload_not_json.jsonl"
        done = here("validate", path, "--endpoint", CHAT)
        assert (done.returncode, done.stderr) == (1, "")
        assert "upload would be refused: Invalid file format for Batch API" in done.stdout

    def test_line_that_its_endpoint_would_refuse(self, here: Here, tmp_path: Path) -> None:
        """The batch runs, the line fails: told, but status 0."""
        line = json.loads((REQUESTS / "chat_completions.jsonl").read_text().splitlines()[0])
        line["body"]["temperature"] = 5
        (tmp_path / "in.jsonl").write_text(json.dumps(line))
        done = here("validate", tmp_path / "in.jsonl", "--endpoint", CHAT)
        assert done.returncode == 0
        assert f"{tmp_path / 'in.jsonl'}:1: would fail when it runs: " in done.stdout
        assert "temperature" in done.stdout

    def test_console_need_not_have_every_letter(self, tmp_path: Path) -> None:
        """What it cannot show is escaped."""
        lines = (REQUESTS / "chat_completions.jsonl").read_text().splitlines()
        line = json.dumps({**json.loads(lines[0]), "custom_id": "日本"}, ensure_ascii=False)
        (tmp_path / "in.jsonl").write_text(f"{line}\n{line}\n", encoding="utf-8")
        arguments = ("validate", tmp_path / "in.jsonl", "--endpoint", CHAT)
        done = command(*arguments, PYTHONIOENCODING="ascii")
        assert (done.returncode, done.stderr) == (1, "")
        assert r"\u65e5\u672c" in done.stdout

    @pytest.mark.parametrize(
        ("arguments", "named"),
        [
            (["missing.jsonl", "--endpoint", CHAT], "missing.jsonl"),
            ([".", "--endpoint", CHAT], "directory"),
            (["missing.jsonl", "--endpoint", "/chat/completions"], "/v1/embeddings"),
            (["missing.jsonl"], "--endpoint"),
            (["--endpoint", CHAT], "file"),
        ],
    )
    def test_bad_call(self, here: Here, arguments: list[str], named: str) -> None:
        """Status 2 and one line that says what is wrong."""
        assert named in TestRefused.refused(here("validate", *arguments))


class TestHelp:
    """`--help`."""

    def test_names_each_variable(self, here: Here) -> None:
        """Each option of `serve` has one, spelt like it."""
        text = here("serve", "--help").stdout
        options = set(re.findall(r"^  (--[a-z-]+)", text, re.MULTILINE))
        variables = {f"MOCKBATCH_{name[2:].replace('-', '_').upper()}" for name in options}
        assert len(options) > 10
        assert set(re.findall(r"MOCKBATCH_[A-Z_]+", text)) == variables

    def test_shows_defaults_but_no_keys(self, here: Here) -> None:
        """Whoever sees the screen does not see the keys in the environment."""
        text = here("serve", "--help", MOCKBATCH_API_KEY="sk-secret", MOCKBATCH_PACE="7").stdout
        assert "(default: 7.0)" in text
        assert "sk-secret" not in text

    def test_lists_the_commands(self, here: Here) -> None:
        """With a line for each."""
        text = here("--help").stdout
        assert "serve" in text
        assert "validate" in text


def submit(client: openai.OpenAI, count: int | None = None) -> Any:
    """Upload an input file, or so many lines of it, and create a batch."""
    lines = (REQUESTS / "chat_completions.jsonl").read_bytes().splitlines(keepends=True)
    file = client.files.create(file=("in.jsonl", b"".join(lines[:count])), purpose="batch")
    return client.batches.create(input_file_id=file.id, endpoint=CHAT, completion_window="24h")  # type: ignore[arg-type]
