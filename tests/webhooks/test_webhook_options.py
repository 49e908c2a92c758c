"""Webhooks from the command line, in pytest, and in the report of a failed test."""

import os
from pathlib import Path
from typing import Any

import openai
import pytest

from mockbatch import cli
from mockbatch.client import WorldClient, http_transport
from mockbatch.ids import Seed
from mockbatch.testing.failure_report import render as report_of
from mockbatch.testing.servers import RemoteServer
from mockbatch.webhooks import signature
from tests.support.receivers import answers, hangs, receiving
from tests.support.serving import serving
from tests.support.slow_tests import mark_slow_except_each
from tests.support.webhook_recorder import WebhookRecorder, submit, wait_until

SECRET = signature.new_secret(Seed.of("a secret of one's own"))


def create_and_deliver(url: str, key: str, **metadata: str) -> str:
    """Create a batch in the world of a key on a server of its own process."""
    mock = WorldClient(url, key, http_transport(url))
    with mock.client:
        return str(submit(mock, **metadata).id)


class TestServe:
    """`mockbatch serve --webhook-url`."""

    @pytest.mark.parametrize(
        "secret", mark_slow_except_each(2, [SECRET, None]), ids=["given", "made"]
    )
    def test_every_world_sends_there(self, tmp_path: Path, secret: str | None) -> None:
        """Signed with the secret that it exports, by itself, whatever the key."""
        with receiving(answers(200)) as receiver:
            options = ["--webhook-url", receiver.url, "--clock", "x600"]
            options += ["--webhook-secret", secret] if secret else []
            with serving(tmp_path, *options) as served:
                line = served.process.stdout.readline().strip()
                batches = [create_and_deliver(served.url, key) for key in ("sk-one", "sk-two")]
                wait_until(lambda: len(receiver.requests) == 2)
                assert served.stop() == 0
            name, _, exported = line.removeprefix("export ").partition("=")
            assert (name, exported) == ("OPENAI_WEBHOOK_SECRET", secret or exported)
            recorder = []
            for request in receiver.requests:
                head, _, body = request.partition(b"\r\n\r\n")
                headers = dict(one.split(": ", 1) for one in head.decode().split("\r\n")[1:])
                client = openai.OpenAI(api_key="sk-x", webhook_secret=exported)
                recorder.append(client.webhooks.unwrap(body, headers).data.id)
            assert sorted(recorder) == sorted(batches)

    @pytest.mark.slow
    def test_the_log_has_requests_of_clients_only(self, tmp_path: Path) -> None:
        """The server's internal request when a timer fires is not logged as one of a client."""
        with (
            receiving(answers(200)) as receiver,
            serving(tmp_path, "--webhook-url", receiver.url) as served,
        ):
            create_and_deliver(served.url, "sk-one", scenario="instant")
            wait_until(lambda: receiver.requests)
            assert served.stop() == 0
            assert "/v1/batches" in served.logged()
            assert "alarm" not in served.logged()

    @pytest.mark.slow
    def test_a_hanging_receiver_does_not_keep_it_from_stopping(self, tmp_path: Path) -> None:
        """A signal ends it at once."""
        with (
            receiving(hangs) as receiver,
            serving(tmp_path, "--webhook-url", receiver.url) as served,
        ):
            create_and_deliver(served.url, "sk-one", scenario="instant")
            wait_until(lambda: receiver.requests)
            assert served.stop() == 0

    @pytest.mark.parametrize("options", [(), ("--webhook-allow-host", "10.1.2.3")])
    def test_only_allowed_hosts_are_called(self, tmp_path: Path, options: tuple[str, ...]) -> None:
        """An endpoint outside this machine can be created if the server's options allow it."""
        with serving(tmp_path, *options) as served, RemoteServer(served.url).world() as mock:
            endpoint = {"url": "http://10.1.2.3/", "name": "far", "event_types": ["batch.failed"]}
            if options:
                assert mock.client.webhooks.create(**endpoint).url == endpoint["url"]
            else:
                with pytest.raises(openai.BadRequestError, match=r"webhook-allow-host 10\.1\.2\.3"):
                    mock.client.webhooks.create(**endpoint)

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (["--webhook-url", "ftp://127.0.0.1/"], "not an http or https URL"),
            (["--webhook-url", "http://nowhere.invalid/"], "cannot be resolved"),
            (["--webhook-secret", SECRET], "--webhook-secret needs --webhook-url"),
            (["--webhook-url", "http://127.0.0.1/", "--webhook-secret", "whsec_?"], "not base64"),
            (["--webhook-timeout", "0"], "'0' is not a number from 1e-6 to 1e9"),
            (["--webhook-allow-host", "10.1.2.3:80"], "neither the name nor the address"),
            (["--webhook-allow-host", "http://far/"], "neither the name nor the address"),
            (["--webhook-allow-host", "10.0.0.0/8"], "neither the name nor the address"),
        ],
    )
    def test_a_bad_option_is_one_line(
        self, capsys: pytest.CaptureFixture[str], options: list[str], said: str
    ) -> None:
        """On stderr, with exit status 2."""
        status = cli.main(["serve", "--port", "0", *options])
        error = capsys.readouterr().err
        assert (status, error.count("\n")) == (2, 1)
        assert said in error


