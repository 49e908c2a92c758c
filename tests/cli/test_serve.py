"""`mockbatch serve`: start and stop, bad options, and what options do."""

import json
import re
import resource
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import openai
import pytest

import mockbatch
from mockbatch.http_server.server import CLIENT_SECONDS
from tests.cli.conftest import Serve, submit
from tests.support.commands import TIMEOUT_SECONDS, Run, read_error, run_process

ROOT = Path(__file__).parents[2]
REQUESTS = ROOT / "fixtures" / "requests"
CHAT = "/v1/chat/completions"


class TestStart:
    """What it prints when it listens."""

    def test_it_prints_where_it_listens_and_what_to_export(self, serve: Serve) -> None:
        """Four lines on stdout, and nothing else."""
        server = serve()
        assert re.fullmatch(
            r"mockbatch is listening on http://127\.0\.0\.1:[1-9]\d+", server.stdout[0]
        )
        assert server.stdout[1:] == [
            f"export OPENAI_BASE_URL={server.url}/v1",
            "export OPENAI_API_KEY=sk-mockbatch",
        ]
        server.stop()
        page = f"# dashboard: {server.url}/_mock/#key=sk-mockbatch\n"
        assert server.process.stdout.read() == page

    def test_without_a_dashboard_it_names_none(self, serve: Serve) -> None:
        """And browsers get a 404."""
        server = serve("--no-dashboard")
        browser = urllib.request.Request(server.url, headers={"Accept": "text/html"})
        with pytest.raises(urllib.error.HTTPError, match="404") as refused:
            urllib.request.urlopen(browser)
        refused.value.close()
        server.stop()
        assert server.process.stdout.read() == ""

    def test_a_shell_can_run_the_export_lines(self, serve: Serve) -> None:
        """They lead a client to the server."""
        server = serve()
        script = "\n".join([*server.stdout[1:], 'echo "$OPENAI_BASE_URL $OPENAI_API_KEY"'])
        done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
        assert done.stdout.split() == [f"{server.url}/v1", "sk-mockbatch"]

    def test_it_prints_nothing_on_stderr(self, serve: Serve) -> None:
        """There is nothing to warn of, and no request to log."""
        server = serve()
        server.stop()
        assert server.stderr == []

    @pytest.mark.skipif(sys.platform != "linux", reason="needs prlimit")
    def test_it_raises_the_limit_of_descriptors(self, serve: Serve) -> None:
        """Otherwise a thousand connections would use up what a shell allows."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
        try:
            server = serve()
            assert resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)[0] > 512
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    def test_ready_file_has_url_and_pid(self, serve: Serve, tmp_path: Path) -> None:
        """It is written when the server listens, and complete once it exists."""
        server = serve("--ready-file", tmp_path / "ready")
        end = time.monotonic() + TIMEOUT_SECONDS
        while not (tmp_path / "ready").exists() and time.monotonic() < end:
            time.sleep(0.01)
        assert json.loads((tmp_path / "ready").read_text()) == {
            "url": server.url,
            "pid": server.process.pid,
            "version": mockbatch.__version__,
        }
        assert [path.name for path in tmp_path.iterdir()] == ["ready"]

    def test_host_off_loopback_prints_a_warning(self, serve: Serve) -> None:
        """The URL that is printed is still one that works on this machine."""
        server = serve("--host", "0.0.0.0")
        server.wait_for_log("mockbatch: warning: 0.0.0.0 can be reached from other machines")
        assert server.url.startswith("http://127.0.0.1:")
        assert server.clock()["mode"] == "realtime"


class TestStop:
    """Stopping it by a signal."""

    @pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
    def test_a_signal_stops_it_soon(self, serve: Serve, by: int) -> None:
        """The status is 0, even with an idle connection and two unfinished requests open."""
        server = serve()
        unfinished = (
            "POST /v1/files HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer sk-1\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 9999\r\n\r\n--b"
        )
        with (
            server.client() as client,
            socket.create_connection(server.address) as upload,
            socket.create_connection(server.address) as silent,
        ):
            client.files.list()
            upload.sendall(unfinished.encode())
            silent.sendall(b"GET ")
            status, seconds = server.stop(by)
        assert status == 0
        assert seconds < CLIENT_SECONDS / 2  # which a client has for its request
        assert not [line for line in server.stderr if "Traceback" in line]

    @pytest.mark.slow
    def test_port_is_free_again(self, serve: Serve) -> None:
        """A restart on the same port works at once."""
        server = serve()
        with server.client() as client:
            client.files.list()
            server.stop()
        assert serve("--port", server.address[1]).url == server.url


class TestErrors:
    """Bad options, files and addresses: one line on stderr, status 2."""

    def test_taken_port(self) -> None:
        """The line names it."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            line = read_error(run_process("serve", "--port", port))
        assert line.startswith(f"mockbatch: cannot listen on 127.0.0.1:{port}: ")
        assert line.endswith("; choose another --port, or --port 0 for a free one")

    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            (["--load", "missing.json"], "missing.json"),
            (["--host", "203.0.113.1"], "203.0.113.1"),  # reserved for documentation
        ],
    )
    def test_what_cannot_be_server(self, arguments: list[str], expected: str) -> None:
        """The line names it."""
        assert expected in read_error(run_process("serve", "--port", 0, *arguments))

    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            (["--port", "http"], "--port"),
            (["--port", "65536"], "--port"),
            (["--port", "-1"], "--port"),
            (["--pace", "0"], "--pace"),
            (["--pace", "nan"], "--pace"),
            (["--pace", "fast"], "--pace"),
            (["--clock", "fast"], "invalid clock mode 'fast'"),
            (["--clock", "x0"], "'x0'"),
            (["--start-time", "soon"], "'soon'"),
            (["--start-time", "-5"], "1970"),
            (["--scenario", "hapy"], "Did you mean: happy"),
            (["--scenario", "missing.json"], "missing.json"),
            (["--worlds", "two"], "--worlds"),
            (["--log-format", "xml"], "--log-format"),
            (["--limit", "rows=5"], "use one of lines, embedding_inputs"),
            (["--limit", "lines"], "--limit"),
            (["--limit", "lines=0"], "'0' is not a value for lines: use a number from 1 up"),
            (["--limit", "lines=1e9"], "'1e9' is not a value for lines: use a number from 1 up"),
            (["--nonsense"], "--nonsense"),
            (["extra"], "extra"),
        ],
    )
    def test_bad_option(self, run: Run, arguments: list[str], expected: str) -> None:
        """The line names the option, or the right values."""
        assert expected in read_error(run("serve", *arguments))

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
    def test_bad_variable(self, run: Run, name: str, text: str) -> None:
        """The line names the variable, which the command does not show."""
        assert f"(env var: '{name}')" in read_error(run("serve", **{name: text}))

    def test_error_in_a_flag_does_not_name_the_variable(self, run: Run) -> None:
        """The value did not come from there."""
        line = read_error(run("serve", "--port", "http", MOCKBATCH_PORT="1"))
        assert "'--port'" in line
        assert "MOCKBATCH_PORT" not in line

    def test_bad_variable_does_not_affect_other_commands(self, run: Run) -> None:
        """They do not read it, and neither does --help."""
        assert run("--version", MOCKBATCH_PORT="x").returncode == 0
        assert "MOCKBATCH_PORT" in run("serve", "--help", MOCKBATCH_PORT="x").stdout

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("{broken", ""),
            ("[]", "an object"),
            ('{"name": "x"}', "summary"),
            ('{"name": "x", "summary": "-", "sees": "-", "stages": {"lunch": 1}}', "lunch"),
            ('{"name": "x", "summary": "-", "sees": "-", "executed": 2}', "executed"),
        ],
    )
    def test_bad_scenario_file(self, run: Run, tmp_path: Path, text: str, expected: str) -> None:
        """The line names the file and what is wrong in it."""
        (tmp_path / "own.json").write_text(text)
        line = read_error(run("serve", "--scenario", tmp_path / "own.json"))
        assert "own.json" in line
        assert expected in line


