"""Batches of other providers are shared by several processes, and survive a restart."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from typing import Any, NamedTuple

import anthropic
import groq
import openai
import pytest

from tests.support.processes import Process, process_serving, processes_serving

KEY = "sk-providers"
DAY = 24 * 3600
Advance = Callable[[int], None]


def lines_for(path: str) -> bytes:
    """Return an input file of two requests for chat completions."""
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}
    line = {"method": "POST", "url": path, "body": body}
    return b"".join(json.dumps({**line, "custom_id": id}).encode() + b"\n" for id in "ab")


class Shared(NamedTuple):
    """Two servers on one store, and what moves the clock of their world, by the first one."""

    servers: Sequence[Process]

    def advance(self, seconds: int) -> None:
        """Move the clock."""
        self.servers[0].post(KEY, "/_mock/clock/advance", {"seconds": seconds})


@pytest.fixture
def clients() -> Iterator[Callable[[str, Process], Any]]:
    """Return what makes SDK clients for a provider and a server, without retries."""
    with ExitStack() as stack:

        def make(name: str, server: Process) -> Any:
            url = f"http://127.0.0.1:{server.port}"
            options: Any = {"api_key": KEY, "max_retries": 0}
            match name:
                case "anthropic":
                    client: Any = anthropic.Anthropic(base_url=url, **options)
                case "groq":
                    client = groq.Groq(base_url=f"{url}/groq", **options)
                case _:
                    version = "2024-10-21"
                    client = openai.AzureOpenAI(azure_endpoint=url, api_version=version, **options)
            return stack.enter_context(closing(client))

        yield make


def create_message_batch(client: anthropic.Anthropic) -> str:
    """Return the id of a new Message Batch."""
    message = {"role": "user", "content": "hi"}
    params = {"model": "claude-sonnet-4-5", "max_tokens": 50, "messages": [message]}
    requests: Any = [{"custom_id": id, "params": params} for id in "ab"]
    return client.messages.batches.create(requests=requests).id


def create_batch(client: Any, path: str, advance: Advance) -> str:
    """Return the id of a new batch of two lines, for a client with files."""
    file = client.files.create(file=("in.jsonl", lines_for(path)), purpose="batch")
    advance(60)  # Azure's files are pending at first
    options: Any = {"endpoint": path, "completion_window": "24h"}
    return str(client.batches.create(input_file_id=file.id, **options).id)


PATHS = {"azure": "/chat/completions", "groq": "/v1/chat/completions"}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(PATHS))
def test_a_batch_that_one_process_created_is_downloaded_from_another(
    name: str, state_url: str, clients: Callable[[str, Process], Any]
) -> None:
    """A batch of Azure or Groq takes its course in both, and both have the same output."""
    with processes_serving(2, state_url) as servers:
        shared = Shared(servers)
        here, there = (clients(name, server) for server in servers)
        id = create_batch(here, PATHS[name], shared.advance)
        assert there.batches.retrieve(id).status == "validating"
        shared.advance(DAY // 2)
        ended = [client.batches.retrieve(id) for client in (here, there)]
        assert [batch.status for batch in ended] == ["completed"] * 2
        texts = [one.files.content(ended[0].output_file_id).read() for one in (here, there)]
        assert texts[0] == texts[1]
        assert len(texts[0].splitlines()) == 2


@pytest.mark.slow
def test_a_message_batch_that_one_process_created_is_read_from_another(
    state_url: str, clients: Callable[[str, Process], Any]
) -> None:
    """A batch of Anthropic ends in both, has the same results, and is deleted for both."""
    with processes_serving(2, state_url) as servers:
        here, there = (clients("anthropic", server).messages.batches for server in servers)
        id = create_message_batch(clients("anthropic", servers[0]))
        assert there.retrieve(id).processing_status == "in_progress"
        Shared(servers).advance(DAY // 2)
        assert there.retrieve(id).processing_status == "ended"
        results = [[one.to_dict() for one in batches.results(id)] for batches in (here, there)]
        assert results[0] == results[1]
        assert [one["result"]["type"] for one in results[0]] == ["succeeded"] * 2
        there.delete(id)
        with pytest.raises(anthropic.NotFoundError):
            here.retrieve(id)


@pytest.mark.slow
def test_batches_of_all_providers_survive_a_restart(
    state_url: str, clients: Callable[[str, Process], Any]
) -> None:
    """After all servers were killed, the state, the objects and the results are as before."""

    def read_all(server: Process, ids: dict[str, str]) -> list[Any]:
        """Return what the clients of all providers see of their batches."""
        messages = clients("anthropic", server).messages.batches
        azure, of_groq = clients("azure", server), clients("groq", server)
        state = server.get(KEY, "/_mock/state")
        del state["journal"], state["numbers"]["request"]  # these calls are counted, too
        ended, cancelling = (
            {**messages.retrieve(ids[name]).to_dict(), "results_url": "has the port"}
            for name in ("anthropic", "cancelling")
        )
        return [
            state,
            ended,
            cancelling,
            [one.to_dict() for one in messages.results(ids["anthropic"])],
            azure.batches.retrieve(ids["azure"]).to_dict(),
            azure.files.retrieve(ids["pending"]).to_dict(),
            of_groq.batches.retrieve(ids["groq"]).to_dict(),
            of_groq.batches.retrieve(ids["running"]).to_dict(),
        ]

    with processes_serving(2, state_url) as servers:
        advance = Shared(servers).advance
        messages = clients("anthropic", servers[0])
        ids = {"anthropic": create_message_batch(messages)}
        for number, name in enumerate(PATHS):
            ids[name] = create_batch(clients(name, servers[number]), PATHS[name], advance)
        advance(DAY // 2)
        ids["cancelling"] = create_message_batch(messages)
        messages.messages.batches.cancel(ids["cancelling"])
        ids["running"] = create_batch(clients("groq", servers[1]), PATHS["groq"], lambda _: None)
        pending = ("pending.jsonl", lines_for(PATHS["azure"]))
        azure = clients("azure", servers[1])
        ids["pending"] = azure.files.create(file=pending, purpose="batch").id
        before = read_all(servers[1], ids)
        for server in servers:
            server.kill()
    with process_serving(state_url) as server:
        assert read_all(server, ids) == before
        server.post(KEY, "/_mock/clock/advance", {"seconds": DAY})
        assert clients("groq", server).batches.retrieve(ids["running"]).status == "completed"