class TestInPytest:
    """The fixture `mockbatch`."""

    def test_a_client_of_the_environment_can_check(self, mockbatch: WorldClient) -> None:
        """Code under test that builds its own client needs no secret of its own."""
        assert os.environ["OPENAI_WEBHOOK_SECRET"] == mockbatch.webhook_secret
        got: list[Any] = []
        mockbatch.webhook(got.append)
        batch = submit(mockbatch)
        mockbatch.clock.run_until(batch)
        with openai.OpenAI() as client:
            event = client.webhooks.unwrap(got[0].body, got[0].headers)
        assert event.data.id == batch.id

    def test_an_app_without_a_socket_sends_too(self, mockbatch_app: object) -> None:
        """To a receiver that has one."""
        mock: WorldClient = mockbatch_app.mock  # type: ignore[attr-defined]
        recorder = WebhookRecorder(mock)
        mock.webhook(recorder)
        batch = submit(mock)
        mock.clock.run_until(batch)
        assert recorder.ids == [batch.id]

    def test_a_failed_test_shows_what_was_sent(self, mock: WorldClient) -> None:
        """And what came of it."""
        with receiving(answers(503)) as receiver:
            mock.webhook(receiver.url)
            submit(mock)
            submit(mock, scenario="webhook_lost")
            mock.clock.advance(seconds=150)
        lines = report_of(mock, None).splitlines()
        place = lines.index("webhooks, the last 2 of 2:")
        said = f"  2024-04-23 17:55:24Z batch.completed to {receiver.url}: "
        assert lines[place + 1 : place + 3] == [
            said + "pending, 2 attempts, the last -> 503",
            said + "lost, 0 attempts",
        ]


class TestTls:
    """A receiver that speaks https."""

    def test_a_trusted_receiver_is_called(
        self, tmp_path: Path, mock: WorldClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """By its name, which its certificate has to have."""
        from mockbatch.http_server.server import HttpServer
        from mockbatch.http_server.tls import Tls
        from mockbatch.webhooks import sender

        def app(environ: object, start_response: object) -> list[bytes]:
            start_response("200 OK", [("Content-Length", "0")])  # type: ignore[operator]
            return []

        with Tls("localhost") as tls:
            monkeypatch.setenv("SSL_CERT_FILE", str(tls.ca_file))
            sender._tls_context.cache_clear()
            httpd = HttpServer(app, "localhost", 0, tls.adapter)
            httpd.start()
            mock.webhook(f"https://localhost:{httpd.port}/hook")
            submit(mock)
            mock.clock.advance(seconds=130)
            httpd.stop()
        sender._tls_context.cache_clear()
        assert [one.status for one in mock.deliveries] == ["delivered"]
