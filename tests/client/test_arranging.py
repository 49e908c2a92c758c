"""Batches in one call, and their results by custom_id."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from mockbatch import ControlError, EndedAs, MockBatch
from mockbatch.client import Batch, WorldClient

ERROR = {"message": "No.", "type": "invalid_request_error", "param": None, "code": "no"}
FAILURE = {"status_code": 400, "body": {"error": ERROR}}


def lines_of(world: WorldClient, batch: Batch) -> list[dict[str, Any]]:
    """Return the lines of a batch's input file."""
    text = world.client.files.content(batch.input_file_id).text
    return [json.loads(line) for line in text.split("\n")[:-1]]


class TestSubmit:
    """`mockbatch.submit`."""

    @pytest.mark.parametrize(
        ("request_", "expected"),
        [
            ("Hello", {"body": {"messages": [{"role": "user", "content": "Hello"}]}}),
            ({"model": "gpt-4o", "messages": []}, {"body": {"model": "gpt-4o", "messages": []}}),
            ({"custom_id": "a", "body": {"model": "m"}}, {"custom_id": "a"}),
            ({"body": {}, "method": "PUT", "url": "/v1/x"}, {"method": "PUT", "url": "/v1/x"}),
        ],
    )
    def test_fills_in_what_a_request_leaves_out(
        self, mockbatch: WorldClient, request_: Any, expected: Mapping[str, Any]
    ) -> None:
        """A text, a body, or a line; what it has stays."""
        batch = mockbatch.submit([request_], "/v1/chat/completions")
        [line] = lines_of(mockbatch, batch)
        line = {"custom_id": "0", "method": "POST", "url": "/v1/chat/completions", **line}
        if "model" not in expected.get("body", {}):
            line["body"].pop("model", None)
        assert line == {**line, **expected}

    @pytest.mark.parametrize(
        "endpoint",
        [
            "/v1/chat/completions",
            "/v1/completions",
            "/v1/embeddings",
            "/v1/moderations",
            "/v1/responses",
        ],
    )
    def test_text_fits_the_endpoint(self, mockbatch: WorldClient, endpoint: str) -> None:
        """Each of those that take a text runs it."""
        batch = mockbatch.completed_batch(["one", "two"], endpoint)
        results = mockbatch.results(batch)
        assert {custom_id: one.status_code for custom_id, one in results.items()} == {
            "0": 200,
            "1": 200,
        }

    def test_bytes_are_an_input_file(self, mockbatch: WorldClient) -> None:
        """The endpoint is that of its first line."""
        data = b'{"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {}}\n'
        batch = mockbatch.submit(data, metadata={"a": "b"})
        assert batch.data["endpoint"] == "/v1/embeddings"
        assert batch.data["metadata"] == {"a": "b"}
        assert mockbatch.client.files.content(batch.input_file_id).content == data

    def test_is_the_batch_that_clients_see(self, mockbatch: WorldClient) -> None:
        """With its id and status; verbs of the clock take it."""
        batch = mockbatch.submit(["Hello"])
        assert batch.status == "validating"
        mockbatch.clock.run_until(batch)
        assert mockbatch.client.batches.retrieve(batch.id).status == "completed"

    def test_invalid_line_fails_the_batch_later(self, mockbatch: WorldClient) -> None:
        """As it does when a client sends it."""
        batch = mockbatch.submit([{"body": {}}, {"custom_id": "1", "url": "/", "body": {}}])
        mockbatch.clock.run_until(batch, "failed")

    @pytest.mark.parametrize("requests", ["Hello", {"body": {}}])
    def test_one_request_is_no_list(self, mockbatch: WorldClient, requests: Any) -> None:
        """Each letter would be a request."""
        mockbatch.client.files.list()
        with pytest.raises(TypeError, match="takes a list of requests"):
            mockbatch.submit(requests)

    def test_text_for_another_endpoint_is_an_error(self, mockbatch: WorldClient) -> None:
        """It says what to give."""
        mockbatch.client.files.list()
        with pytest.raises(TypeError, match="give its body"):
            mockbatch.submit(["a cat"], "/v1/videos")

    def test_refusal_leaves_nothing_behind(self, mockbatch: WorldClient) -> None:
        """No file of a batch that was never made."""
        with pytest.raises(ControlError, match="Supported values are") as raised:
            mockbatch.submit([{"body": {}}], "/v1/shouts")
        assert raised.value.param == "endpoint"
        assert mockbatch.client.files.list().data == []

    def test_is_in_no_journal_and_meets_no_fault(self, mockbatch: WorldClient) -> None:
        """What a test arranges is not what the code under test does."""
        mockbatch.fault({}, {"status": 500}, times=None)
        batch = mockbatch.completed_batch()
        assert mockbatch.results(batch)
        assert mockbatch.requests == []

    def test_works_without_pytest(self) -> None:
        """Needs neither a client nor the package `openai`."""
        with MockBatch() as mock:
            assert mock.results(mock.completed_batch())["0"].text == "Mock reply to: Hello"


class TestCompletedBatch:
    """`mockbatch.completed_batch`."""

    def test_has_its_files(self, mockbatch: WorldClient) -> None:
        """The code under test can begin with the download."""
        mockbatch.reply("1", FAILURE)
        batch = mockbatch.completed_batch(["a", "b"])
        assert batch.status == "completed"
        for id in (batch.output_file_id, batch.error_file_id):
            assert mockbatch.client.files.content(str(id)).text

    @pytest.mark.mockbatch(scenario="expired_partial", fraction=0.5)
    def test_other_status_can_be_meant(self, mockbatch: WorldClient) -> None:
        """Without it, a batch that ends otherwise is an error."""
        batch = mockbatch.completed_batch(["a", "b"], status="expired")
        assert batch.status == "expired"
        with pytest.raises(EndedAs):
            mockbatch.completed_batch(["a", "b"])


class TestResults:
    """`mockbatch.results`."""

    def test_come_from_both_files(self, mockbatch: WorldClient) -> None:
        """Lines that succeeded, that failed and that never ran."""
        mockbatch.reply("1", FAILURE)
        mockbatch.reply("2", {"error": {"code": "batch_expired", "message": "Too late."}})
        results = mockbatch.results(mockbatch.completed_batch(["a", "b", "c"]))
        assert results["0"].text == "Mock reply to: a"
        assert (results["1"].status_code, results["1"].body) == (400, {"error": ERROR})
        assert results["1"].text is None
        assert results["2"].error == {"code": "batch_expired", "message": "Too late."}
        assert (results["2"].status_code, results["2"].body) == (None, None)

    @pytest.mark.parametrize(
        ("endpoint", "text"),
        [
            ("/v1/chat/completions", "Mock reply to: Hello"),
            ("/v1/completions", " Mock reply to: Hello"),
            ("/v1/responses", "Mock reply to: Hello"),
            ("/v1/embeddings", None),
        ],
    )
    def test_text_is_what_the_model_said(
        self, mockbatch: WorldClient, endpoint: str, text: str | None
    ) -> None:
        """Wherever the endpoint has it."""
        batch = mockbatch.completed_batch(["Hello"], endpoint)
        assert mockbatch.results(batch)["0"].text == text

    def test_of_an_unfinished_batch_are_none(self, mockbatch: WorldClient) -> None:
        """There are no files yet."""
        assert mockbatch.results(mockbatch.submit(["Hello"])) == {}
