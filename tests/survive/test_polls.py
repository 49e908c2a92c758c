"""How the server of a survey moves the clocks of programs that sleep."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from urllib.request import Request

import pytest

from mockbatch.clock import END
from mockbatch.survive.misfortunes import HAPPY, misfortune
from mockbatch.survive.server import SurveyServer

KEY = "sk-mockbatch-test"


@pytest.fixture
def server() -> Iterator[SurveyServer]:
    """Serve a world in which nothing goes wrong."""
    with SurveyServer() as server:
        server.open_world(KEY, misfortune(HAPPY))
        yield server


def advance(server: SurveyServer, seconds: float) -> dict[str, float]:
    """Move the clock as a shim does."""
    request = Request(
        f"{server.url}/_mock/clock/advance",
        json.dumps({"seconds": seconds}).encode(),
        {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        answer: dict[str, float] = json.load(response)
        return answer


def test_a_sleep_says_how_much_happened(server: SurveyServer) -> None:
    """And nothing else, as programs sleep thousands of times."""
    assert advance(server, 60) == {"event_count": 0}


def test_time_ends(server: SurveyServer) -> None:
    """A sleep beyond the last instant is refused in the words of the API."""
    with pytest.raises(urllib.error.HTTPError) as caught:
        advance(server, END)
    assert caught.value.code == 400
    with caught.value:
        assert "error" in json.load(caught.value)
