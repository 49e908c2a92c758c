"""A batch whose input file another server takes away while it is created."""

from typing import Any

import pytest

from mockbatch.world.batch_input import find_batch_input
from tests.world.shared.conftest import NewServer


def test_it_fails_as_one_without_its_input(
    new_server: NewServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is created, and its world can be listed and saved, also when it has ended."""
    # Even if it is validated at once.
    one, other = (new_server(pace=1_000_000) for _ in range(2))
    file_id = one.upload()
    other.get("/v1/files")
    answers = []

    def find_and_lose(*arguments: Any) -> Any:
        found = find_batch_input(*arguments)
        answers.append(other.call("DELETE", f"/v1/files/{file_id}"))
        return found

    with monkeypatch.context() as context:
        context.setattr("mockbatch.world.world.find_batch_input", find_and_lose)
        batch = one.create(file_id)
    assert [answer.status_code for answer in answers] == [200]
    missing = other.create("file-none")
    other.post("/_mock/clock/advance", {"seconds": 90_000})
    for server in (one, other, new_server()):
        assert len(server.get("/v1/batches")["data"]) == 2
        assert len(server.get("/_mock/state")["batches"]) == 2
        ended, usual = (server.get(f"/v1/batches/{made['id']}") for made in (batch, missing))
        assert ended["status"] == usual["status"] == "failed"
        [error], [expected] = ended["errors"]["data"], usual["errors"]["data"]
        assert error["code"] == expected["code"]
        assert error["message"] == expected["message"].replace("file-none", file_id)
