"""The limit of worlds, while other processes create worlds, too."""

import json
from pathlib import Path
from typing import Any

import pytest

from mockbatch.limits import Limits
from mockbatch.world.keys import StoredName
from mockbatch.world.shared.replica import Replica
from tests.support.caller import error_of
from tests.world.shared.conftest import KEY, NewServer, Server, contents_in

pytestmark = pytest.mark.usefixtures("removed_at_once")

REQUESTS: dict[str, tuple[str, str, Any]] = {
    "open": ("POST", "/_mock/clock/advance", {"seconds": 1}),
    "create": ("POST", "/_mock/reset", {}),
}


def lead(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a server create a world just before the next one that another server creates."""
    create = Replica.create

    def create_late(replica: Replica) -> bool:
        monkeypatch.setattr(Replica, "create", create)
        headers = {"Authorization": "Bearer sk-of-the-first-world"}
        assert server.client.post("/_mock/reset", headers=headers).status_code == 200
        return create(replica)

    monkeypatch.setattr(Replica, "create", create_late)


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_it_holds_for_all_processes_together(
    new_server: NewServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    request_: tuple[str, str, Any],
) -> None:
    """A world that another process creates at the last moment takes the room, until it goes."""
    one, other = (new_server(limits=Limits(worlds=1)) for _ in range(2))
    lead(other, monkeypatch)
    refused = one.call(*request_)
    assert error_of(refused) == (429, "too_many_worlds", None)
    assert refused.headers["x-should-retry"] == "false"
    names = [path.name for path in (tmp_path / "state.db-locks").iterdir()]
    assert not [name for name in names if name.startswith(StoredName.of(KEY))]
    assert one.get("/v1/files")["data"] == []
    headers = {"Authorization": "Bearer sk-of-the-first-world"}
    assert one.client.delete("/_mock/state", headers=headers).status_code == 200
    assert one.call(*request_).status_code == 200


def test_a_world_that_is_refused_leaves_no_content(
    new_server: NewServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It had files of `--load`, which were kept before it was refused."""
    first = new_server()
    first.upload()
    path = tmp_path / "start.json"
    path.write_text(json.dumps(first.get("/_mock/state")))
    assert first.call("DELETE", "/_mock/state").status_code == 200
    one = new_server(load=path, limits=Limits(worlds=1))
    lead(first, monkeypatch)
    refused = one.call("POST", "/_mock/clock/advance", {"seconds": 1})
    assert error_of(refused) == (429, "too_many_worlds", None)
    assert contents_in(tmp_path) == []