class TestOptions:
    """What options and their environment variables do."""

    def test_variables_set_options(self, serve: Serve, tmp_path: Path) -> None:
        """Several values of a repeatable option are separated by commas."""
        server = serve(
            MOCKBATCH_CLOCK="manual",
            MOCKBATCH_START_TIME="2024-04-23T17:53:20Z",
            MOCKBATCH_API_KEY="sk-first-of-two, sk-second",
            MOCKBATCH_SCENARIO="expired_empty",
            MOCKBATCH_READY_FILE=str(tmp_path / "ready"),
        )
        assert server.stdout[2] == "export OPENAI_API_KEY=sk-first-of-two"
        clock = server.clock()
        assert (clock["now"], clock["mode"]) == (1_713_894_800, "manual")
        with server.client("sk-second") as client:
            assert client.files.list().data == []
        with server.client("sk-third") as client, pytest.raises(openai.AuthenticationError):
            client.files.list()

    def test_flag_wins_over_variable(self, serve: Serve) -> None:
        """It replaces the values of a repeatable option, and a bad value is not even read."""
        server = serve(
            "--clock=x60",
            "--api-key=sk-a",
            "--api-key=sk-b",
            "--worlds=one",
            MOCKBATCH_CLOCK="manual",
            MOCKBATCH_API_KEY="sk-from-the-environment",
            MOCKBATCH_WORLDS="nonsense",
        )
        assert server.stdout[2] == "export OPENAI_API_KEY=sk-a"
        assert server.clock()["mode"] == "x60"
        with server.client("sk-b") as client:
            client.files.create(file=b"", purpose="user_data")
        with server.client("sk-a") as client:
            assert len(client.files.list().data) == 1

    @pytest.mark.parametrize("source", ["flag", "variable"])
    def test_allow_host_adds_host_names(self, serve: Serve, source: str) -> None:
        """`--allow-host` is repeatable, and ignores case."""
        names = ["Mock.team.svc", "mock.team.svc.cluster.local"]
        flags = [f"--allow-host={name}" for name in names]
        variables = {"MOCKBATCH_ALLOW_HOST": ",".join(names)}
        server = serve(*flags) if source == "flag" else serve(**variables)
        for name in names:
            headers = {"Host": f"{name}:8787"}
            request = urllib.request.Request(f"{server.url}/_mock/health", headers=headers)
            with urllib.request.urlopen(request) as response:
                assert json.load(response)["status"] == "ok"

    def test_allow_origin_adds_origins(self, serve: Serve) -> None:
        """`--allow-origin` ignores case and a slash at the end."""
        server = serve("--allow-origin=https://App.example.com/", "--allow-origin=null")
        for origin in ("https://app.example.com", "null"):
            headers = {"Origin": origin}
            request = urllib.request.Request(f"{server.url}/_mock/health", headers=headers)
            with urllib.request.urlopen(request) as response:
                assert response.headers["access-control-allow-origin"] == origin

    @pytest.mark.parametrize("origin", ["app.example.com", "https://a/b", "https://", "*"])
    def test_allow_origin_rejects_what_no_page_has(self, run: Run, origin: str) -> None:
        """An origin has a scheme and a host."""
        assert "is not an origin" in read_error(run("serve", f"--allow-origin={origin}"))

    @pytest.mark.slow
    def test_batch_completes_in_about_two_seconds(self, serve: Serve) -> None:
        """At the default pace and on the real-time clock."""
        with serve().client() as client:
            began = time.monotonic()
            batch = submit(client)
            while batch.status != "completed":
                assert time.monotonic() - began < TIMEOUT_SECONDS
                time.sleep(0.05)
                batch = client.batches.retrieve(batch.id)
            assert 1 < time.monotonic() - began < TIMEOUT_SECONDS
            assert batch.completed_at - batch.created_at == 2

    def test_pace_1_is_the_recorded_pace(self, serve: Serve) -> None:
        """A batch is validated for 62 seconds of simulated time."""
        with serve("--pace", "1", "--clock", "on-poll").client() as client:
            batch = submit(client)
            assert client.batches.retrieve(batch.id).in_progress_at == batch.created_at + 62

    @pytest.mark.slow
    def test_seed_decides_the_ids(self, serve: Serve) -> None:
        """Two servers with the same seed give the same requests the same ids."""
        ids = []
        for seed in ("a", "a", "b"):
            with serve("--seed", seed).client() as client:
                ids.append(client.files.create(file=b"", purpose="user_data").id)
        assert ids[0] == ids[1] != ids[2]

    @pytest.mark.slow
    def test_limits_can_be_changed(self, serve: Serve) -> None:
        """One line more than `--limit` allows fails the batch."""
        for options, variables in (
            (("--limit", "lines=1", "--limit", "file_bytes=2000"), {}),
            ((), {"MOCKBATCH_LIMIT": "lines=1, file_bytes=2000"}),
        ):
            with serve("--clock=on-poll", *options, **variables).client() as client:
                batches = [client.batches.retrieve(submit(client, count).id) for count in (1, 2)]
                assert [batch.status for batch in batches] == ["in_progress", "failed"]
                assert batches[1].errors.data[0].code == "too_many_tasks"
                with pytest.raises(openai.BadRequestError, match="File is too large"):
                    client.files.create(file=b"x" * 2001, purpose="user_data")

    def test_scenario_can_be_a_file(self, serve: Serve, tmp_path: Path) -> None:
        """It has the format of those in mockbatch/scenarios/catalogue/."""
        own = {"name": "own", "summary": "-", "sees": "-", "stages": {"validating": 7}}
        (tmp_path / "own.json").write_text(json.dumps(own))
        server = serve("--pace=1", "--clock=on-poll", "--scenario", tmp_path / "own.json")
        with server.client() as client:
            batch = submit(client)
            assert client.batches.retrieve(batch.id).in_progress_at == batch.created_at + 7

    def test_each_world_starts_with_the_loaded_state(self, serve: Serve) -> None:
        """`--load` applies to every key."""
        server = serve("--load", ROOT / "fixtures" / "worlds" / "portkey-page.json")
        for key in ("sk-one", "sk-two"):
            with server.client(key) as client:
                assert client.batches.retrieve("batch_abc123").status == "completed"

    def test_gateway_requires_its_header_on_every_request(self, serve: Serve) -> None:
        """So a client that works with `--gateway` works behind Portkey."""
        with serve("--gateway").client() as client:
            with pytest.raises(openai.BadRequestError):
                client.files.list()
            assert client.files.list(extra_headers={"x-portkey-provider": "openai"}).data == []

    def test_tls_exports_its_ca_file(self, serve: Serve) -> None:
        """It is the file that makes clients trust the certificate."""
        pytest.importorskip("trustme")
        server = serve("--tls")
        server.read_lines(3)
        files = dict(line.removeprefix("export ").split("=") for line in server.stdout[3:])
        assert list(files) == ["CURL_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"]
        trusting = ssl.create_default_context(cafile=files["CURL_CA_BUNDLE"])
        with urllib.request.urlopen(f"{server.url}/_mock/health", context=trusting) as response:
            assert response.status == 200

    @pytest.mark.parametrize(
        "path", sorted(Path(mockbatch.__file__).parent.glob("scenarios/catalogue/*.json"))
    )
    def test_scenarios_of_the_catalogue_are_such_files(self, path: Path) -> None:
        """A user may copy one and change it."""
        from mockbatch.scenarios import from_option

        assert from_option(str(path)).name == path.stem == from_option(path.stem).name
