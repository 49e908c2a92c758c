"""The catalogue of faults, each with what it promises of the SDK."""

import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openai
import pytest

from mockbatch import faults
from mockbatch.client import WorldClient
from mockbatch.validation.schema import schema

if TYPE_CHECKING:
    from tests.conftest import Make

Act = Callable[[], Any]

NAMES = sorted(faults.presets())
CHAT = {"endpoint": "/v1/chat/completions", "completion_window": "24h"}
# Shorter than any delay of the catalogue; for those alone, as a busy machine may be late.
HASTY_SECONDS = 1  # much less than a delay, and enough for any other response


@pytest.fixture
def mock(
    make_mockbatch: Callable[..., WorldClient], monkeypatch: pytest.MonkeyPatch
) -> WorldClient:
    """Give a world of its own, and an SDK that waits for no retry."""
    monkeypatch.setattr("openai._base_client.time.sleep", lambda _: None)
    return make_mockbatch()


def acts(mock: WorldClient, data: bytes, client: openai.OpenAI | None = None) -> dict[str, Act]:
    """Return what a client does, by the names of the SDK, once a batch of its has completed."""
    client = client or mock.client
    file = mock.client.files.create(file=("in.jsonl", data), purpose="batch")
    batch = mock.client.batches.create(input_file_id=file.id, **CHAT)
    mock.clock.run_until(batch)
    output = mock.client.batches.retrieve(batch.id).output_file_id
    return {
        "batches.create": lambda: client.batches.create(input_file_id=file.id, **CHAT),
        "batches.list": lambda: list(client.batches.list()),
        "batches.retrieve": lambda: client.batches.retrieve(batch.id),
        "files.content": lambda: client.files.content(output),
        "files.create": lambda: client.files.create(file=("in.jsonl", data), purpose="batch"),
        "files.retrieve": lambda: client.files.retrieve(file.id),
    }


def client_of(mock: WorldClient, name: str) -> openai.OpenAI:
    """Return a client that a delay is too long for."""
    delays = "delay_ms" in faults.presets()[name]["fault"]
    return mock.client.with_options(timeout=HASTY_SECONDS) if delays else mock.client


def outcome(act: Act) -> str | None:
    """Return the name of the error that an act ends with, None for none."""
    try:
        act()
    except openai.OpenAIError as error:
        return type(error).__name__
    return None


def stream_file(client: openai.OpenAI, file: str) -> tuple[int, Exception | None]:
    """Return how much of a file could be streamed, and what stopped it."""
    read = 0
    try:
        with client.files.with_streaming_response.content(file) as response:
            for part in response.iter_bytes():
                read += len(part)
    except Exception as error:  # noqa: BLE001 - of which library it is, is the question
        return read, error
    return read, None


def test_the_catalogue_is_named_by_its_files() -> None:
    """Every preset has the name of its file."""
    folder = resources.files("mockbatch").joinpath("faults", "presets")
    files = [Path(entry.name) for entry in folder.iterdir()]
    assert sorted(path.stem for path in files if path.suffix == ".json") == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_preset_fits_the_schema(name: str) -> None:
    """A document of the catalogue is accepted by fault_preset.json, and makes a rule."""
    document = faults.presets()[name]
    assert schema("fault_preset").error(document) is None
    assert faults.rule({"preset": name}).name == name


@pytest.mark.parametrize("name", NAMES)
def test_every_preset_says_all_that_its_fault_does(name: str) -> None:
    """Defaults are written out, so that a document can be read by itself."""
    assert faults.rule({"preset": name}).fault.as_json() == faults.presets()[name]["fault"]


@pytest.mark.parametrize("name", NAMES)
def test_every_preset_does_to_the_sdk_what_it_says(
    mock: WorldClient, make: "Make", name: str
) -> None:
    """The requests that one call makes, and the error it ends with, are the measured ones."""
    measured = faults.presets()[name]["measured"]
    client = client_of(mock, name)
    act = acts(mock, make.jsonl(make.lines(2)), client)[measured["call"]]
    mock.fault(name)
    before = mock.request_count
    assert outcome(act) == measured["raises"]
    assert mock.request_count - before == measured["requests"]
    assert mock.requests[before].fault == name


@pytest.mark.parametrize("name", [name for name in NAMES if faults.presets()[name]["times"]])
def test_every_preset_that_ends_lets_the_next_call_through(
    mock: WorldClient, make: "Make", name: str
) -> None:
    """After its `times` requests, the same call meets nothing and succeeds."""
    document, data = faults.presets()[name], make.jsonl(make.lines(2))
    call = document["measured"]["call"]
    act, hasty = acts(mock, data)[call], acts(mock, data, client_of(mock, name))[call]
    mock.fault(name)
    while mock.faults[0].fired < document["times"]:
        outcome(hasty)
    before = mock.request_count
    assert outcome(act) is None
    assert {request.fault for request in mock.requests[before:]} == {None}


