"""MockBatch, and its options, its environment and its reprs."""

import asyncio
import os
import time
from typing import Any

import openai
import pytest

import mockbatch.testing.servers
from mockbatch import ControlError, MockBatch, WorldClient
from mockbatch.testing import MockBatchUnusedWarning


class TestMockBatch:
    """The context manager, for everything that is not pytest."""

    def test_is_a_server_with_a_world(self) -> None:
        """Address, key and client are there at once."""
        with MockBatch(scenario="instant") as mock:
            assert mock.client.batches.list().data == []
            assert mock.base_url.startswith("http://127.0.0.1:")
            assert mock.clock.mode == "manual"

    def test_makes_further_worlds(self) -> None:
        """On the same server."""
        with MockBatch() as mock, mock.world(start_time=5) as other:
            assert other.base_url == mock.base_url
            assert other.clock.now == 5 != mock.clock.now

    def test_warns_of_a_reply_that_never_applied(self) -> None:
        """At the end of the block, as the pytest plugin does at the end of a test."""

        def use(mock: MockBatch) -> None:
            with mock:
                mock.reply("q-1", "never asked for")
                mock.client.batches.list()

        with pytest.warns(MockBatchUnusedWarning, match="q-1"):
            use(MockBatch())

    def test_of_a_failed_block_warns_of_nothing(self) -> None:
        """The exception says enough."""

        def use(mock: MockBatch) -> None:
            with mock:
                mock.reply("q-1", "never asked for")
                mock.client.batches.retrieve("batch_none")

        with pytest.raises(openai.NotFoundError):
            use(MockBatch())

    def test_is_closed_even_if_it_cannot_say_what_is_unused(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The server stops, and the error is raised."""
        closed: list[MockBatch] = []
        mock = MockBatch()
        with monkeypatch.context() as patch:
            patch.setattr(mock, "call", lambda *_: None)
            patch.setattr(mock, "close", lambda: closed.append(mock))
            with pytest.raises(TypeError):
                mock.__exit__(None, None, None)
        mock.close()
        assert closed == [mock]

    def test_is_gone_afterwards(self) -> None:
        """Nobody listens any more."""
        with MockBatch() as mock:
            pass
        client = openai.OpenAI(base_url=mock.base_url, api_key="x", max_retries=0)
        with client, pytest.raises(openai.APIConnectionError):
            client.batches.list()

    @pytest.mark.parametrize(
        ("options", "error"), [({"scenaro": "x"}, TypeError), ({"pace": 0}, mockbatch.ControlError)]
    )
    def test_bad_option_leaves_no_server(
        self, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], error: type[Exception]
    ) -> None:
        """What cannot begin ends at once."""
        closed: list[Any] = []
        close = mockbatch.testing.servers.LocalServer.close
        monkeypatch.setattr(
            mockbatch.testing.servers.LocalServer,
            "close",
            lambda server: closed.append(close(server)),
        )
        with pytest.raises(error):
            MockBatch(**options)
        assert closed

    def test_two_servers_never_meet(self) -> None:
        """The same key, other worlds."""
        with MockBatch() as one, MockBatch() as two:
            one.client.files.create(file=("a", b""), purpose="user_data")
            assert one.api_key == two.api_key
            assert two.client.files.list().data == []

    def test_option_that_does_not_exist_is_found_by_type_checkers(self) -> None:
        """Without the comment, mypy reports the call; with it, one that it accepts."""
        with pytest.raises(TypeError, match=r"unknown option scenaro\. Did you mean: scenario"):
            MockBatch(scenaro="happy")  # type: ignore[call-arg]

    def test_takes_the_parameters_of_its_scenario(self) -> None:
        """In `params`, where type checkers know of them, or as options."""
        inline: dict[str, Any] = {"fraction": 2}
        for options in (inline, {"params": inline}):
            with pytest.raises(ControlError, match="fraction"):
                MockBatch(scenario="expired_partial", **options)


class TestEnvironment:
    """`env=True`."""

    NAMES = ("OPENAI_BASE_URL", "OPENAI_API_KEY", "OPENAI_ORG_ID", "NO_PROXY")

    @pytest.mark.parametrize("before", [None, "as-it-was"])
    def test_points_to_the_world_and_is_put_back(
        self, monkeypatch: pytest.MonkeyPatch, before: str | None
    ) -> None:
        """Code that builds its own client needs no change; afterwards all is as it was."""
        for name in self.NAMES:
            if before is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, before)
        with MockBatch(env=True) as mock:
            with openai.OpenAI() as client:
                assert client.files.list().data == []
            mock.assert_requested("GET", "/v1/files", count=1)
            assert "OPENAI_ORG_ID" not in os.environ
        assert {os.environ.get(name) for name in self.NAMES} == {before}

    def test_is_left_alone_by_default(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nothing is set that was not requested."""
        monkeypatch.setenv("OPENAI_API_KEY", "as-it-was")
        with MockBatch():
            assert os.environ["OPENAI_API_KEY"] == "as-it-was"

    def test_is_put_back_after_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whatever ends the block."""
        monkeypatch.setenv("OPENAI_API_KEY", "as-it-was")
        with pytest.raises(ZeroDivisionError), MockBatch(env=True):
            _ = 1 / 0
        assert os.environ["OPENAI_API_KEY"] == "as-it-was"


class TestSkipSleep:
    """`skip_sleep=True`."""

    def test_moves_the_clock(self) -> None:
        """A sleep of an hour takes no time; after the block it would."""
        real = time.sleep
        with MockBatch(skip_sleep=True, start_time=1000) as mock:
            time.sleep(3600)
            assert mock.clock.now == 4600
        assert time.sleep is real


class TestDecorator:
    """A decorated function runs within a server of its own."""

    def test_gives_each_call_a_fresh_world(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Its result, name and arguments are those of the function."""
        monkeypatch.setenv("OPENAI_BASE_URL", "as-it-was")

        @MockBatch(env=True, skip_sleep=True)
        def upload(name: str) -> int:
            time.sleep(3600)
            with openai.OpenAI() as client:
                client.files.create(file=(name, b""), purpose="user_data")
                return len(client.files.list().data)

        assert os.environ["OPENAI_BASE_URL"] == "as-it-was"
        assert (upload("a"), upload("b"), upload.__name__) == (1, 1, "upload")
        assert os.environ["OPENAI_BASE_URL"] == "as-it-was"

    def test_awaits_a_coroutine_function(self) -> None:
        """The world is there until the end of the coroutine."""

        @MockBatch(env=True)
        async def count() -> int:
            async with openai.AsyncOpenAI() as client:
                return len((await client.files.list()).data)

        assert asyncio.run(count()) == 0

    def test_bad_option_is_found_where_it_is_written(self) -> None:
        """Not at the first call."""
        with pytest.raises(ControlError, match="Did you mean: happy"):
            MockBatch(scenario="hapy")(print)

    def test_decorator_is_no_world_itself(self) -> None:
        """It has no server once it has decorated a function."""
        decorator = MockBatch()
        decorator(print)
        with pytest.raises(ControlError, match="it is closed"), decorator:
            pass


class TestRepr:
    """What a debugger or a failed test shows."""

    def test_says_what_a_thing_is(self) -> None:
        """Address, test and state of a world; time and mode of a clock."""
        with MockBatch(start_time=0) as mock:
            url = mock.base_url.removesuffix("/v1")
            world: WorldClient = mock.world("a test")
            assert repr(mock) == f"<MockBatch at {url}/v1>"
            assert repr(world) == f"<WorldClient at {url}/v1 of a test>"
            assert repr(mock._server) == f"<LocalServer at {url}>"
            assert repr(mock.clock) == "<Clock at 1970-01-01 00:00:00Z, manual>"
        assert repr(mock) == f"<MockBatch at {url}/v1, closed>"
        assert repr(mock.clock) == "<Clock of a closed world>"


def test_a_second_world_of_a_name_closes_the_first() -> None:
    """They would share a key, and the end of one would be that of the other."""
    with MockBatch() as mock:
        first, second = mock.world("same"), mock.world("same")
        assert (first.closed, second.closed) == (True, False)
        second.reset()
        with pytest.raises(ControlError, match="This world is gone"):
            first.reset()


class TestProviderClients:
    """Clients of other providers than OpenAI."""

    def test_azure_reaches_the_same_world(self) -> None:
        """It is the same client each time."""
        with MockBatch() as mock:
            mock.client.files.list()
            assert mock.azure is mock.azure
            assert mock.azure.batches.list().data == []
            mock.assert_requested("GET", "/openai/batches", count=1)

    def test_client_of_a_closed_world_is_refused(self) -> None:
        """As OpenAI's is."""
        with MockBatch() as mock:
            azure = mock.azure
        with pytest.raises(openai.AuthenticationError, match="This world is gone"):
            azure.batches.list()
        with pytest.raises(ControlError, match="This world is gone"):
            _ = mock.azure

    def test_environment_points_all_clients_to_the_world(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Those of Azure and of the module `openai`, which would else not know which is meant."""
        monkeypatch.setattr(openai, "api_type", None)
        monkeypatch.setattr(openai, "_client", None)
        with MockBatch(env=True) as mock:
            with openai.AzureOpenAI(api_version="2024-10-21") as azure:
                assert str(azure.base_url) == f"{mock.url}/openai/"
                assert azure.api_key == mock.api_key
            assert openai.api_type == "openai"
            assert os.environ["AZURE_OPENAI_ENDPOINT"] == mock.url
            assert os.environ["GROQ_BASE_URL"] == mock.url
        assert openai.api_type is None
        assert "AZURE_OPENAI_ENDPOINT" not in os.environ

    def test_choice_of_the_user_stays(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A program that is for Azure remains for Azure."""
        monkeypatch.setenv("OPENAI_API_TYPE", "azure")
        monkeypatch.setattr(openai, "api_type", "azure")
        with MockBatch(env=True):
            assert os.environ["OPENAI_API_TYPE"] == openai.api_type == "azure"
