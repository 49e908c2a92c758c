"""Whatever clients did to a world, its state can be put into another, which is then the same."""

import json
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mockbatch.clock import END
from mockbatch.limits import MAX_PACE, MIN_PACE
from mockbatch.scenarios import catalogue
from mockbatch.typing import Json
from mockbatch.web.app import create_app
from mockbatch.world.settings import ServerSettings, WorldSettings
from tests.support.bodies import BODIES, CHAT
from tests.support.examples import examples

START = 1_713_894_800
YEAR = 365 * 24 * 3600
FORMAT = {"format": "mockbatch state 1"}


class Player:
    """Sends requests to a world; what is refused is refused, and nothing is a 5xx."""

    def __init__(self, start_time: float = START) -> None:
        world = WorldSettings(clock="manual", start_time=start_time)
        self._client = create_app(ServerSettings(world=world)).test_client(use_cookies=False)
        self._files: list[str] = []
        self._endpoints: dict[str, str] = {}  # of the lines of each file
        self._batches: list[str] = []
        self._uploads: list[str] = []

    def call(self, method: str, path: str, body: Json = None, **options: Any) -> Json:
        """Send a request and return the JSON of its response."""
        options.setdefault("data", b"" if body is None else json.dumps(body))
        headers = {"Authorization": "Bearer sk-random-worlds", **options.pop("headers", {})}
        response = self._client.open(path, method=method, headers=headers, **options)
        assert response.status_code < 500, (method, path, body, response.text)
        return response.get_json(silent=True) or {}

    def state(self) -> Json:
        """Return the state of the world."""
        return self.call("GET", "/_mock/state")

    def play(self, step: tuple[str, int, int]) -> None:
        """Do one thing."""
        name, first, second = step
        STEPS[name](self, first, second)

    def upload(self, first: int, second: int) -> None:
        """Upload a file of lines for an endpoint, valid or not, that lives long or not."""
        data = _lines(first, second)
        purpose = ("batch", "batch", "batch", "user_data", "vision")[second % 5]
        lifetime = {} if first % 3 else {"seconds": "3600", "anchor": "created_at"}
        fields = {f"expires_after[{name}]": value for name, value in lifetime.items()}
        made = self._multipart("/v1/files", data, {"purpose": purpose, **fields})
        self._files.append(made.get("id", ""))
        self._endpoints[self._files[-1]] = _endpoint(first)

    def upload_in_parts(self, first: int, second: int) -> None:
        """Begin an upload, add parts to it, or end it."""
        if first % 3 == 0 or not self._uploads:
            body = {"filename": "f", "purpose": "batch", "bytes": 3, "mime_type": "text/jsonl"}
            self._uploads.append(self.call("POST", "/v1/uploads", body).get("id", ""))
            return
        path = f"/v1/uploads/{self._uploads[second % len(self._uploads)]}"
        if first % 3 == 1:
            part = self._multipart(f"{path}/parts", b"{}\n", {}, name="data").get("id", "")
            if second % 2:
                file = self.call("POST", f"{path}/complete", {"part_ids": [part]}).get("file")
                self._files.append((file or {}).get("id", ""))
        else:
            self.call("POST", f"{path}/cancel", {})

    def _multipart(self, path: str, data: bytes, fields: Json, name: str = "file") -> Json:
        parts = [
            f'--b\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
            for field, value in fields.items()
        ]
        head = f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="f"\r\n\r\n'
        body = "".join([*parts, head]).encode() + data + b"\r\n--b--\r\n"
        return self.call("POST", path, data=body, content_type="multipart/form-data; boundary=b")

    def create(self, first: int, second: int) -> None:
        """Create a batch in a scenario of the catalogue or of the world's own."""
        names = sorted(catalogue())
        scenario = {} if second % 4 == 0 else {"mockbatch_scenario": names[second % len(names)]}
        file = self._files[first % len(self._files)] if self._files else "file-x"
        body = {
            "input_file_id": file,
            "endpoint": _endpoint(0) if first % 9 == 0 else self._endpoints.get(file, ""),
            "completion_window": "24h",
            "metadata": (None, {}, {"a": "ü"}, scenario)[min(second, 3)],
        }
        self._batches.append(self.call("POST", "/v1/batches", body).get("id", ""))

    def command(self, first: int, second: int) -> None:
        """Do something to a batch."""
        if self._batches:
            verbs = ("cancel", "hold", "resume", "expire", "fail", "complete")
            verb = verbs[second % len(verbs)]
            id = self._batches[first % len(self._batches)]
            self.call("POST", f"/{'v1' if verb == 'cancel' else '_mock'}/batches/{id}/{verb}", {})

    def advance(self, first: int, second: int) -> None:
        """Move the clock by seconds, days or decades, or to what is next."""
        seconds = (0.25, 1, 31, 62, 61.5, 605, 86_400, 86_400 * 31, YEAR * 9, YEAR * 40)
        body = {"seconds": seconds[first % len(seconds)]} if second else {"next_event": True}
        self.call("POST", "/_mock/clock/advance", body)

    def delete(self, first: int, second: int) -> None:
        """Delete a file, or one that a batch has written."""
        files = self.call("GET", "/v1/files")["data"] if second % 2 else []
        ids = [file["id"] for file in files] or self._files
        if ids:
            self.call("DELETE", f"/v1/files/{ids[first % len(ids)]}")

    def script(self, first: int, second: int) -> None:
        """Script a reply, plan a fault, add or remove a webhook, or set quotas."""
        method, path, body = SETTINGS[(first + second) % len(SETTINGS)]
        self.call(method, path, body)

    def call_live(self, first: int, second: int) -> None:
        """Call an endpoint outside of a batch."""
        endpoint = _endpoint(first)
        bodies = BODIES[endpoint]
        self.call("POST", endpoint, bodies[second % len(bodies)])

    def begin_anew(self, first: int, second: int) -> None:
        """Reset the world with the most extreme settings, and once in a while."""
        if first % 4 == 0:
            pace = (MIN_PACE, MAX_PACE, 1, 60)[second % 4]
            self.call("POST", "/_mock/reset", {"pace": pace, "scenario": SLOWEST})
            self._files, self._batches, self._uploads = [], [], []