class TestEffects:
    """What single presets do beyond their counts."""

    def test_a_lost_answer_leaves_orphans(self, mock: WorldClient, make: "Make") -> None:
        """One create of the SDK makes three batches, of which it returns the last."""
        act = acts(mock, make.jsonl(make.lines(2)))["batches.create"]
        mock.fault("create_response_lost")
        created = act()
        listed = [batch.id for batch in mock.client.batches.list()]
        assert len(listed) == 1 + 3
        assert listed[0] == created.id

    def test_a_silent_truncation_looks_like_success(self, mock: WorldClient, make: "Make") -> None:
        """The client gets the first hundred bytes, which end within a line."""
        act = acts(mock, make.jsonl(make.lines(2)))["files.content"]
        whole = act().content
        mock.fault("download_truncated_silent")
        assert act().content == whole[:100]

    def test_a_range_is_ignored(self, mock: WorldClient, make: "Make") -> None:
        """Who asks for the rest of a file gets all of it, as a 200."""
        act = acts(mock, make.jsonl(make.lines(2)))["files.content"]
        whole = act().content
        mock.fault("no_range_resume")
        batch = mock.client.batches.list().data[0]
        answer = mock.client.files.with_raw_response.content(
            batch.output_file_id, extra_headers={"Range": "bytes=100-"}
        )
        assert (answer.status_code, answer.content) == (200, whole)

    def test_a_file_is_uploaded_before_it_is_processed(
        self, mock: WorldClient, make: "Make"
    ) -> None:
        """The upload and two looks say uploaded, the third look says processed."""
        mock.fault("file_processing")
        file = mock.client.files.create(
            file=("in.jsonl", make.jsonl(make.lines(1))), purpose="batch"
        )
        looks = [mock.client.files.retrieve(file.id).status for _ in range(3)]
        assert [file.status, *looks] == ["uploaded", "uploaded", "uploaded", "processed"]

    def test_waiting_for_a_file_ends(self, mock: WorldClient, make: "Make") -> None:
        """The SDK's own loop looks until the file is processed."""
        mock.fault("file_processing")
        file = mock.client.files.create(
            file=("in.jsonl", make.jsonl(make.lines(1))), purpose="batch"
        )
        assert mock.client.files.wait_for_processing(file.id).status == "processed"

    def test_waiting_for_a_file_with_an_error_ends_without_one(
        self, mock: WorldClient, make: "Make"
    ) -> None:
        """The SDK's own loop takes it for an end like any other."""
        mock.fault("file_error")
        file = mock.client.files.create(
            file=("in.jsonl", make.jsonl(make.lines(1))), purpose="batch"
        )
        assert mock.client.files.wait_for_processing(file.id).status == "error"

    def test_other_answers_about_files_stay_whole(self, mock: WorldClient, make: "Make") -> None:
        """A list, a download and a deletion are no File objects and are left alone."""
        file = mock.client.files.create(
            file=("in.jsonl", make.jsonl(make.lines(1))), purpose="batch"
        )
        mock.fault("file_processing", times=None)
        assert mock.client.files.list().to_dict().keys() >= {"object", "data", "has_more"}
        assert "status" not in mock.client.files.list().to_dict()
        assert mock.client.files.content(file.id).text == make.jsonl(make.lines(1)).decode()
        assert mock.client.files.delete(file.id).to_dict().keys() == {"id", "object", "deleted"}

    def test_an_expiry_is_not_shown(self, mock: WorldClient, make: "Make") -> None:
        """Neither the upload nor a later look shows the expiry that was requested."""
        mock.fault("expires_after_ignored")
        file = mock.client.files.create(
            file=("in.jsonl", make.jsonl(make.lines(1))),
            purpose="batch",
            expires_after={"anchor": "created_at", "seconds": 3600},
        )
        assert file.expires_at is None
        assert mock.client.files.retrieve(file.id).expires_at is None

    def test_an_empty_page_ends_the_list(self, mock: WorldClient, make: "Make") -> None:
        """The SDK's paging stops at it and misses all that comes after."""
        act = acts(mock, make.jsonl(make.lines(2)))["batches.list"]
        mock.fault("list_empty_page_has_more")
        assert act() == []
        assert len(act()) == 1

    def test_an_error_of_a_file_quota_has_no_type(self, mock: WorldClient, make: "Make") -> None:
        """What the SDK shows of it is a code and a message."""
        act = acts(mock, make.jsonl(make.lines(2)))["files.create"]
        mock.fault("file_quota")
        with pytest.raises(openai.BadRequestError) as error:
            act()
        assert (error.value.code, error.value.type, error.value.param) == (
            "quotaExceeded",
            None,
            None,
        )

    def test_a_page_of_a_proxy_is_a_body_of_text(self, mock: WorldClient) -> None:
        """The SDK's message has the status and nothing more."""
        mock.fault("proxy_html_error")
        with pytest.raises(openai.InternalServerError, match=r"^Error code: 502$") as error:
            mock.client.batches.list()
        assert str(error.value.body).startswith("<html>")

    @pytest.mark.parametrize(
        "name", ["download_reset", "download_truncated", "download_truncated_chunked"]
    )
    def test_a_cut_stream_is_not_retried(self, mock: WorldClient, make: "Make", name: str) -> None:
        """While it streams, the SDK raises the transport's own error, after one request."""
        acts(mock, make.jsonl(make.lines(2)))
        output = mock.client.batches.list().data[0].output_file_id
        mock.fault(name)
        before = mock.request_count
        read, error = stream_file(mock.client, output)
        assert error is not None
        assert not isinstance(error, openai.OpenAIError)
        assert (read, mock.request_count - before) == (100, 1)


def test_sources_are_addresses() -> None:
    """What a preset rests on can be looked up."""
    sources = [source for name in NAMES for source in faults.presets()[name]["sources"]]
    assert all(source.startswith("https://github.com/") for source in sources)


def test_presets_are_files_of_one_form() -> None:
    """Every document is written with two spaces and a line feed at its end."""
    folder = Path(faults.__file__).parent / "presets"
    for path in folder.glob("*.json"):
        text = path.read_text()
        assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"