SLOWEST = {
    "name": "slowest",
    "summary": "-",
    "sees": "-",
    "stages": dict.fromkeys(("validating", "in_progress", "finalizing", "cancelling"), YEAR),
    "overdue": YEAR,
    "visible_after": YEAR,
    "output_seconds": YEAR,
    "webhook": {"delay": YEAR, "reverse": YEAR, "copies": 10},
    "enqueued_after": YEAR,
}
RULE = {"match": {"path": "/v1/batches*"}, "fault": {"status": 429}, "times": 1}
SETTINGS: list[tuple[str, str, Json]] = [
    ("POST", "/_mock/replies", {"match": {}, "reply": {"content": "Hi"}}),
    ("POST", "/_mock/replies", {"match": {"line": 1}, "reply": {"refusal": "No"}}),
    ("DELETE", "/_mock/replies", None),
    ("POST", "/_mock/faults", RULE),
    ("PUT", "/_mock/webhooks", {"url": "http://127.0.0.1:9/"}),
    ("POST", "/_mock/scenarios/active", {"name": "some_failed", "times": 1}),
    ("POST", "/_mock/scenarios/active", {"document": SLOWEST}),
    ("PUT", "/_mock/quotas", {"enqueued_tokens": {"*": 100}, "batches_per_hour": 3}),
    ("PUT", "/_mock/quotas", {}),
    ("POST", "/_mock/clock", {"mode": "on-poll"}),
    ("PUT", "/_mock/models", {"models": ["gpt-4o-mini"]}),
]
STEPS: dict[str, Callable[[Player, int, int], None]] = {
    "upload": Player.upload,
    "upload in parts": Player.upload_in_parts,
    "create": Player.create,
    "command": Player.command,
    "advance": Player.advance,
    "delete": Player.delete,
    "script": Player.script,
    "live": Player.call_live,
    "begin anew": Player.begin_anew,
}
OFTEN = ["upload", "create", "create", "create", "command", "command", "advance"]
HISTORIES = st.lists(
    st.tuples(st.sampled_from([*STEPS, *OFTEN]), st.integers(0, 40), st.integers(0, 80)),
    min_size=4,
    max_size=25,
)
STARTS = st.sampled_from([START, START, END - 100, END - 40 * 86_400, 0])


def _endpoint(number: int) -> str:
    return sorted(BODIES)[number // 2 % len(BODIES)] if number % 2 else CHAT


def _lines(first: int, second: int) -> bytes:
    """Return an input file: now and then a faulty one, and now and then with a faulty body."""
    if second % 9 == 0:
        return (b"{}\n", b'{"a": 1}\n{\n', bytes(range(256)), b"\n", b"")[first % 5]
    endpoint = _endpoint(first)
    usual = BODIES[endpoint][0]
    bodies = [usual, usual, {**usual, "temperature": "hot"}, usual, usual]
    lines = [
        {"custom_id": f"line-{number}", "method": "POST", "url": endpoint, "body": body}
        for number, body in enumerate(bodies[: second % 6 + 1])
    ]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


@examples(60, derandomize=True, database=None)
@given(STARTS, HISTORIES)
def test_state_of_any_world_can_be_put(start: float, history: list[tuple[str, int, int]]) -> None:
    """What GET gives, PUT takes, and the other world then gives the same."""
    player = Player(start)
    player.upload(first=0, second=5)
    for step in history:
        player.play(step)
    state, other = player.state(), Player()
    loaded = other.call("PUT", "/_mock/state", state)
    assert "error" not in loaded, loaded
    assert other.state() == state
